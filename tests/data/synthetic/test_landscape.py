"""What is in a landscape."""

import numpy as np
import pytest

from harma.data.synthetic.landscape import (
    CLEARANCES,
    LEAST_CELLS,
    NEW_PARTS,
    PARTS,
    SHARES,
    make_landscape,
)
from harma.data.synthetic.scenes import OBJECT_KINDS, QUARTERS


def middle(plot):
    return (
        plot.corner[0] + (0.75 if "east" in plot.group.quarter else 0.25),
        plot.corner[1] + (0.75 if "south" in plot.group.quarter else 0.25),
    )


def kinds(plots):
    return {plot.group.kind for plot in plots}


def test_the_same_seed_gives_the_same_landscape():
    assert make_landscape(3) == make_landscape(3)
    assert make_landscape(3) != make_landscape(4)


def test_tables_fit_together():
    assert PARTS.keys() == SHARES.keys()
    assert set(NEW_PARTS) <= PARTS.keys()
    assert set().union(*PARTS.values()) == set(OBJECT_KINDS)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cells", [LEAST_CELLS, 9])
def test_nothing_stands_on_a_line(seed, cells):
    landscape = make_landscape(seed, cells=cells)
    assert {course.kind for course in landscape.courses} == set(CLEARANCES)
    for plot in landscape.plots:
        assert plot.group.quarter in QUARTERS
        for course in landscape.courses:
            distances = np.hypot(*(np.array(course.points) - middle(plot)).T)
            assert distances.min() >= CLEARANCES[course.kind]


def test_ships_are_at_sea_and_all_else_on_land():
    landscape = make_landscape(0)
    (coast,) = [course for course in landscape.courses if course.kind == "coast"]
    xs, ys = np.array(coast.points).T
    for plot in landscape.plots:
        x, y = middle(plot)
        assert (plot.group.kind == "ship") == (x < np.interp(y, ys, xs))
    assert "ship" in kinds(landscape.plots)
    inland = make_landscape(0, coast=False)
    assert "ship" not in kinds(inland.plots)
    assert "coast" not in {course.kind for course in inland.courses}


def test_what_is_built_in_between_is_an_estate_and_a_solar_park():
    landscape = make_landscape(1)
    new = [plot for plot in landscape.plots if plot.is_new]
    assert 10 < len(new) < len(landscape.plots) / 2
    assert sum(plot.group.kind == "solar panel" for plot in new) > 4
    assert sum(plot.group.color == "red" and plot.group.count == 4 for plot in new) > 4
