"""Hits, and the forms they are written in."""

import csv
import io
import json
from datetime import UTC, datetime

import numpy as np
import pytest
import shapely

from harma.index.hits import CHANGE_COLUMNS, HIT_COLUMNS, as_csv, as_geojson, as_json, hit_of
from harma.index.records import ShownChip
from harma.index.standing import Standings
from harma.scenes.windows import Window

STANDINGS = Standings(np.linspace(-1, 1, 40))
# Clockwise, and of more digits than are written.
RING = shapely.Polygon([(4, 50), (4, 51), (5.123456789, 51), (5, 50)])
NOW = datetime(2020, 5, 6, 7, tzinfo=UTC)
THEN = datetime(2010, 5, 6, tzinfo=UTC)


def shown(name, *, place=RING, when=NOW):
    geometry = shapely.to_wkb(place) if place is not None else None
    return ShownChip(name, geometry, when, f"/{name}.tif", 1, 2, 3, 4, "EPSG:4326", 0.5, 0.123456)


@pytest.fixture
def hit():
    return hit_of(shown("a"), 0.12345678, STANDINGS)


@pytest.fixture
def change():
    then = hit_of(shown("b", when=THEN), -3.0, STANDINGS)
    return hit_of(shown("a"), 0.5, STANDINGS, then=then)


@pytest.fixture
def bare():
    return hit_of(shown("c", place=None, when=None), 0.0, STANDINGS)


def test_a_hit_is_what_was_found(hit, bare):
    assert (hit.id, hit.source, hit.window) == ("a", "/a.tif", Window(1, 2, 3, 4))
    assert hit.geometry.equals(RING)
    assert (hit.datetime, hit.crs, hit.gsd, hit.nodata) == (NOW, "EPSG:4326", 0.5, 0.123456)
    assert (hit.percentile, hit.standing) == (STANDINGS.percentile(0.12345678), "weak")
    assert (hit.then, hit.change) == (None, None)
    assert (bare.geometry, bare.datetime) == (None, None)


def test_a_change_is_judged_by_its_gain(change):
    assert change.change == 3.5
    assert (change.percentile, change.standing) == (100.0, "clear")
    assert change.properties()["change"] == 3.5
    assert change.properties()["then_score"] == -3.0
    assert change.properties()["then_datetime"] == "2010-05-06T00:00:00+00:00"


def test_plain_values_are_rounded(hit, bare):
    properties = hit.properties()
    assert tuple(properties) == HIT_COLUMNS
    assert properties["score"] == 0.123457
    assert properties["nodata"] == 0.1235
    assert properties["percentile"] == 55.0
    assert properties["datetime"] == "2020-05-06T07:00:00+00:00"
    assert [properties[name] for name in ("column", "row", "width", "height")] == [1, 2, 3, 4]
    assert bare.properties()["datetime"] is None


def test_lines_of_csv(hit, bare, change):
    header, first, second = csv.reader(io.StringIO(as_csv([hit, bare])))
    assert header == ["rank", *HIT_COLUMNS, "geometry"]
    assert first[0:2] == ["1", "0.123457"]
    assert first[-1] == "POLYGON ((4 50, 4 51, 5.1234568 51, 5 50, 4 50))"
    assert (second[0], second[-1]) == ("2", "")
    header, first, second = csv.reader(io.StringIO(as_csv([bare, change])))
    assert header == ["rank", *HIT_COLUMNS, *CHANGE_COLUMNS, "geometry"]
    assert first[-6:] == [""] * 6
    assert second[-6:-3] == ["3.5", "-3.0", "b"]


def test_json_and_geojson(hit, bare):
    rows = json.loads(as_json([hit, bare]))
    assert rows[0] == {**hit.properties(), "geometry": rows[0]["geometry"]}
    assert shapely.geometry.shape(rows[0]["geometry"]).exterior.is_ccw
    assert rows[1]["geometry"] is None
    collection = json.loads(as_geojson([hit, bare]))
    assert collection["type"] == "FeatureCollection"
    first, second = collection["features"]
    assert (first["type"], first["id"], first["geometry"]) == ("Feature", "a", rows[0]["geometry"])
    assert first["properties"] == {"rank": 1, **hit.properties()}
    assert (second["properties"]["rank"], second["geometry"]) == (2, None)
