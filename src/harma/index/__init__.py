"""The index: chips of scenes with embeddings, places and dates; built, kept up, searched."""
