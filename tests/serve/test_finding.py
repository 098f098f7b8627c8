"""Searches of the API: found once, kept, and cut into pages."""

from dataclasses import replace

import pytest
from fastapi import Request

from harma.errors import GoneError, NotFoundError, QueryError
from harma.serve.finding import PageOfHits, answer, deep_enough, empty_of, find
from harma.serve.results import Results
from harma.serve.settings import Limits


def page_of(kept, after, k):
    scope = {"type": "http", "scheme": "https", "server": ("example.org", 443), "headers": []}
    request = Request({**scope, "path": "/harma/", "root_path": "/harma", "query_string": b""})
    return answer(request, kept, PageOfHits(after, k))


def test_the_size_of_a_page_is_no_part_of_a_search(service):
    index = service.index("archive")
    kept, k = find(service, index, {"text": "a road", "k": 5})
    again, other = find(service, index, {"k": 7, "text": "a road", "bbox": None})
    assert again is kept
    assert (k, other) == (5, 7)
    assert len(kept.hits) == 27
    assert find(service, index, {"text": "a field"})[0] is not kept


def test_as_many_are_kept_as_the_server_says(make_service):
    service = make_service(limits=Limits(kept_hits=10))
    kept, k = find(service, service.index("archive"), {"text": "a road"})
    assert len(kept.hits) == 10
    assert k == 50


def test_pages(service):
    kept, _ = find(service, service.index("archive"), {"text": "a road"})
    page = page_of(kept, 20, 5)
    assert [one["properties"]["rank"] for one in page["features"]] == [21, 22, 23, 24, 25]
    there = f"https://example.org/harma/v1/indexes/archive/results/{kept.id}"
    assert page["next"] == f"{there}?after=25&k=5"
    assert page_of(kept, 20, 7)["next"] is None
    assert page_of(kept, 27, 5)["features"] == []


def test_what_joined_a_short_text_is_told_on_every_page(service, monkeypatch):
    monkeypatch.setattr("harma.serve.finding.FIRST_KEPT", 5)
    index = service.index("archive")
    kept, _ = find(service, index, {"text": "boats", "k": 3})
    told = page_of(kept, 0, 3)["expanded"]
    assert [one["text"] for one in told] == ["boats"]
    assert told[0]["num_phrases"] > 0
    deep = deep_enough(service, index, kept)
    assert page_of(deep, 20, 5)["expanded"] == told
    typed, _ = find(service, index, {"text": "boats", "k": 3, "expand": "off"})
    assert typed.id != kept.id
    assert page_of(typed, 0, 3)["expanded"] == []


def test_empty(service):
    index = service.index("archive")
    kept, _ = find(service, index, {"text": "a road", "bbox": [100, 10, 101, 11]})
    assert "Nothing is indexed" in empty_of(service, index, kept)["reason"]
    full, _ = find(service, index, {"text": "a road"})
    assert empty_of(service, index, full) is None


def test_what_cannot_be_found(service):
    index = service.index("archive")
    with pytest.raises(QueryError, match="nothing to look for"):
        find(service, index, {})
    with pytest.raises(NotFoundError, match="no source"):
        find(service, index, {"text": "a", "source": "x"})


def test_few_hits_are_looked_for_at_first_and_all_where_they_are_asked_for(service, monkeypatch):
    index = service.index("archive")
    whole, _ = find(service, index, {"text": "a road", "k": 27})
    service.results = Results()
    monkeypatch.setattr("harma.serve.finding.FIRST_KEPT", 5)
    first, _ = find(service, index, {"text": "a road", "k": 3})
    assert len(first.hits) == 5
    assert page_of(first, 0, 5)["next"], "there may be more"
    assert deep_enough(service, index, first, 5) is first
    deep = deep_enough(service, index, first, 6)
    assert deep.id == first.id
    assert [hit.id for hit in deep.hits] == [hit.id for hit in whole.hits]
    assert page_of(deep, 20, 7)["next"] is None
    assert find(service, index, {"text": "a road", "k": 3})[0] is deep
    assert deep_enough(service, index, deep) is deep


def test_a_large_page_is_looked_for_at_once(service, monkeypatch):
    monkeypatch.setattr("harma.serve.finding.FIRST_KEPT", 5)
    index = service.index("archive")
    find(service, index, {"text": "a road", "k": 3})
    kept, k = find(service, index, {"text": "a road", "k": 20})
    assert (len(kept.hits), k) == (27, 20)


def test_further_hits_of_an_index_that_has_changed_are_gone(service, monkeypatch):
    monkeypatch.setattr("harma.serve.finding.FIRST_KEPT", 5)
    index = service.index("archive")
    kept, _ = find(service, index, {"text": "a road", "k": 3})
    old = replace(kept, version=kept.version - 1)
    assert deep_enough(service, index, old, 5) is old, "what is kept is given"
    with pytest.raises(GoneError, match="has changed since this search; search again"):
        deep_enough(service, index, old, 6)
