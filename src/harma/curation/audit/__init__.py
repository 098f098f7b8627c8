"""Audit of data sets: what occurs twice, within and across splits."""
