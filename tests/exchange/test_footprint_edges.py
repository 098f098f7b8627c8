"""Footprints of other programs, in WGS84."""

import numpy as np
import pytest
import shapely

from harma.errors import DataError
from harma.exchange.footprints import checked, to_wgs84


def array(*footprints):
    values = np.empty(len(footprints), dtype=object)
    values[:] = footprints
    return values


def test_footprints_may_reach_the_ends_of_the_world():
    world = shapely.box(-180, -90, 180, 90)
    kept = checked(array(world, None, shapely.Polygon()), 0, "a.parquet")
    assert kept.tolist() == [world, None, None]


@pytest.mark.parametrize(
    "bounds", [(-180.1, 0, 1, 1), (0, -90.1, 1, 1), (0, 0, 180.1, 1), (0, 0, 1, 90.1)]
)
def test_the_first_row_beyond_them_is_named(bounds):
    inside, beyond = shapely.box(0, 0, 1, 1), shapely.box(*bounds)
    with pytest.raises(DataError, match=r"a.parquet, row 72: the geometry reaches from \["):
        checked(array(inside, None, beyond, beyond), 70, "a.parquet")


def test_the_first_row_that_is_not_valid_is_named():
    inside, crossed = shapely.box(0, 0, 1, 1), shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    with pytest.raises(DataError, match="a.parquet, row 12: the geometry is not valid"):
        checked(array(inside, None, crossed, inside), 10, "a.parquet")


def test_what_is_given_stays_as_it_was():
    given = array(shapely.Polygon())
    checked(given, 0, "a.parquet")
    assert given[0] is not None


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        (None, "a.parquet: its coordinate reference system is unknown"),
        ("nonsense", "a.parquet: its coordinate reference system is not understood"),
        ({"type": "nonsense"}, "is not understood"),
        ("ESRI:104905", "has no place on Earth"),
        ('LOCAL_CS["here",UNIT["metre",1]]', "has no place on Earth"),
    ],
)
def test_reference_systems_that_say_no_place(crs, message):
    with pytest.raises(DataError, match=message):
        to_wgs84({"crs": crs}, "a.parquet")


@pytest.mark.parametrize("described", [{}, {"crs": "EPSG:4326"}, {"crs": "OGC:CRS84"}])
def test_longitudes_and_latitudes_stay_in_their_order(described):
    turn = to_wgs84(described, "a.parquet")
    turned = turn(array(shapely.box(4, 50, 5, 51), None, shapely.box(-179, 0, 179, 1)))
    assert shapely.bounds(turned[0]).tolist() == [4, 50, 5, 51]
    assert turned[1] is None
    assert turned[2].geom_type == "Polygon", "wide as it is, it was not torn apart here"


def test_what_a_projection_tears_apart_at_the_180th_meridian_is_cut_there():
    turn = to_wgs84({"crs": "EPSG:3832"}, "a.parquet")
    east = shapely.box(3_330_000, -1_910_000, 3_350_000, -1_900_000)
    west = shapely.box(0, 0, 20_000, 10_000)
    points = shapely.MultiPoint([(3_330_000, 0), (3_350_000, 0)])
    one, both, plain, loose, none = turn(
        array(east, shapely.MultiPolygon([east]), west, points, None)
    )
    for cut in (one, both):
        assert cut.geom_type == "MultiPolygon"
        assert cut.area < 1
        assert (cut.bounds[0], cut.bounds[2]) == (-180, 180)
    assert plain.bounds == pytest.approx((150, 0, 150.18, 0.09), abs=0.01)
    assert loose.geom_type == "MultiPoint"
    assert none is None
