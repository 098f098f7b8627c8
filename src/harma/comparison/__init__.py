"""Comparison: many runs of several methods, one table."""
