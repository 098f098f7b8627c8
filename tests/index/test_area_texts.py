"""GeoJSON of every kind, WKT and EWKT as areas, against shapely and pyproj."""

import codecs
import contextlib
import json

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box, mapping

from harma.errors import QueryError
from harma.index.area_texts import area_of_geojson, area_of_text, decoded, is_area_text

SQUARE = box(4, 51, 5, 52)
OTHER = box(6, 51, 7, 52)
HOLED = shapely.Polygon(box(0, 0, 9, 9).exterior, [box(2, 2, 4, 4).exterior.coords[::-1]])


def feature(geometry):
    return {
        "type": "Feature",
        "properties": {"n": 1},
        "geometry": None if geometry is None else mapping(geometry),
    }


def collection(*geometries, **more):
    return {"type": "FeatureCollection", "features": [*map(feature, geometries)], **more}


def named(name):
    return {"type": "name", "properties": {"name": name}}


FORMS = {
    "geometry": (mapping(SQUARE), SQUARE),
    "feature": (feature(SQUARE), SQUARE),
    "features": (collection(SQUARE, OTHER), SQUARE | OTHER),
    "null first": (collection(None, SQUARE), SQUARE),
    "null last": (collection(SQUARE, None, None), SQUARE),
    "null between": (collection(SQUARE, None, OTHER), SQUARE | OTHER),
    "overlapping": (
        collection(box(0, 0, 2, 2), box(1, 1, 3, 3)),
        box(0, 0, 2, 2) | box(1, 1, 3, 3),
    ),
    "hole": (mapping(HOLED), HOLED),
    "multi": (mapping(SQUARE | OTHER), SQUARE | OTHER),
    "heights": (mapping(shapely.force_3d(SQUARE, 120)), SQUARE),
    "collection of geometries": (
        {"type": "GeometryCollection", "geometries": [mapping(SQUARE), mapping(OTHER)]},
        SQUARE | OTHER,
    ),
    "nested": (
        feature(shapely.GeometryCollection([shapely.GeometryCollection([SQUARE]), OTHER])),
        SQUARE | OTHER,
    ),
    "bbox and id": ({**feature(SQUARE), "bbox": [0, 0, 1, 1], "id": 7}, SQUARE),
    "crs84": (collection(SQUARE, crs=named("urn:ogc:def:crs:OGC:1.3:CRS84")), SQUARE),
    "crs null": (collection(SQUARE, crs=None), SQUARE),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form):
    content, expected = FORMS[form]
    for area in (area_of_geojson(content), area_of_text(json.dumps(content, indent=1))):
        assert not area.has_z
        assert area.symmetric_difference(expected).area < 1e-9


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_byte_order_marks(encoding):
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    text = json.dumps({**feature(SQUARE), "properties": {"name": "Łódź"}}, ensure_ascii=False)
    content = marks.get(encoding, b"") + text.encode(encoding)
    assert area_of_text(decoded(content)).equals(SQUARE)
    assert area_of_text("\ufeff" + text).equals(SQUARE)


def test_bytes_that_are_no_text():
    assert decoded(b"\x89PNG\r\n\xff\xfe") is None


@pytest.mark.parametrize(
    ("name", "epsg"),
    [
        ("urn:ogc:def:crs:EPSG::25832", 25832),
        ("urn:ogc:def:crs:EPSG:6.9:32631", 32631),
        ("EPSG:3857", 3857),
        ("http://www.opengis.net/def/crs/EPSG/0/27700", 27700),
        ("urn:x-ogc:def:crs:EPSG:2154", 2154),
        ("urn:ogc:def:crs:EPSG::4258", 4258),
    ],
)
def test_a_crs_member(name, epsg):
    crs = pyproj.CRS(epsg)
    middle = crs.area_of_use
    x = (middle.west + middle.east) / 2
    y = (middle.south + middle.north) / 2
    expected = box(x, y, x + 0.02, y + 0.01)
    there = pyproj.Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    fine = shapely.segmentize(expected, 0.001)
    projected = shapely.transform(fine, lambda points: _columns(there, points))
    area = area_of_geojson(collection(projected, crs=named(name)))
    assert area.symmetric_difference(expected).area < 1e-4 * expected.area


def _columns(transformer, points):
    return np.column_stack(transformer.transform(*points.T))


def test_a_crs_of_before_2008():
    crs = {"type": "EPSG", "properties": {"code": 3857}}
    area = area_of_geojson(collection(box(500_000, 6_600_000, 600_000, 6_700_000), crs=crs))
    radius = 6_378_137  # of the sphere of Web Mercator
    south, north = (np.degrees(np.arctan(np.sinh(y / radius))) for y in (6_600_000, 6_700_000))
    west, east = (np.degrees(x / radius) for x in (500_000, 600_000))
    assert area.bounds == pytest.approx((west, south, east, north), abs=1e-9)


WKTS = {
    SQUARE.wkt: SQUARE,
    f"  {SQUARE.wkt.lower()}\n": SQUARE,
    f"SRID=4326;{SQUARE.wkt}": SQUARE,
    f"SRID=4326; {SQUARE.wkt}": SQUARE,
    (SQUARE | OTHER).wkt: SQUARE | OTHER,
    shapely.force_3d(SQUARE, 3).wkt: SQUARE,
    HOLED.wkt.replace("POLYGON (", "POLYGON("): HOLED,
    f"GEOMETRYCOLLECTION ({SQUARE.wkt}, {OTHER.wkt})": SQUARE | OTHER,
    "SRID=3857;POLYGON ((0 0, 1000 0, 1000 1000, 0 1000, 0 0))": box(
        0, 0, 0.0089831528, 0.0089831528
    ),
}


@pytest.mark.parametrize("wkt", WKTS)
def test_wkt(wkt):
    assert is_area_text(wkt)
    area = area_of_text(wkt)
    assert area.symmetric_difference(WKTS[wkt]).area < 1e-6 * WKTS[wkt].area


@pytest.mark.parametrize(
    "name",
    ["area.geojson", "polygon.geojson", "polygonmap.json", "POLYGON", "Point.wkt", "a (1).gpkg"],
)
def test_names_of_files_are_no_areas(name):
    assert not is_area_text(name)


BOW_TIE = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (collection(None, None), "holds no geometry: all of its features are without one"),
        (collection(), "holds no geometry"),
        (feature(None), "holds no geometry"),
        (
            collection(SQUARE, shapely.Point(1, 1)),
            "holds 1 Point among 2 geometries; give",
        ),
        (collection(SQUARE, shapely.LineString([(0, 0), (1, 1)]), None), "holds 1 LineString"),
        (collection(SQUARE, BOW_TIE), "is not valid in its part 1: Self-intersection"),
        (collection(BOW_TIE, crs=named("EPSG:3857")), "is not valid in its part 0"),
        (collection(SQUARE, crs=named("EPSG:999999")), "the crs 'EPSG:999999', which is not known"),
        (collection(SQUARE, crs=named("/etc/passwd")), "the crs '/etc/passwd', which is not known"),
        (collection(SQUARE, crs=named("+init=epsg:4326")), "which is not known; name one such as"),
        (collection(SQUARE, crs={"type": "link", "properties": {"href": "x"}}), "of type 'link'"),
        (collection(SQUARE, crs="EPSG:4326"), "the crs 'EPSG:4326', which names none"),
        (collection(SQUARE, crs=named("IAU:49900")), "which is not known"),
        (collection(box(0, 0, 1e12, 1e12), crs=named("EPSG:25832")), "which is no place in its"),
        ({"type": "FeatureCollection"}, "is not GeoJSON of a geometry, feature or collection"),
        ({"type": "FeatureCollection", "features": [None]}, "is not GeoJSON of a geometry"),
        ({"type": "Feature"}, "is not GeoJSON of a geometry"),
        ({"type": "Polygon", "coordinates": [[["a", 1]]]}, "is not GeoJSON of a geometry"),
        ({"type": "Topology", "objects": {}}, 'its type is "Topology"; give a Polygon'),
        ({"type": "Polygon"}, "its Polygon has no coordinates"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 0]]]},
            "a list of four or more positions",
        ),
        (
            {"type": "Polygon", "coordinates": [[[0, None], [1, 0], [0, 1]]]},
            "cannot be read; those",
        ),
        (
            {"type": "MultiPolygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]},
            "of its MultiPolygon",
        ),
        ({"type": ["Polygon"]}, "its type is a list"),
        ({"type": "Feature", "geometry": 5}, "a geometry is 5, and no object"),
        ({"type": "FeatureCollection", "features": {}}, "its features are an object, and no list"),
        ({"features": []}, "is not GeoJSON of a geometry"),
        ([], "is not GeoJSON of a geometry"),
    ],
)
def test_geojson_that_cannot_be_used(content, message):
    with pytest.raises(QueryError) as error:
        area_of_geojson(content)
    assert message in str(error.value)
    # A stranger hears nothing of Python's types.
    for word in ("Error", "None", "object has no", "'int'"):
        assert word not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "the polygon is not GeoJSON: it is not JSON (Expecting"),
        ("{" * 100_000, "the polygon is not GeoJSON"),
        (
            f'{{"type": "Polygon", "coordinates": [[[0, 0], [{10**400}, 0], [1, 1], [0, 0]]]}}',
            "the polygon is not GeoJSON",
        ),
        ('{"type": "GeometryCollection", "geometries": [' * 5000 + "]}" * 5000, "is not GeoJSON"),
        ("POLYGON ((0 0, 1 1", "the polygon is not WKT (Expected word"),
        ("POLYGON ((0 0, 1 1, ² 1, 0 0))", "the polygon is not WKT (Expected number"),
        ("POLYGON ((0 0, 1 1, , 0 0))", "the polygon is not WKT (Expected number"),
        ("POLYGON (0 0, 1 1)", "the polygon is not WKT"),
        ("SRID=999999;POLYGON ((0 0, 1 0, 1 1, 0 0))", "which is not known"),
    ],
)
def test_texts_that_cannot_be_used(text, message):
    with pytest.raises(QueryError) as error:
        area_of_text(text)
    assert message in str(error.value)


# Whatever comes as an area is refused in words, or is one.
LEAVES = (
    st.none() | st.booleans() | st.floats(-400, 400) | st.sampled_from(["type", "Polygon", "x"])
)
KEYS = st.sampled_from(["type", "coordinates", "geometry", "geometries", "features", "crs", "name"])
CORNERS = st.lists(st.lists(st.floats(-200, 200), min_size=1, max_size=3), max_size=6)
GEOMETRIES = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Polygon", "MultiPolygon", "Point", "GeometryCollection", "y"]),
        "coordinates": st.lists(CORNERS, max_size=2),
    }
)
CONTENTS = st.recursive(
    LEAVES | GEOMETRIES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.fixed_dictionaries(
            {
                "type": st.sampled_from(["FeatureCollection", "Feature", "GeometryCollection"]),
                "features": st.lists(inner, max_size=2),
                "geometry": inner,
                "crs": inner,
            }
        )
    ),
)


@settings(max_examples=400, deadline=None)
@given(content=CONTENTS)
def test_any_content_is_an_area_or_refused(content):
    for read in (area_of_geojson, lambda given: area_of_text(json.dumps(given))):
        with contextlib.suppress(QueryError):
            read(content)
