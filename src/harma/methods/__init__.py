"""How a backbone is adapted: HarMA's adapters and their peers, a file each, and their table."""
