"""Items as features: the same fields for all, times that STAC takes, links that lead somewhere."""

import datetime as dt

import pytest
import shapely
from fastapi import Request
from tests.serve.test_items import DAY, hit

from harma.serve.item_features import FIRST, Told, item_features
from harma.serve.items import Item


class NoSources:
    """A table without sources."""

    def find(self, name):
        return None


def told():
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "https",
        "server": ("example.org", 443),
        "path": "/",
        "root_path": "/harma",
        "headers": [(b"host", b"example.org")],
        "query_string": b"",
    }
    return Told(Request(scope), "search-x", "archive", NoSources())


def features(*items):
    return item_features(told(), items)


@pytest.mark.parametrize(
    ("chip", "times"),
    [
        (hit("a", date=DAY), ["2020-06-15T00:00:00Z"] * 3),
        (
            hit("a", date=DAY, end=DAY + dt.timedelta(days=2)),
            ["2020-06-15T00:00:00Z", "2020-06-15T00:00:00Z", "2020-06-17T00:00:00Z"],
        ),
    ],
)
def test_times(chip, times):
    (feature,) = features(Item(chip))
    said = feature["properties"]
    assert [said[name] for name in ("datetime", "start_datetime", "end_datetime")] == times


def test_what_has_no_date_may_be_of_any_time():
    (feature,) = features(Item(hit("a")))
    said = feature["properties"]
    assert (said["datetime"], said["date"], said["start_datetime"]) == (None, "", FIRST)
    assert dt.datetime.fromisoformat(said["end_datetime"]).date() == dt.datetime.now(dt.UTC).date()


@pytest.mark.parametrize(
    ("geometry", "bbox"),
    [
        (shapely.box(1, 2, 3, 4), [1, 2, 3, 4]),
        (shapely.box(1.123456789, 2, 3, 4), [1.1234568, 2, 3, 4]),
        (
            shapely.MultiPolygon([shapely.box(179, 0, 180, 1), shapely.box(-180, 0, -178, 1)]),
            [179, 0, -178, 1],
        ),
        (shapely.box(-180, 80, 180, 90), [-180, 80, 180, 90]),
        (shapely.Point(5, 6), [5, 6, 5, 6]),
    ],
)
def test_boxes(geometry, bbox):
    (feature,) = features(Item(hit("a", geometry=geometry)))
    assert feature["bbox"] == bbox


def test_without_a_place_there_is_no_box():
    (feature,) = features(Item(hit("a")))
    assert feature["geometry"] is None
    assert "bbox" not in feature


def test_what_a_search_says():
    first, second = features(Item(hit("a"), 7, "good"), Item(hit("b")))
    assert (first["properties"]["rank"], first["properties"]["mark"]) == (7, "good")
    assert first["properties"]["standing"] == "clear"
    assert not {"rank", "score", "mark"} & set(second["properties"])


def test_links_and_assets_are_below_the_root_path():
    (feature,) = features(Item(hit("a")))
    base = "https://example.org/harma"
    assert {link["rel"]: link["href"] for link in feature["links"]} == {
        "self": f"{base}/collections/search-x/items/a",
        "collection": f"{base}/collections/search-x",
        "parent": f"{base}/collections/search-x",
        "root": f"{base}/",
    }
    assert {name: asset["href"] for name, asset in feature["assets"].items()} == {
        "thumbnail": f"{base}/v1/indexes/archive/chips/a/thumbnail",
        "visual": f"{base}/v1/indexes/archive/chips/a/image",
    }
    assert "/a.tif" not in str(feature)
