"""Curation of data sets: check, audit, convert, count, split, download, collect words."""
