"""Exchange with other programs: an index to GeoParquet and back, hits to GeoParquet, foreign embeddings."""
