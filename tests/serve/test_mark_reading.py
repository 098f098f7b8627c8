"""Files of marks that clients send, read apart."""

import dataclasses
import datetime as dt

import pytest
import shapely

from harma.errors import QueryError
from harma.searches.mark_files import FORMATS, read_mark_file, write_marks
from harma.searches.records import Mark
from harma.serve import mark_reading
from harma.serve.mark_reading import read_sent_marks

MOMENT = dt.datetime(2020, 6, 15, tzinfo=dt.UTC)
MARKS = [
    Mark(
        "c1",
        "good",
        "two\ncranes ä",
        "anna",
        source="/x/scene.tif",
        geometry=shapely.to_wkb(shapely.box(3, 50, 3.5, 50.5)),
        taken=MOMENT,
        taken_end=MOMENT + dt.timedelta(days=1, microseconds=-1),
    ),
    Mark("", "bad"),
    Mark("c2", "bad"),
]


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_read_apart_is_what_is_read(form):
    content = write_marks(MARKS, form)
    apart = read_sent_marks(content, form)
    here = read_mark_file(content, form)
    assert [dataclasses.astuple(row) for row in apart.rows] == [
        dataclasses.astuple(row) for row in here.rows
    ]
    assert list(apart.refused) == list(here.refused)
    assert (len(apart.rows), len(apart.refused)) == (2, 1)


@pytest.mark.parametrize("form", ["geojson", "geoparquet"])
def test_what_cannot_be_read_is_told(form):
    with pytest.raises(QueryError, match="the file is no"):
        read_sent_marks(b"PAR1", form)


def test_a_process_that_is_killed_ends_nothing_else(monkeypatch):
    monkeypatch.setattr(mark_reading, "SECONDS", 0.01)
    with pytest.raises(QueryError, match="takes too much memory or time"):
        read_sent_marks(write_marks(MARKS, "geoparquet"), "geoparquet")
