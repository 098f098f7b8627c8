"""Saved searches: marks on their hits, watches over them, events that watches found."""
