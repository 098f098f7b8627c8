"""How much marks help a search: a simulated person marks hits, several rules learn from them."""
