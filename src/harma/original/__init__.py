"""Everything of the original HarMA: its checkpoints, the names in them, its configs and dual encoders."""
