"""What a row of a file of marks says."""

import datetime as dt

import numpy as np
import pytest
import shapely

from harma.errors import QueryError
from harma.searches.mark_words import GivenRow, mark_row, shape_of

BOX = shapely.box(0, 0, 1, 1)


def row(geometry=BOX, **values):
    return mark_row(GivenRow(1, {"mark": "good", **values}, geometry))


@pytest.mark.parametrize(
    ("words", "mark"),
    [
        (("good", "Positive", "pos", "YES", "true", True, 1, 1.0, "1", "1.0", " good "), "good"),
        (("bad", "negative", "neg", "no", "false", False, 0, 0.0, "0", "0.0"), "bad"),
        (("unsure", "unknown", "maybe"), "unsure"),
    ],
)
def test_words_of_many_programs(words, mark):
    for word in words:
        assert row(mark=word).mark == mark
        assert row(mark=None, label=word).mark == mark


@pytest.mark.parametrize("word", ["", None, "great", -1, 2, 0.5, "1.5", [1], {"a": 1}, np.nan])
def test_what_is_no_mark(word):
    with pytest.raises(QueryError, match="its mark is|has no mark"):
        row(mark=word)


def test_all_that_a_row_says():
    read = row(id=17, note=" two cranes ", who="anna", source_name="x.tif", date="2020-06")
    assert (read.chip, read.note, read.who) == ("17", "two cranes", "anna")
    assert (read.source_name, read.taken.text) == ("x.tif", "2020-06")
    assert read.told == "17"
    assert row().told == "0.50000,0.50000"
    assert row(None, id="a").geometry is None


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        ("2020", None, "2020"),
        ("2020-06-01T00:00:00+00:00", "2020-06-30T23:59:59.999999+00:00", "2020-06"),
        ("2020-06-15T10:30:00", "", "2020-06-15"),
        (dt.datetime(2020, 6, 15, 10), None, "2020-06-15"),
        ("", "", None),
    ],
)
def test_dates(first, last, text):
    taken = row(datetime=first, datetime_end=last).taken
    assert (taken and taken.text) == text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"date": "yesterday"}, "its date is 'yesterday'"),
        ({"datetime": "2020", "datetime_end": "2019"}, "before its first"),
        ({"id": "x" * 501}, "501 characters"),
        ({"id": ["a"]}, "is no text"),
        ({"id": "a\0"}, "control character"),
        ({"note": "x" * 2001}, "2,001 characters"),
        ({"who": "a\nb"}, "control character"),
    ],
)
def test_what_a_row_cannot_say(values, said):
    with pytest.raises(QueryError, match=said):
        row(**values)


@pytest.mark.parametrize(
    ("geometry", "said"),
    [
        (None, "names no chip"),
        (shapely.LineString([(0, 0), (1, 1)]), "its geometry is LineString"),
        (shapely.Polygon(), "its geometry is Polygon"),
        (shapely.Point(500_000, 5_000_000), "give degrees"),
        (shapely.Point(0, 91), "give degrees"),
        (shapely.Polygon([(0, 0), (1, 1), (0, 1), (1, 0)]), "is not valid"),
    ],
)
def test_places_that_are_none(geometry, said):
    with pytest.raises(QueryError, match=said):
        row(geometry)


@pytest.mark.parametrize(
    "described",
    ["POINT (1", {"type": "Point", "coordinates": [10**400, 0]}, {"type": "Point"}, {"type": 5}, 5],
)
def test_a_geometry_that_cannot_be_read(described):
    geometry, problem = shape_of(described)
    assert geometry is None
    with pytest.raises(QueryError, match="cannot be read"):
        mark_row(GivenRow(1, {"mark": "good", "id": "a"}, None, problem))
    assert shape_of(None) == shape_of("") == shape_of(b"") == (None, "")
    assert shape_of(shapely.to_wkb(BOX))[0].equals(BOX)
