"""The index: chips of scenes with embeddings, places and dates in a Lance table; built, kept up to date, searched."""
