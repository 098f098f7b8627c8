"""Events as GeoJSON and CSV."""

import csv
import io
import itertools
import json

from tests.searches.made_events import event

from harma.index.source_ids import source_id
from harma.searches.event_forms import as_csv, as_geojson, event_feature, scene_name


def test_an_event_as_a_feature():
    feature = event_feature(event(3, gain=0.25, then_chip="earlier"))
    assert feature["id"] == "urn:uuid:00000000-0000-5000-8000-000000000003"
    assert feature["geometry"]["type"] == "Polygon"
    # Counterclockwise, as RFC 7946 has it.
    ring = feature["geometry"]["coordinates"][0]
    assert sum(x * v - u * y for (x, y), (u, v) in itertools.pairwise(ring)) > 0
    assert feature["properties"] == {
        "number": 3,
        "found": "2026-11-26T15:04:05Z",
        "chip": "chip3",
        "source": source_id("/secret/folder/a_20200102.tif"),
        "source_name": "a_20200102.tif",
        "score": 0.75,
        "gain": 0.25,
        "standing": "clear",
        "date": "2020-01-02",
        "then_chip": "earlier",
    }


def test_no_form_holds_a_path():
    events = [event(), event(2, geometry=None, taken=None, taken_end=None)]
    for text in (as_geojson(events), as_csv(events)):
        assert "secret" not in text
    collection = json.loads(as_geojson(events))
    assert [feature["geometry"] is None for feature in collection["features"]] == [False, True]
    assert collection["features"][1]["properties"]["date"] == ""


def test_events_as_csv():
    rows = list(csv.DictReader(io.StringIO(as_csv([event(), event(2, geometry=None)]))))
    assert [row["number"] for row in rows] == ["1", "2"]
    assert rows[0]["geometry"].startswith("POLYGON ((4.1 52,")
    assert rows[1]["geometry"] == ""
    assert rows[0]["gain"] == ""


def test_a_name_that_is_no_utf8_can_be_sent():
    assert scene_name(event(source="/a/b\udcff.tif")) == "b\\udcff.tif"
