"""How a backbone is adapted: HarMA's adapters and their peers, a small file each, and the table of them."""
