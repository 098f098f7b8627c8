"""Data sets in small, as the tests of `data` make them."""

from tests.data.conftest import harma, root, row, small

__all__ = ["harma", "root", "row", "small"]
