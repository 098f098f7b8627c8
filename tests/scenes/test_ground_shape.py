"""Chips as wide as high."""

import numpy as np
import pytest

from harma.scenes.ground_shape import on_the_ground, with_square_pixels
from harma.scenes.place import PixelSize
from harma.scenes.scene import SceneFacts
from harma.scenes.windows import Tiling


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        (PixelSize(1, 2), (8, 6)),
        (PixelSize(2, 1), (4, 12)),
        (PixelSize(1, 1), (4, 6)),
        (PixelSize(1, 1.005), (4, 6)),
        (PixelSize(0.5, 0.75), (6, 6)),
    ],
)
def test_pictures_with_square_pixels(size, shape):
    picture = np.zeros((4, 6, 3), dtype=np.uint8)
    picture[:2] = 200
    shown = with_square_pixels(picture, size)
    assert shown.shape[:2] == shape
    assert (shown[0] == 200).all()
    assert (shown[-1] == 0).all()


@pytest.mark.parametrize(
    ("tiling", "size", "shape"),
    [
        (Tiling(size=None, size_m=60.0), PixelSize(1, 2), (8, 6)),
        (Tiling(size=4), PixelSize(1, 2), (4, 6)),
        (Tiling(size=None), PixelSize(1, 2), (4, 6)),
        (Tiling(size=None, size_m=60.0), None, (4, 6)),
    ],
)
def test_only_chips_of_metres_change_their_shape(tiling, size, shape):
    facts = SceneFacts("a.tif", 9, 9, "", None, None, (1,), "", "", pixel_size=size)
    picture = np.zeros((4, 6, 3), dtype=np.uint8)
    assert on_the_ground(picture, tiling, facts).shape[:2] == shape
