"""What a search finds of what is there, on pictures whose labels are known."""
