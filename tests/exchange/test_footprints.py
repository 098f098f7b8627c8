"""Footprints of other programs, to valid ones in WGS84."""

import numpy as np
import pyproj
import pytest
import shapely

from harma.errors import DataError
from harma.exchange.footprints import checked, to_wgs84


def described(crs):
    return {"crs": pyproj.CRS(crs).to_json_dict()}


def array(*footprints):
    return np.array(footprints, dtype=object)


def test_corners_are_where_pyproj_has_them_longitude_first():
    square = shapely.box(500_000, 5_600_000, 501_000, 5_602_000)
    (turned,) = to_wgs84(described("EPSG:32631"), "f")(array(square))
    transformer = pyproj.Transformer.from_crs(32631, 4326, always_xy=True)
    expected = [transformer.transform(*corner) for corner in square.exterior.coords]
    np.testing.assert_allclose(turned.exterior.coords, expected, atol=1e-9)
    assert turned.bounds[0] == pytest.approx(3, abs=1e-6)


def test_the_order_of_an_authority_does_not_count():
    # EPSG has latitude first in both; files have longitude first whatever it says.
    (turned,) = to_wgs84(described("EPSG:4258"), "f")(array(shapely.box(3, 50, 4, 52)))
    assert turned.bounds == pytest.approx((3, 50, 4, 52), abs=1e-5)


@pytest.mark.parametrize("crs", ["EPSG:4326", "OGC:CRS84", None])
def test_wgs84_only_loses_its_heights(crs):
    where = {} if crs is None else described(crs)
    points = array(shapely.Point(3, 50, 7), None)
    flat = to_wgs84(where, "f")(points)
    assert flat[0].equals(shapely.Point(3, 50))
    assert not flat[0].has_z
    assert flat[1] is None


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        (None, "f: its coordinate reference system is unknown"),
        ("EPSG:0", "f: its coordinate reference system is not understood"),
        ("IAU_2015:49900", r"f: its coordinate reference system \(.*\) has no place on Earth"),
    ],
)
def test_systems_that_are_refused(crs, message):
    with pytest.raises(DataError, match=message):
        to_wgs84({"crs": crs}, "f")


def test_what_crosses_the_180th_meridian_is_cut_there():
    # EPSG:3832 has its middle at 150° east; 180° lies at x = 3,339,585 m.
    square = shapely.box(3_330_000, -1_910_000, 3_350_000, -1_900_000)
    (turned,) = to_wgs84(described("EPSG:3832"), "f")(array(square))
    assert turned.geom_type == "MultiPolygon"
    assert {round(part.bounds[0]) for part in turned.geoms} == {180, -180}
    assert turned.area < 0.1


def test_empty_ones_become_none_in_an_array_of_its_own():
    given = array(shapely.box(0, 0, 1, 1), shapely.Polygon(), None)
    result = checked(given, 0, "f")
    assert [footprint is None for footprint in result] == [False, True, True]
    assert given[1] is not None


@pytest.mark.parametrize(
    ("footprint", "message"),
    [
        (shapely.box(0, 0, 180.5, 1), r"f, row 41: the geometry reaches from \[0.0, 0.0\]"),
        (shapely.box(0, -90.5, 1, 1), "f, row 41: the geometry reaches .* latitudes"),
        (shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]), "f, row 41: .* not valid .*Self"),
    ],
)
def test_the_row_that_cannot_be_used_is_named(footprint, message):
    with pytest.raises(DataError, match=message):
        checked(array(shapely.box(-180, -90, 180, 90), footprint), 40, "f")
