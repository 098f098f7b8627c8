"""Contact sheets: what a search found, as people look at it."""
