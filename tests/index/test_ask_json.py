"""A search as JSON: read into the declaration; a string is never a file, a source is an id."""

from dataclasses import fields

import numpy as np
import pytest

from harma.errors import QueryError
from harma.index.ask import Chip, Page, Picture, Query, Text, Vector, Where
from harma.index.ask_json import NOT_IN_JSON, asked_of, said
from harma.index.filters import filter_of

PIXELS = np.zeros((4, 4, 3), dtype=np.uint8)
POLYGON = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


def read(**values):
    return asked_of(values, uploaded={"u": PIXELS}.__getitem__, named=lambda one: f"/srv/{one}")


def test_nothing_said_is_the_declaration_as_it_is():
    asked = read()
    assert (asked.query.text, asked.query.image) == (None, None)
    assert (list(asked.query.like), list(asked.query.unlike)) == ([], [])
    assert vars(asked.where) == vars(Where())
    assert asked.page == Page()


def test_null_says_nothing_but_of_overlap():
    names = {declared.name for kind in (Query, Where, Page) for declared in fields(kind)}
    asked = read(**dict.fromkeys(names - set(NOT_IN_JSON), None))
    assert vars(asked.where) == vars(Where())
    assert asked.page == Page(overlap=None)


def test_examples_say_what_they_are():
    asked = read(
        text=["a", "b"],
        image={"upload": "u", "weight": 3},
        like=[{"text": "t"}, {"chip": "c", "weight": 2}, {"upload": "u"}, {"vector": [1.0, 2.0]}],
        unlike=[{"text": "/etc/passwd", "weight": 0.5}],
    )
    assert asked.query.text == ["a", "b"]
    assert isinstance(asked.query.image, Picture)
    assert asked.query.image.weight == 3
    text, chip, picture, vector = asked.query.like
    assert text == Text("t")
    assert chip == Chip("c", 2)
    assert isinstance(picture, Picture)
    assert picture.image is PIXELS
    assert isinstance(vector, Vector)
    assert asked.query.unlike == [Text("/etc/passwd", 0.5)]


def test_places_and_pages():
    asked = read(
        bbox=[1, 2, 3, 4],
        polygon=POLYGON,
        within=True,
        date=["2015", None],
        source="s",
        k=7,
        offset=3,
        overlap=0.25,
        exact=True,
    )
    assert asked.where.bbox == [1, 2, 3, 4]
    assert asked.where.source == ["/srv/s"]
    assert asked.page == Page(k=7, offset=3, overlap=0.25, exact=True)
    assert read(source=["a", "b"]).where.source == ["/srv/a", "/srv/b"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"colour": "red"}, "colour is no field of a search"),
        ({"where": "1=1"}, "where is no field of a search"),
        ({"text": 5}, "text is 5"),
        ({"text": ["a", 5]}, "text is"),
        ({"text": {"chip": "c"}}, "text is"),
        ({"image": "a.png"}, "image holds 'a.png'"),
        ({"image": {"text": "a"}}, 'give {"upload": ID}'),
        ({"like": "a"}, "like is 'a'; give a list"),
        ({"like": {"text": "a"}}, "like is"),
        ({"like": 5}, "like is 5"),
        ({"like": ["a"]}, "like holds 'a'"),
        ({"like": [{}]}, "like holds {}"),
        ({"like": [{"text": "a", "chip": "c"}]}, "an example is an object with one of"),
        ({"like": [{"text": "a", "colour": 1}]}, "an example is an object with one of"),
        ({"unlike": [{"chip": 5}]}, "chip in unlike is 5"),
        ({"like": [{"text": "a", "weight": "2"}]}, "weight of an example is '2'"),
        ({"like": [{"text": "a", "weight": True}]}, "weight of an example is True"),
        ({"like": [{"text": "a", "weight": -1}]}, "must be greater than 0"),
        ({"polygon": "/etc/passwd"}, "give a geometry of GeoJSON"),
        ({"source": 5}, "source is 5"),
        ({"source": [5]}, "source is"),
        ({"k": 0}, "k must be 1 or more"),
        ({"k": "5"}, "k is '5'"),
        ({"offset": 10**16}, "at most 100,000 hits"),
    ],
)
def test_what_is_not_usable(values, words):
    with pytest.raises(QueryError) as caught:
        read(**values)
    assert words in str(caught.value)


def test_what_says_nothing_is_left_out():
    assert said({"text": "a", "bbox": None, "overlap": None}) == {"text": "a", "overlap": None}


def test_without_uploads_and_sources():
    with pytest.raises(QueryError, match="no uploaded picture 'x'; upload it again"):
        asked_of({"image": {"upload": "x"}})
    with pytest.raises(QueryError, match="no source 'x' in the index"):
        asked_of({"source": "x"})


def test_the_name_of_a_source_is_no_pattern():
    # An id is looked up; what has that name may hold signs that would match others.
    asked = asked_of({"source": "s"}, named=lambda _: "/srv/a_[1]%.tif")
    assert filter_of(asked.where).where == "(source = '/srv/a_[1]%.tif')"
