"""Searches of the API: found once, kept, and cut into pages."""

import pytest

from harma.errors import NotFoundError, QueryError
from harma.serve.finding import PageOfHits, answer, empty_of, find, has_more
from harma.serve.settings import Limits


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
    page = answer(kept, PageOfHits(20, 5), next_page="there")
    assert [one["properties"]["rank"] for one in page["features"]] == [21, 22, 23, 24, 25]
    assert page["next"] == "there"
    assert has_more(kept, PageOfHits(20, 5))
    assert not has_more(kept, PageOfHits(20, 7))
    assert answer(kept, PageOfHits(27, 5), next_page=None)["features"] == []


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
