import numpy as np
import pytest

from harma.data.synthetic.canvas import Canvas, ellipse, moved, rectangle
from harma.data.synthetic.materials import MATERIAL_INDEX


def test_corners_of_a_rectangle():
    assert rectangle((0.5, 0.5), 0.4, 0.2) == [
        pytest.approx(corner) for corner in ((0.3, 0.4), (0.7, 0.4), (0.7, 0.6), (0.3, 0.6))
    ]
    turned = rectangle((0.5, 0.5), 0.4, 0.2, np.pi / 2)
    # A quarter turn, right to down: what was top left is top right.
    assert turned[0] == pytest.approx((0.6, 0.3))


def test_points_of_an_ellipse():
    points = np.array(ellipse((0.5, 0.5), 0.4, 0.2)) - 0.5
    assert len(points) == 24
    assert np.allclose((points[:, 0] / 0.2) ** 2 + (points[:, 1] / 0.1) ** 2, 1)


def test_moving_along_and_across():
    assert moved((0.5, 0.5), 0.1, 0.2, 0) == pytest.approx((0.6, 0.7))
    assert moved((0.5, 0.5), 0.1, 0.2, np.pi / 2) == pytest.approx((0.3, 0.6))


def test_an_area_takes_the_place_of_what_was_there_and_its_shadow():
    canvas = Canvas(100, sun=(1, 0))
    square = [(0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.2, 0.4)]
    canvas.shadow(square, 0.5)
    labels, shade = canvas.arrays()
    # It falls to the right, without gaps, for half of the canvas beyond the square.
    assert shade[30, 25:89].min() == 1
    assert shade[30, :20].max() == 0
    assert shade[30, 92:].max() == 0
    assert shade[:18].max() == shade[43:].max() == 0
    canvas.area(square, "water", shade=0.4)
    labels, shade = canvas.arrays()
    assert labels[30, 30] == MATERIAL_INDEX["water"]
    assert shade[30, 30] == pytest.approx(0.4)
    assert shade[30, 70] == 1


def test_what_is_drawn_on_a_part_appears_in_its_place():
    whole = Canvas(40, (0.5, 0.5))
    part = whole.part((0.5, 0.25), 0.5)
    assert part.size == 20
    part.shadow(rectangle((0.5, 0.5), 0.2, 0.2), 0.3)
    part.area(rectangle((0.5, 0.5), 0.2, 0.2), "red")
    labels, shade = whole.arrays()
    rows, columns = np.nonzero(labels == MATERIAL_INDEX["red"])
    # The middle of the part: 0.75 across and 0.5 down.
    assert (columns.mean(), rows.mean()) == pytest.approx((30, 20), abs=0.6)
    assert shade[24, 34] == 1
    assert whole.part((0, 0), 1)._pixels([(0.5, 0.5)]) == [(20, 20)]
    # A part of a part.
    assert part.part((0.5, 0.5), 0.5)._pixels([(0, 0)]) == [(30, 20)]
