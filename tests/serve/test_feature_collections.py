"""Collections: indexes that are ready, saved searches that have a name, where their items are."""

import pytest
from fastapi.testclient import TestClient

from harma.errors import BusyError, NotFoundError, QueryError
from harma.serve.app import make_app
from harma.serve.feature_collections import FeatureCollections
from harma.serve.item_filter import ItemFilter, item_filter
from harma.serve.service import Service


@pytest.fixture
def collections(service):
    return FeatureCollections(service)


def test_indexes_and_saved_searches(service, collections):
    searches = service.indexes["archive"].searches
    named = searches.create("roofs", {"text": "a roof"})
    draft = searches.create("", {"text": "a roof"}, is_draft=True)
    assert [one.id for one in collections.all()] == ["archive", f"search-{named.id}"]
    assert collections.get(f"search-{named.id}").saved == named
    for name in (f"search-{draft.id}", "search-", "none", named.id):
        with pytest.raises(NotFoundError, match="no collection|no saved search"):
            collections.get(name)


def test_an_index_that_is_loading_is_no_collection_yet(service):
    loading = Service.of(service.settings)
    collections = FeatureCollections(loading)
    assert list(collections.all()) == []
    with pytest.raises(BusyError):
        collections.get("archive")
    # The server answers all the same.
    answer = TestClient(make_app(loading), base_url="http://localhost").get("/collections")
    assert answer.json()["collections"] == []


def test_extents(service, collections):
    saved = service.indexes["archive"].searches.create(
        "roofs", {"text": "a roof", "date": ["2011", "2011"]}
    )
    all_of_it = collections.extent(collections.get("archive"))
    hits = collections.extent(collections.get(f"search-{saved.id}"))
    assert all_of_it.first.year == 2010
    assert all_of_it.last.year == 2012
    assert hits.first.year == hits.last.year == 2011
    assert all_of_it.bbox[0] < hits.bbox[0] < hits.bbox[2] < all_of_it.bbox[2]


def test_a_text_ranks_the_chips_of_an_index_within_an_area(service, collections):
    archive = collections.get("archive")
    whole = collections.items(archive, ItemFilter(), text="a roof")
    here = collections.items(archive, item_filter(period="2011"), text="a roof")
    assert 0 < here.count() < whole.count()
    # The same again is not searched again.
    before = len(service.results.shelf)
    collections.items(archive, item_filter(period="2011"), text="a roof")
    assert len(service.results.shelf) == before
    with pytest.raises(QueryError, match="501 characters"):
        collections.items(archive, ItemFilter(), text="x" * 501)


def test_a_saved_search_is_not_searched_by_text(service, collections):
    saved = service.indexes["archive"].searches.create("roofs", {"text": "a roof"})
    with pytest.raises(QueryError, match="Take the collection archive"):
        collections.items(collections.get(f"search-{saved.id}"), ItemFilter(), text="a roof")
