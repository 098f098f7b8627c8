"""Checks of what people write."""

import pytest

from harma.errors import QueryError
from harma.searches import checks
from harma.searches.checks import check_asked, check_mark, check_name, check_text, check_who
from harma.searches.records import Mark


def test_a_name_is_a_line_without_space_around_it():
    assert check_name("  häfen und tanks  ") == "häfen und tanks"
    assert check_name("港口 🚢") == "港口 🚢"


@pytest.mark.parametrize("sign", ["\0", "\n", "\x1b", "\x7f", "\x85", "\ud800", "\u202e", "\u202a"])
def test_signs_that_have_no_shape(sign):
    with pytest.raises(QueryError, match="control character"):
        check_name(f"a{sign}b")


def test_lines_are_for_notes():
    check_mark(Mark("c", "good", "two\nlines\tand a tab"))
    with pytest.raises(QueryError, match="a note holds the control character"):
        check_mark(Mark("c", "good", "a\x1bb"))


def test_lengths():
    assert check_text("the name", "x" * 5, 5) == "xxxxx"
    with pytest.raises(QueryError, match="the name has 6 characters; at most 5 are kept"):
        check_text("the name", "x" * 6, 5)
    with pytest.raises(QueryError, match="must be a text"):
        check_text("the name", 7, 5)
    with pytest.raises(QueryError, match="the name of a person"):
        check_who("x" * 201)


def test_a_mark_is_one_of_three():
    with pytest.raises(QueryError, match="'great' is no mark; say one of good, bad, unsure"):
        check_mark(Mark("c", "great"))


def test_what_says_nothing_is_left_out():
    asked = {"text": "a", "bbox": None, "overlap": None, "source": ["s1"]}
    assert check_asked(asked) == {"text": "a", "overlap": None, "source": ["s1"]}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"txt": "a"}, "is no field of a search"),
        ({"text": "a", "where": "1=1"}, "is no field"),
        ({"text": 7}, "give a string"),
        ({"like": [{"upload": "u"}]}, "no uploaded picture"),
        ({"text": "a", "polygon": "/etc/passwd"}, "give a geometry of GeoJSON"),
        ({"text": "a", "k": 0}, "k must be 1 or more"),
        ({"text": "a", "offset": 5}, "a saved search has none"),
        ({"text": "a\0b"}, "control character"),
        ({"text": "a\ud800"}, "control character"),
        ({"text": "a", "bbox": [1, 2, 3, float("nan")]}, "cannot be kept"),
        ({"text": "a", "polygon": {"x": {1, 2}}}, "cannot be kept"),
    ],
)
def test_searches_that_cannot_be_kept(asked, said):
    with pytest.raises(QueryError, match=said):
        check_asked(asked)


def test_a_search_that_is_too_long(monkeypatch):
    monkeypatch.setattr(checks, "ASKED_BYTES", 100)
    with pytest.raises(QueryError, match="takes 213 bytes as JSON; at most 100"):
        check_asked({"text": "x" * 201})


def test_a_search_that_is_nested_without_end():
    polygon = []
    for _ in range(100_000):
        polygon = [polygon]
    with pytest.raises(QueryError, match="cannot be kept"):
        check_asked({"text": "a", "polygon": {"coordinates": polygon}})
