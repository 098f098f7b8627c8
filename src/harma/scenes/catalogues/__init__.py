"""Catalogues of imagery (STAC): items, collections, tables and services as lists of sources."""
