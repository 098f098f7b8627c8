"""Storage: where an index and its files lie, a folder of this machine or a bucket."""
