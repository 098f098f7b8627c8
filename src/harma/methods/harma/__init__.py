"""The method HarMA: gated adapters in every block of two towers, some shared between the towers (SPEC 1)."""
