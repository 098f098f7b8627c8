"""Areas in coordinate reference systems: bent edges, the 180th meridian, poles, points by points.

What is right is asked of pyproj for each point: whether it lies in the polygon as it was drawn.
"""

import numpy as np
import pyproj
import pytest
import shapely
from shapely.geometry import box

from harma.errors import QueryError
from harma.index.area_crs import named_crs, to_wgs84, unless_wgs84

HOLED = shapely.Polygon(
    box(-2e6, -2e6, 2e6, 2e6).exterior, [box(-5e5, -5e5, 5e5, 5e5).exterior.coords[::-1]]
)
AREAS = {
    "UTM": (32631, box(400_000, 5_600_000, 600_000, 5_800_000)),
    "a wide one, of bent edges": (3035, box(3e6, 2e6, 5e6, 4e6)),
    "across the 180th meridian": (3832, box(2.5e6, -3e6, 4.5e6, -1e6)),
    "Fiji": (3460, box(1.7e6, 3.7e6, 2.4e6, 4.1e6)),
    "UTM 60 beyond its zone": (32760, box(600_000, 8_000_000, 1_100_000, 8_300_000)),
    "north pole": (3413, box(-1e6, -1e6, 1e6, 1e6)),
    "south pole, with a hole around it": (3031, HOLED),
    "beside the south pole": (3031, box(3e5, 3e5, 1e6, 1e6)),
    "degrees of another datum": (4267, box(-100, 30, -80, 45)),
    "half of the world in degrees": (4258, box(-120, -10, 120, 30)),
    "feet": (2263, box(900_000, 100_000, 1_100_000, 300_000)),
}


@pytest.mark.parametrize("name", AREAS)
def test_points_lie_where_they_lay(name):
    epsg, polygon = AREAS[name]
    crs = pyproj.CRS(epsg)
    area = to_wgs84(polygon, crs)
    assert area.is_valid
    west, south, east, north = area.bounds
    assert -180 <= west <= east <= 180
    assert -90 <= south <= north <= 90
    # Points of the globe, and many near the area.
    rng = np.random.default_rng(0)
    globe = rng.uniform((-180, -89.9), (180, 89.9), (2000, 2))
    margin = 0.2 * max(north - south, 0.1)
    low = (max(west - margin, -180), max(south - margin, -89.9))
    high = (min(east + margin, 180), min(north + margin, 89.9))
    points = np.concatenate([globe, rng.uniform(low, high, (4000, 2))])
    there = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    x, y = there.transform(*points.T)
    finite = np.isfinite(x) & np.isfinite(y)
    # Projections fold far points into their plane: those that come back are meant.
    back = np.column_stack(there.transform(x, y, direction="INVERSE"))
    finite &= np.abs(back - points).max(axis=1) < 1e-6
    expected = finite & shapely.contains_xy(polygon, np.nan_to_num(x), np.nan_to_num(y))
    got = shapely.contains_xy(area, *points.T)
    assert expected.any()
    wrong = (expected != got) & finite
    assert wrong.sum() <= 0.002 * len(points)


def test_longitudes_and_latitudes_are_left_alone():
    for name in ("EPSG:4326", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84"):
        assert named_crs(name) is None
    assert unless_wgs84(pyproj.CRS("EPSG:4326")) is None
    assert named_crs(" EPSG:25832 ").to_epsg() == 25832


@pytest.mark.parametrize("name", ["", "EPSG", "EPSG:", "+proj=utm", "{}", "a.prj", "EPSG:0", "x:1"])
def test_names_that_are_none(name):
    with pytest.raises(QueryError, match="which is not known; name one such as"):
        named_crs(name)


def test_other_bodies():
    with pytest.raises(QueryError, match="which has no place on Earth"):
        unless_wgs84(pyproj.CRS("+proj=longlat +R=3396190 +no_defs"))
    local = 'LOCAL_CS["Local", UNIT["metre", 1], AXIS["x", EAST], AXIS["y", NORTH]]'
    with pytest.raises(QueryError, match="which has no place on Earth"):
        unless_wgs84(pyproj.CRS(local))
