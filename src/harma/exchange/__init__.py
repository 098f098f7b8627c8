"""Exchange with other programs: embeddings that they made, contact sheets of hits."""
