"""Hits as features: valid GeoJSON, ids and names in place of paths."""

import datetime as dt

import pytest
import shapely
from geojson_pydantic import Feature
from pydantic import TypeAdapter

from harma.index.hits import Hit
from harma.index.source_ids import source_id
from harma.scenes.windows import Window
from harma.serve.answers import HitFeature
from harma.serve.features import chip_feature, hit_features, iso

DAY = dt.datetime(2020, 6, 15, tzinfo=dt.UTC)


def hit(**options):
    usual = {
        "score": 0.1234567891,
        "percentile": 99.987,
        "standing": "clear",
        "id": "c1",
        "source": "/srv/secret/scene.tif",
        "window": Window(1, 2, 32, 33),
        "geometry": shapely.box(5, 50, 5.1, 50.1),
        "datetime": DAY,
        "crs": "EPSG:32631",
        "gsd": 2.0,
        "nodata": 0.123456,
    }
    return Hit(**{**usual, **options})


def test_what_is_said_of_a_hit():
    feature = hit_features("archive", [hit()], first_rank=51)[0]
    TypeAdapter(HitFeature).validate_python(feature)
    Feature(**feature)
    assert feature["properties"] == {
        "rank": 51,
        "score": 0.123457,
        "percentile": 99.99,
        "standing": "clear",
        "index": "archive",
        "source": source_id("/srv/secret/scene.tif"),
        "source_name": "scene.tif",
        "datetime": "2020-06-15T00:00:00Z",
        "date": "2020-06-15T00:00:00Z",
        "column": 1,
        "row": 2,
        "width": 32,
        "height": 33,
        "crs": "EPSG:32631",
        "gsd": 2.0,
        "nodata": 0.1235,
    } | {"date": hit().date_text}


def test_rings_and_digits():
    clockwise = shapely.Polygon([(5, 50), (5, 50.123456789), (5.1, 50.1), (5, 50)])
    feature = hit_features("archive", [hit(geometry=clockwise)])[0]
    outline = shapely.geometry.shape(feature["geometry"])
    assert outline.exterior.is_ccw
    assert 50.1234568 in {corner[1] for corner in outline.exterior.coords}


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        shapely.Point(1, 2),
        shapely.MultiPolygon([shapely.box(179, 0, 180, 1), shapely.box(-180, 0, -179, 1)]),
    ],
)
def test_other_geometries(geometry):
    feature = hit_features("archive", [hit(geometry=geometry), hit()])[0]
    Feature(**feature)
    if geometry is None:
        assert feature["geometry"] is None
    else:
        assert shapely.geometry.shape(feature["geometry"]).equals(geometry)


def test_a_change():
    then = hit(id="c0", source="/srv/old.tif", score=0.1, datetime=None)
    said = hit_features("archive", [hit(then=then)])[0]["properties"]
    assert said["change"] == 0.023457
    assert (said["then_id"], said["then_score"], said["then_date"]) == ("c0", 0.1, "")
    assert (said["then_source_name"], said["then_datetime"]) == ("old.tif", None)


def test_a_period():
    said = hit_features("a", [hit(datetime_end=DAY + dt.timedelta(days=16))])[0]["properties"]
    assert said["datetime_end"] == "2020-07-01T00:00:00Z"


def test_a_chip_of_no_search():
    said = chip_feature("archive", hit())["properties"]
    assert "rank" not in said
    assert "score" not in said
    assert hit_features("archive", []) == []


def test_moments_are_in_utc():
    assert iso(dt.datetime(2020, 1, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2)))) == (
        "2020-01-01T00:00:00Z"
    )
    assert iso(None) is None
