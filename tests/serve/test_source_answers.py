"""What is said of sources: boxes, zooms, tags of their content."""

import datetime as dt
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import shapely
from tests.index.made import made_settings

from harma.index.extents import Extent
from harma.index.records import SourceRecord
from harma.serve.source_answers import box_outline, content_tag, coverage, date_text, zooms
from harma.serve.source_table import ServedSource

RECORD = SourceRecord("/data/a.tif", 1, 1, "c" * 32, width=1000, height=500, bands="1,2,3")
EXTENT = Extent(4, (5.0, 50.0, 6.0, 51.0), None, None, 10.0)


def source(**changes):
    names = {name: changes.pop(name) for name in list(changes) if hasattr(EXTENT, name)}
    extent = replace(EXTENT, **names)
    return ServedSource("s", replace(RECORD, **changes), extent, made_settings(4))


@pytest.mark.parametrize(
    ("gsd", "least", "most"),
    [(10.0, 12, 14), (0.1, 18, 20), (1000.0, 5, 7), (1e-6, 22, 24), (1e7, 0, 0)],
)
def test_zooms(gsd, least, most):
    assert zooms(source(gsd=gsd)) == {"min_zoom": least, "max_zoom": most}


@pytest.mark.parametrize(
    "what", [{"gsd": None}, {"bbox": None}, {"placed_by": "GPS of the camera"}, {"width": None}]
)
def test_without_a_place_there_are_no_zooms(what):
    assert zooms(source(**what)) == {"min_zoom": None, "max_zoom": None}


def test_a_tag_changes_with_all_that_a_tile_shows():
    tags = {
        content_tag(source(**change))
        for change in ({}, {"content": "d" * 32}, {"bands": "3,2,1"}, {"stretch": "0 to 9"})
    }
    assert len(tags) == 4
    assert content_tag(source(num_skipped=5)) == content_tag(source())


def test_boxes():
    one = shapely.geometry.shape(box_outline((5, 50, 6, 51)))
    assert one.bounds == (5, 50, 6, 51)
    assert one.exterior.is_ccw
    both = shapely.geometry.shape(box_outline((179, -17, -179, -16)))
    assert [part.bounds for part in both.geoms] == [(179, -17, 180, -16), (-180, -17, -179, -16)]


def test_dates():
    first = dt.datetime(2020, 6, 1, tzinfo=dt.UTC)
    last = dt.datetime(2020, 6, 30, 23, 59, 59, 999999, tzinfo=dt.UTC)
    assert date_text(source()) == ""
    assert date_text(source(datetime=first, datetime_end=last)) == "2020-06"


def test_coverage_says_when_there_are_more(monkeypatch):
    table = SimpleNamespace(sources=[source(), source(bbox=None), source(), source()])
    assert json.loads(coverage(table))["truncated"] is False
    monkeypatch.setattr("harma.serve.source_answers.MOST_BOXES", 2)
    answer = json.loads(coverage(table))
    assert answer["truncated"] is True
    assert len(answer["features"]) == 2
