"""harma watch events."""

import json
from xml.etree import ElementTree as ET

import pyogrio
import pytest


@pytest.fixture
def found(archive, say, watch_all, write_scenes, tmp_path):
    """An index with four events; the id of the saved search."""
    write_scenes(tmp_path / "scenes", 1, first=3)
    say("index", "add", archive, tmp_path / "scenes", "--num-workers", "0")
    return watch_all


def test_events_as_a_table(archive, say, found):
    status, shown = say("watch", "events", archive)
    assert status == 0
    assert len(shown.splitlines()) == 4
    assert "scene3_20130601.tif" in shown
    assert "2013-06-01" in shown
    assert "3 " in say("watch", "events", archive, found, "--after", "2")[1]
    assert say("watch", "events", archive, "--after", "4")[1] == "no events\n"


@pytest.mark.parametrize("name", ["new.geojson", "new.csv", "new.atom"])
def test_events_as_a_file_that_gdal_reads(archive, say, found, tmp_path, name):
    file = tmp_path / name
    status, shown = say("watch", "events", archive, "--output", file)
    assert (status, f"{file}: 4 events" in shown) == (0, True)
    assert len(pyogrio.read_dataframe(file)) == 4


def test_a_feed_holds_its_thumbnails_and_no_paths(archive, say, found, tmp_path):
    _, shown = say("watch", "events", archive, "--format", "atom")
    assert len(ET.fromstring(shown)) > 4
    assert shown.count("data:image/jpeg;base64,/9j/") == 4
    assert str(tmp_path) not in shown
    _, shown = say("watch", "events", archive, "--format", "geojson")
    assert str(tmp_path) not in shown
    assert len(json.loads(shown)["features"]) == 4


def test_places_to_write_to_that_are_none(archive, say, found, tmp_path):
    assert (
        "none of the suffixes"
        in say("watch", "events", archive, "--output", tmp_path / "new.docx")[1]
    )
    inside = say("watch", "events", archive, "--output", f"{archive}/new.csv")[1]
    assert "lies inside the index" in inside


def test_of_several_searches_one_is_named(archive, say, found):
    say("watch", "add", archive, "--text", "a field", "--least-score", "0.9")
    status, shown = say("watch", "events", archive)
    assert status == 2
    assert found in shown
    assert say("watch", "events", archive, found)[0] == 0
