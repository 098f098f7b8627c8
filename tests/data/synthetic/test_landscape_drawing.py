"""Pictures of landscapes."""

import numpy as np
import pytest

from harma.data.synthetic import LOOKS, Group, Look
from harma.data.synthetic.landscape import Course, Landscape, Plot, make_landscape
from harma.data.synthetic.landscape_drawing import draw_landscape

QUIET = Look(noise=0.0)
CELL = 16
ROAD = Course("road", tuple((2.0, y / 4) for y in range(-1, 18)))
RIVER = Course("river", tuple((x / 4, 2.0) for x in range(-1, 18)))
COAST = Course("coast", tuple((1.0, y / 4) for y in range(-1, 18)))
HOUSES = Group("house", 4, "red", "north west")


def drawn(*courses, plots=(), is_later=True, look=QUIET):
    landscape = Landscape(4, tuple(courses), tuple(plots), seed=5)
    return draw_landscape(landscape, look, CELL, is_later=is_later).astype(int)


def test_size_and_type():
    picture = draw_landscape(make_landscape(0), LOOKS["drought"], CELL, is_later=True)
    assert picture.shape == (8 * CELL, 8 * CELL, 3)
    assert picture.dtype == np.uint8


def test_lines_are_drawn_where_they_run():
    empty, road, river = drawn(), drawn(ROAD), drawn(RIVER)
    changed = np.abs(road - empty).sum(axis=2) > 60
    assert changed[:, 2 * CELL].mean() > 0.9
    assert not changed[:, : 2 * CELL - 4].any()
    # Water is blue.
    assert (river[2 * CELL, :, 2] > river[2 * CELL, :, 0]).all()


def test_the_sea_lies_in_the_west_and_a_bridge_leads_over_the_river():
    sea = drawn(COAST)
    assert (sea[:, : CELL - 4, 2] > sea[:, : CELL - 4, 0]).all()
    assert (sea[:, CELL + 6 :, 2] < sea[:, CELL + 6 :, 0]).mean() > 0.95
    bridge = drawn(RIVER, ROAD)[2 * CELL, 2 * CELL]
    assert bridge[2] < 1.3 * bridge[0], "asphalt, not water"


@pytest.mark.parametrize("is_later", [False, True])
def test_what_is_new_is_in_the_later_picture_only(is_later):
    empty = drawn(is_later=is_later)
    built = drawn(plots=[Plot(HOUSES, (1.0, 2.0), is_new=True)], is_later=is_later)
    old = drawn(plots=[Plot(HOUSES, (1.0, 2.0), is_new=False)], is_later=is_later)
    assert (built != empty).any() == is_later
    rows, columns = np.nonzero((old != empty).any(axis=2))
    # In the north west of the cell whose upper left is at column 1, row 2; shadows fall further.
    assert CELL <= columns.min() <= columns.max() < 1.7 * CELL
    assert 2 * CELL <= rows.min() <= rows.max() < 2.7 * CELL


def test_only_the_sensor_s_noise_differs_where_nothing_was_built():
    assert (drawn(ROAD, is_later=False) == drawn(ROAD, is_later=True)).all()
    noisy = [drawn(ROAD, is_later=later, look=Look(noise=0.02)) for later in (False, True)]
    difference = np.abs(noisy[0] - noisy[1])
    assert 0 < difference.mean() < 12
