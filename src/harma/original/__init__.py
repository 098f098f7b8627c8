"""Everything of the original HarMA: its checkpoints and their names, its configs, dual encoders."""
