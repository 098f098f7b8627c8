"""What contact sheets share."""

import base64
import math
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from harma.ground.drawing import data_uri, sheet_font, write_line


class Written(ImageDraw.ImageDraw):
    """A drawing that notes what is written on it."""

    def text(self, xy, text, *args, **kwargs):
        self.line_written = (xy, text)
        super().text(xy, text, *args, **kwargs)


@pytest.fixture
def draw():
    return Written(Image.new("RGB", (400, 20), "white"))


@pytest.mark.parametrize(
    ("text", "letters", "expected"),
    [
        ("abc\n def", 7, "abc def"),
        ("abcdefghij", 10, "abcdefghij"),
        ("abcdefghij", 7, "abc…hij"),
        ("abcdefghij", 6, "abc…ij"),
        ("abcdefghij", 0, "a…"),
    ],
)
def test_what_is_too_long_loses_its_middle(draw, text, letters, expected):
    font = sheet_font(12, "Mono")  # every letter is as wide as the next
    width = math.ceil(letters * draw.textlength("a", font))
    write_line(draw, (3, 4), text, "black", font, width)
    assert draw.line_written == ((3, 4), expected)


def test_a_picture_inside_html():
    pixels = np.full((8, 12, 3), 120, dtype=np.uint8)
    kind, _, text = data_uri(Image.fromarray(pixels)).partition(",")
    assert kind == "data:image/jpeg;base64"
    inside = Image.open(BytesIO(base64.b64decode(text)))
    assert (inside.format, inside.size) == ("JPEG", (12, 8))
    assert np.abs(np.asarray(inside).astype(int) - 120).max() <= 2


def test_what_just_fits_is_not_cut(draw):
    font = sheet_font(12, "Mono")
    width = draw.textlength("abcdefghij", font)
    write_line(draw, (0, 0), "abcdefghij", "black", font, width)
    assert draw.line_written[1] == "abcdefghij"
    write_line(draw, (0, 0), "abcdefghij", "black", font, width - 0.1)
    assert draw.line_written[1] == "abcd…ghij"
    write_line(draw, (0, 0), "a", "black", font, 0)
    assert draw.line_written[1] == "a"


def test_the_fonts_of_sheets():
    assert sheet_font(12).getname() == ("DejaVu Sans", "Book")
    assert sheet_font(20, "-Bold").getname() == ("DejaVu Sans", "Bold")
    assert sheet_font(20).size == 20
