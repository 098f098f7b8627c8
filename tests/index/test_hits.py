"""Hits as JSON, CSV and GeoJSON."""

import csv
import io
import json

import pytest
import shapely
from tests.exchange.made import hit
from tests.index.made import chip

from harma.index.hits import CHANGE_COLUMNS, as_csv, as_geojson, as_json, hit_of, hits_of
from harma.index.records import ShownChip
from harma.index.schema import BOX_COLUMNS
from harma.index.standing import Standings

BESIDE_SHOWN = {"datetime_end", "content", "thumbnail", "properties", *BOX_COLUMNS}
# Middle 0.5, robust deviation 0.37.
SAMPLE = Standings([i / 100 for i in range(101)])


def shown(**columns):
    values = vars(chip(**columns))
    return ShownChip(**{name: values[name] for name in values.keys() - BESIDE_SHOWN})


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_hit_is_judged_by_its_score():
    result = hit_of(shown(id="a"), 0.75, SAMPLE)
    assert result.percentile == pytest.approx(100 * 75.5 / 101)
    assert result.standing == "weak"
    assert result.geometry is None
    assert result.change is None


def test_a_change_is_judged_by_its_gain():
    before = hit(score=0.9)
    result = hit_of(shown(id="a"), 1.0, SAMPLE, then=before)
    assert result.change == pytest.approx(0.1)
    assert result.percentile == SAMPLE.percentile(1.0 - 0.9)
    assert hit_of(shown(id="a"), 1.0, SAMPLE).percentile > 99


def test_columns_of_a_change_only_where_there_is_one():
    plain = rows_of(as_csv([hit(), hit(id="b")]))
    assert [row["rank"] for row in plain] == ["1", "2"]
    assert not plain[0].keys() & set(CHANGE_COLUMNS)
    change = rows_of(as_csv([hit(score=0.75, then=hit(id="old", score=0.5)), hit(id="b")]))
    assert (change[0]["change"], change[0]["then_id"]) == ("0.25", "old")
    assert change[1]["change"] == ""
    assert list(change[0])[-1] == "geometry"


def test_numbers_are_written_as_far_as_they_mean_something():
    result = hit(
        score=0.123456789,
        percentile=99.98765,
        nodata=0.123456,
        geometry=shapely.Point(4.123456789, 50),
    )
    row = rows_of(as_csv([result]))[0]
    assert (row["score"], row["percentile"], row["nodata"]) == ("0.123457", "99.99", "0.1235")
    assert row["geometry"] == "POINT (4.1234568 50)"


def test_json_has_the_window_and_a_footprint_or_null():
    placed, nowhere = json.loads(as_json([hit(), hit(geometry=None, datetime=None)]))
    window = [placed[name] for name in ("column", "row", "width", "height")]
    assert window == [64, 32, 16, 8]
    assert placed["datetime"] == "2015-09-26T00:00:00+00:00"
    assert placed["geometry"]["type"] == "Polygon"
    assert (nowhere["geometry"], nowhere["datetime"]) == (None, None)


def test_geojson_turns_outer_rings_against_the_clock():
    clockwise = shapely.Polygon([(0, 0), (0, 1), (1, 1), (1, 0)])
    assert not clockwise.exterior.is_ccw
    feature = json.loads(as_geojson([hit(geometry=clockwise)]))["features"][0]
    assert shapely.geometry.shape(feature["geometry"]).exterior.is_ccw
    assert (feature["id"], feature["properties"]["rank"]) == ("0a1b2c", 1)


def test_many_hits_are_what_each_is_alone():
    places = [
        None,
        b"",
        shapely.to_wkb(shapely.box(0, 0, 1, 1)),
        shapely.to_wkb(shapely.Point(1, 2)),
    ]
    chips = [shown(id=str(number), geometry=place) for number, place in enumerate(places)]
    scores = [0.1, 0.5, 0.5 + 2**-20, 9.0]
    for standings in (SAMPLE, Standings([])):
        alone = [hit_of(chip, score, standings) for chip, score in zip(chips, scores, strict=True)]
        assert hits_of(chips, scores, standings) == alone
    assert hits_of([], [], SAMPLE) == []
