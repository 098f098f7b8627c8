"""Filters of OGC API Features and STAC."""

import datetime as dt
import json

import pytest
import shapely

from harma.errors import QueryError
from harma.serve.item_filter import ItemFilter, item_filter

NOON = dt.datetime(2020, 6, 15, 12, tzinfo=dt.UTC)
POINT = {"type": "Point", "coordinates": [5, 50]}


def last_of(*day):
    return dt.datetime(*day, 23, 59, 59, 999999, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("bbox", "bounds"),
    [
        ("1,2,3,4", (1, 2, 3, 4)),
        ([1, 2, 3, 4], (1, 2, 3, 4)),
        ("1,2,0,3,4,100", (1, 2, 3, 4)),
        (" 1, 2.5 ,3,4e0", (1, 2.5, 3, 4)),
        ("170,-10,-170,10", (-180, -10, 180, 10)),
    ],
)
def test_boxes(bbox, bounds):
    assert item_filter(bbox=bbox).area.bounds == bounds


@pytest.mark.parametrize(
    "bbox",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,b,c,d",
        "1,2,3,nan",
        "1,2,3,inf",
        "0,0,500,1",
        "0,5,1,4",
        [None] * 4,
    ],
)
def test_boxes_that_are_none(bbox):
    with pytest.raises(QueryError, match="bbox is"):
        item_filter(bbox=bbox)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2020-06-15T12:00:00Z", NOON, NOON),
        ("2020-06-15T14:00:00+02:00", NOON, NOON),
        ("2020-06-15T12:00:00Z/..", NOON, None),
        ("2020-06-15T12:00:00Z/", NOON, None),
        ("../2020-06-15T12:00:00Z", None, NOON),
        ("2020-06-14/2020-06-15", dt.datetime(2020, 6, 14, tzinfo=dt.UTC), last_of(2020, 6, 15)),
        ("2020", dt.datetime(2020, 1, 1, tzinfo=dt.UTC), last_of(2020, 12, 31)),
        (None, None, None),
    ],
)
def test_periods(period, first, last):
    found = item_filter(period=period)
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    "period", ["", "..", "../..", "/", "2020/2021/2022", "soon", "2021/2020", "9" * 500]
)
def test_periods_that_are_none(period):
    with pytest.raises(QueryError, match="datetime is"):
        item_filter(period=period)


@pytest.mark.parametrize("given", [POINT, json.dumps(POINT)])
def test_geometries(given):
    assert item_filter(intersects=given).area == shapely.Point(5, 50)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "POINT (5 50)",
        {},
        {"type": "Point"},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": [200, 0]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]},
        {"type": "LineString", "coordinates": [[n / 100, 0] for n in range(101)]},
        {"type": "GeometryCollection", "geometries": []},
    ],
)
def test_geometries_that_cannot_be_used(given):
    with pytest.raises(QueryError, match="intersects"):
        item_filter(intersects=given, most_vertices=100)


def test_a_box_and_a_geometry_are_too_much():
    with pytest.raises(QueryError, match="give one of them"):
        item_filter(bbox="1,2,3,4", intersects=POINT)


def test_ids():
    assert item_filter(ids="a,b,,a").ids == ("a", "b")
    assert item_filter(ids=["a"]).ids == ("a",)
    for ids in ("", ",", [], [str(n) for n in range(1001)]):
        with pytest.raises(QueryError, match="ids names"):
            item_filter(ids=ids)


def test_as_a_filter_of_chips():
    assert item_filter().chips.sql == ""
    found = ItemFilter(shapely.box(0, 0, 1, 1), NOON, None, ("it's",)).chips
    assert found.area.bounds == (0, 0, 1, 1)
    assert "id IN ('it''s')" in found.where
    assert "datetime >= timestamp '2020-06-15 12:00:00" in found.where
