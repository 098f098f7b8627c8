"""Data sets in small, as the tests of `data` make them, and one with everything wrong."""

import pytest
from tests.data.conftest import harma, root, row, small

__all__ = ["broken", "harma", "root", "row", "small"]


@pytest.fixture
def broken(small, row):
    """Everything that can be wrong, once."""
    images = small.path / "images"
    small.json(
        "train.json",
        [
            row("a.png", 7, "A river."),
            row("b.png", 3, "."),
            row("b.png", 3, ["x"]),
            row("b.png", 7, "x"),
            row("empty.png", 8, None),
            row("cut.png", 9, "x"),
            row("text.jpg", 10, "x"),
            row("gone.png", 11, "x"),
            row("../out.png", 12, "x"),
            "text",
            row("good.png", 13, "x"),
            row("good.png", 13, "y"),
        ],
    )
    small.json(
        "val.json", [{"image": "c.png", "caption": ["x"]}, {"image": "a.png", "caption": ["y"]}]
    )
    small.text("test.json", "[")
    (images / "empty.png").write_bytes(b"")
    (images / "cut.png").write_bytes((images / "a.png").read_bytes()[:-30])
    (images / "text.jpg").write_text("hello")
    small.image("good.png")
    return small
