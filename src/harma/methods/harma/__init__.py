"""The method HarMA: gated adapters in every block of both towers, some of them shared (SPEC 1)."""
