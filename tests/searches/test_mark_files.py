"""Marks as files: what is written is read again, by us and by others."""

import datetime as dt
import io
import json

import geopandas
import pandas
import pytest
import shapely
from geojson_pydantic import FeatureCollection

from harma.errors import DataError
from harma.searches.mark_files import FORMATS, read_mark_file, write_marks
from harma.searches.records import Mark

MOMENT = dt.datetime(2020, 6, 15, 10, 30, tzinfo=dt.UTC)
PLACED = Mark(
    "c1",
    "good",
    'two cranes, "red"\nand a quay',
    "anna",
    ("ben", "carla"),
    changed=MOMENT,
    source="/secret/folder/scene ä.tif",
    geometry=shapely.to_wkb(shapely.box(3, 50, 3.5, 50.5)),
    taken=MOMENT.replace(hour=0, minute=0),
    taken_end=dt.datetime(2020, 6, 15, 23, 59, 59, 999999, tzinfo=dt.UTC),
)
PLAIN = Mark("c2", "bad", changed=MOMENT)
MARKS = [PLACED, PLAIN]


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_written_is_read_again(form):
    file = read_mark_file(write_marks(MARKS, form), form)
    assert file.refused == []
    first, second = file.rows
    assert (first.number, first.chip, first.mark, first.note) == (1, "c1", "good", PLACED.note)
    assert (first.who, first.source_name) == ("anna", "scene ä.tif")
    assert first.taken.text == "2020-06-15"
    assert first.geometry.equals(shapely.box(3, 50, 3.5, 50.5))
    assert (second.chip, second.mark, second.note, second.who) == ("c2", "bad", "", "")
    assert (second.geometry, second.taken) == (None, None)


@pytest.mark.parametrize("form", FORMATS)
def test_no_marks(form):
    file = read_mark_file(write_marks([], form), form)
    assert (file.rows, file.refused) == ([], [])


@pytest.mark.parametrize("form", FORMATS)
def test_no_file_holds_a_path(form):
    assert b"secret" not in write_marks(MARKS, form)


def test_geojson_is_valid():
    collection = json.loads(write_marks(MARKS, "geojson"))
    FeatureCollection.model_validate(collection)
    first, second = collection["features"]
    assert first["properties"]["changed"] == "2020-06-15T10:30:00+00:00"
    assert first["properties"]["date"] == "2020-06-15"
    assert first["properties"]["earlier"] == "ben; carla"
    assert second["geometry"] is None
    # Counter-clockwise, as RFC 7946 asks for.
    assert shapely.geometry.shape(first["geometry"]).exterior.is_ccw


def test_others_read_the_tables():
    for table in (
        pandas.read_csv(io.BytesIO(write_marks(MARKS, "csv")), keep_default_na=False),
        geopandas.read_parquet(io.BytesIO(write_marks(MARKS, "geoparquet"))),
    ):
        assert list(table["id"]) == ["c1", "c2"]
        assert list(table["mark"]) == ["good", "bad"]
        assert list(table["source_name"]) == ["scene ä.tif", ""]
    assert table.crs.equals("OGC:CRS84")
    assert table["changed"][0] == pandas.Timestamp(MOMENT)


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@x", '=HYPERLINK("http://x")'])
def test_a_note_is_no_formula(note):
    content = write_marks([Mark("c", "good", note, who=note)], "csv")
    cells = pandas.read_csv(io.BytesIO(content), keep_default_na=False).iloc[0]
    assert cells["note"] == cells["who"] == "'" + note
    [row] = read_mark_file(content, "csv").rows
    assert row.note == row.who == note


@pytest.mark.parametrize("form", ["geojson", "geoparquet"])
@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"[]", b"PAR1", b"\xff\xfe"])
def test_what_is_no_file_of_marks(form, content):
    with pytest.raises(DataError, match="the file"):
        read_mark_file(content, form)
