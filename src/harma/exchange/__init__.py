"""Exchange with other programs: GeoParquet of an index and of hits, foreign embeddings, sheets."""
