"""Outlines across the dateline and over poles."""

import numpy as np
import pytest

from harma.errors import DataError
from harma.scenes.outline import POINTS_PER_EDGE, PixelBox, densified, geometry_of


def area(geometry):
    return round(geometry.area, 6)


def test_a_plain_ring_stays_as_it_is():
    ring = np.array([(3, 50), (4, 50), (4, 49), (3, 49)])
    geometry = geometry_of(ring, holds_north=False, holds_south=False)
    assert geometry.bounds == (3, 49, 4, 50)
    assert area(geometry) == 1


@pytest.mark.parametrize("east", [-179.0, 181.0])
def test_a_ring_across_the_dateline_is_parted(east):
    ring = np.array([(178, 1), (east, 1), (east, -1), (178, -1)])
    geometry = geometry_of(ring, holds_north=False, holds_south=False)
    assert geometry.geom_type == "MultiPolygon"
    # Between its points an edge is the shortest way on the globe, which is no parallel.
    west, east = sorted(part.bounds for part in geometry.geoms)
    assert west == pytest.approx((-180, -1, -179, 1), abs=1e-3)
    assert east == pytest.approx((178, -1, 180, 1), abs=1e-3)


def test_just_half_the_world_wide_does_not_cross():
    ring = np.array([(-90, 1), (90, 1), (90, -1), (-90, -1)])
    geometry = geometry_of(ring, holds_north=False, holds_south=False)
    assert geometry.bounds == (-90, -1, 90, 1)
    ring[1:3, 0] = 91
    geometry = geometry_of(ring, holds_north=False, holds_south=False)
    assert geometry.geom_type == "MultiPolygon"


@pytest.mark.parametrize(("north", "south"), [(True, False), (False, True)])
def test_a_ring_around_a_pole_reaches_it(north, south):
    latitude = 80 if north else -80
    longitudes = [0, 90, 180, -90] if south else [0, -90, 180, 90]
    ring = np.array([(longitude, latitude) for longitude in longitudes], dtype=float)
    geometry = geometry_of(ring, holds_north=north, holds_south=south)
    low, high = (80, 90) if north else (-90, -80)
    assert geometry.bounds == (-180, low, 180, high)
    assert geometry.is_valid


def test_a_ring_that_crosses_itself_is_made_valid():
    ring = np.array([(0, 0), (1, 1), (1, 0), (0, 1)])
    geometry = geometry_of(ring, holds_north=False, holds_south=False)
    assert geometry.is_valid
    assert area(geometry) == 0.5


def test_a_ring_of_two_points_is_none():
    with pytest.raises(DataError, match="its outline .* cannot be drawn"):
        geometry_of(np.array([(0, 0), (1, 1)]), holds_north=False, holds_south=False)


def test_points_on_edges():
    points = densified([(0, 0), (16, 0), (16, 8)])
    assert len(points) == 3 * POINTS_PER_EDGE
    assert points[:2] == [(0, 0), (1, 0)]
    assert points[POINTS_PER_EDGE + 2] == (16, 1)
    assert points[-1] == (1, 0.5)


BOX = PixelBox(10, 20, 30, 40)


def test_corners_and_rims():
    assert BOX.corners == [(10, 20), (30, 20), (30, 40), (10, 40)]
    assert BOX.shrunk(1) == (11, 21, 29, 39)


@pytest.mark.parametrize(
    ("point", "holds", "passes"),
    [
        ((20, 30), True, False),
        ((10, 20), True, True),
        ((30, 40), True, True),
        ((20, 20.005), True, True),
        ((20, 20.02), True, False),
        ((9.995, 30), False, True),
        ((9.98, 30), False, False),
        ((20, 40.005), False, True),
        ((30.02, 30), False, False),
        ((29.995, 30), True, True),
    ],
)
def test_points_at_the_outline(point, holds, passes):
    assert BOX.holds(point) is holds
    assert BOX.passes(point) is passes
