"""Areas against brute force."""

import numpy as np
import pytest
import shapely
from pyproj import Geod
from shapely.geometry import box

from harma.errors import QueryError
from harma.index.ask import Where
from harma.index.filters import filter_of


def make_filter(**options):
    return filter_of(Where(**options))


def matches(wanted, *geometries):
    return wanted.matches(
        [shapely.to_wkb(g) if g is not None else None for g in geometries]
    ).tolist()


def test_boxes():
    wanted = make_filter(bbox=(0, 0, 10, 10))
    assert matches(wanted, box(1, 1, 2, 2), box(9, 9, 11, 11), box(11, 0, 12, 1), None) == [
        True,
        True,
        False,
        False,
    ]
    inside = make_filter(bbox=(0, 0, 10, 10), within=True)
    assert matches(inside, box(1, 1, 2, 2), box(9, 9, 11, 11)) == [True, False]


def test_boxes_across_the_180th_meridian():
    wanted = make_filter(bbox=(170, -10, -170, 10))
    assert matches(wanted, box(175, 0, 176, 1), box(-175, 0, -174, 1), box(0, 0, 1, 1)) == [
        True,
        True,
        False,
    ]
    assert wanted.sql.count("xmin") == 2


@pytest.mark.parametrize(
    "center", [(5.0, 52.0), (179.9, 10.0), (30.0, 89.5), (-60.0, -89.0), (-179.5, -45.0)]
)
@pytest.mark.parametrize("radius", [1.0, 50.0, 400.0])
def test_circles_hold_the_points_within_their_radius(center, radius):
    rng = np.random.default_rng(1)
    bearings, shares = rng.uniform(0, 360, 300), rng.uniform(0, 2, 300)
    keep = np.abs(shares - 1) > 0.002  # the circle is a polygon
    ones = np.ones(300)
    lons, lats, _ = Geod(ellps="WGS84").fwd(
        center[0] * ones, center[1] * ones, bearings, 1000 * radius * shares
    )
    found = np.array(
        matches(make_filter(near=center, radius_km=radius), *shapely.points(lons, lats))
    )
    assert (found == (shares <= 1))[keep].all()


def test_polygons_of_every_form(tmp_path):
    geometry = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [0, 4], [0, 0]]]}
    feature = {"type": "Feature", "geometry": geometry, "properties": {}}
    file = tmp_path / "a.geojson"
    file.write_text(
        '{"type": "FeatureCollection", "features": [' + str(feature).replace("'", '"') + "]}"
    )
    for polygon in (
        geometry,
        feature,
        str(geometry).replace("'", '"'),
        str(file),
        shapely.Polygon([(0, 0), (4, 0), (0, 4)]),
    ):
        assert matches(make_filter(polygon=polygon), box(0, 0, 1, 1), box(3, 3, 4, 4)) == [
            True,
            False,
        ]


def test_several_areas_must_all_match():
    wanted = make_filter(bbox=(0, 0, 10, 10), polygon=box(5, 5, 20, 20))
    assert matches(wanted, box(6, 6, 7, 7), box(1, 1, 2, 2), box(15, 15, 16, 16)) == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("sides", [(150, 40, 210, 50), (-190, -90, 170, 90), (0, -10, 360, 10)])
def test_polygons_across_the_180th_meridian_have_straight_edges(sides):
    west, south, east, north = sides
    wanted = make_filter(polygon=box(*sides))
    points = np.random.default_rng(0).uniform((-180, -90), (180, 90), (2000, 2))
    inside = (points[:, 1] >= south) & (points[:, 1] <= north)
    lon = points[:, 0]
    turns = [(lon + by >= west) & (lon + by <= east) for by in (-360, 0, 360)]
    inside &= np.any(turns, axis=0)
    assert matches(wanted, *shapely.points(points)) == inside.tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bbox": (0, 10, 5, 0)}, "bbox is 0,10,5,0; give west,south,east,north"),
        ({"bbox": (0, 0, 200, 5)}, "longitudes from -180 to 180"),
        ({"bbox": (0, 0, 1)}, r"bbox is \[0, 0, 1\]"),
        ({"bbox": (0, 0, float("nan"), 1)}, "bbox is"),
        ({"polygon": "{"}, "is not GeoJSON"),
        ({"polygon": "nowhere.geojson"}, "cannot be read"),
        ({"polygon": {"type": "Point", "coordinates": [0, 0]}}, "the polygon is a Point"),
        ({"polygon": {"type": "Polygon", "coordinates": []}}, "an empty Polygon"),
        ({"polygon": {"kind": "Polygon"}}, "is not GeoJSON of a geometry"),
        ({"polygon": [1]}, r"the polygon is \[1\]; give GeoJSON, WKT, a file or a geometry"),
        (
            {"polygon": shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])},
            "the polygon is not valid: Self-intersection",
        ),
        ({"polygon": box(5e5, 5e6, 6e5, 6e6)}, r"give longitudes and latitudes \(WGS84\)"),
        ({"near": (0, 100), "radius_km": 1}, "near is"),
        ({"near": (0, 1)}, r"near has no radius; give radius_km \(--radius\)"),
        ({"near": (0, 0)}, "near has no radius"),
        ({"near": (0, 0), "radius_km": -1}, "radius_km is -1"),
        ({"radius_km": 3}, "a radius needs a point"),
        ({"within": True}, "within needs an area"),
    ],
)
def test_areas_that_cannot_be_used(options, message):
    with pytest.raises(QueryError, match=message):
        make_filter(**options)
