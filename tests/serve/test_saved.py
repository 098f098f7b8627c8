"""Saved searches of a server: found in all of its indexes, shown without its paths."""

import datetime as dt

import pytest
import shapely

from harma.errors import NotFoundError
from harma.searches.asking import CurrentMarks
from harma.searches.records import Mark
from harma.serve.saved import mark_features, saved_of
from harma.serve.saved_models import MarkCollection, SearchList


def test_a_search_is_found_in_whichever_index_it_is(service):
    book = service.index("archive").searches
    search = book.create("roofs", {"text": "a roof"})
    saved = saved_of(service, search.id)
    assert (saved.index.id, saved.search, saved.book) == ("archive", search, book)
    with pytest.raises(NotFoundError, match="no saved search 'none'; see /v1/searches"):
        saved_of(service, "none")


def test_marks_are_features_in_their_order():
    moment = dt.datetime(2020, 6, 15, tzinfo=dt.UTC)
    clockwise = shapely.Polygon([(0, 0), (0, 1), (1, 1), (1, 0)])
    marks = [
        Mark(
            "b",
            "good",
            "n",
            "anna",
            ("ben",),
            changed=moment,
            source="/secret/x.tif",
            geometry=shapely.to_wkb(clockwise),
            taken=moment,
            taken_end=moment + dt.timedelta(days=1) - dt.timedelta(microseconds=1),
        ),
        Mark("a", "bad", changed=moment),
    ]
    features = mark_features(CurrentMarks(marks, frozenset(["b"])))
    first, second = features
    assert (first["id"], second["id"]) == ("b", "a")
    assert shapely.geometry.shape(first["geometry"]).exterior.is_ccw
    assert first["properties"] | {"source": ""} == {
        "mark": "good",
        "note": "n",
        "who": "anna",
        "earlier": ["ben"],
        "changed": "2020-06-15T00:00:00Z",
        "source": "",
        "source_name": "x.tif",
        "date": "2020-06-15",
        "is_there": True,
    }
    assert second["geometry"] is None
    assert second["properties"]["is_there"] is False
    assert second["properties"]["date"] == ""
    MarkCollection.model_validate({"type": "FeatureCollection", "features": features})


def test_searches_of_several_indexes_the_newest_first(service, client):
    book = service.index("archive").searches
    book.create("old", {"text": "a"})
    book.create("new", {"text": "a"})
    answer = client.get("/v1/searches").json()
    assert [search["name"] for search in answer["searches"]] == ["new", "old"]
    SearchList.model_validate(answer)
