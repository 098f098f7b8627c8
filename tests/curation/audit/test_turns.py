import numpy as np
import pytest
from PIL import Image, ImageOps

from harma.curation.audit.turns import TURN_NAMES, TURNS, turned, turned_box


def test_every_turn_has_a_name():
    assert len(TURNS) == 8
    assert len(set(TURN_NAMES.values())) == 8
    assert TURN_NAMES[False, False, False] == ""


# Pillow turns counter-clockwise.
BY_PILLOW = {
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "turned 180°": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "turned 90°": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "turned 270°": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "transposed": lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    "transposed the other way": lambda image: image.transpose(Image.Transpose.TRANSVERSE),
}


@pytest.mark.parametrize("turn", TURNS[1:])
def test_names_say_what_is_done(turn):
    picture = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    expected = BY_PILLOW[TURN_NAMES[turn]](Image.fromarray(picture[0]))
    assert np.array_equal(turned(picture, turn)[0], np.asarray(expected))


@pytest.mark.parametrize("turn", TURNS)
def test_a_box_goes_along_with_its_picture(turn):
    box = (0.1, 0.4, 0.5, 0.8)
    top, bottom, left, right = box
    picture = np.zeros((1, 10, 10), np.uint8)
    picture[0, round(10 * top) : round(10 * bottom), round(10 * left) : round(10 * right)] = 1
    rows, columns = np.nonzero(turned(picture, turn)[0])
    edges = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
    assert turned_box(box, turn) == pytest.approx([edge / 10 for edge in edges])
