"""STAC API: searches over collections, by pystac-client, and what stac-pydantic says of answers."""

import httpx
import pystac_client
import pytest
from stac_pydantic.api import Item, ItemCollection, LandingPage
from stac_pydantic.api.collection import Collection
from stac_pydantic.api.collections import Collections
from tests.serve.mixed import CHIPS

BOX = [179.8, -17.0, -179.8, -15.0]


@pytest.fixture(scope="module")
def saved(mixed_service):
    """A saved search."""
    searches = mixed_service.indexes["mixed"].searches
    return searches.create("roofs", {"text": "a red roof", "overlap": None, "date": ["2012", None]})


@pytest.fixture(scope="module")
def catalogue(mixed_server):
    """The catalogue as pystac-client opens it."""
    return pystac_client.Client.open(mixed_server)


def test_pystac_client_finds_all(catalogue, saved):
    assert [one.id for one in catalogue.get_collections()] == ["mixed", f"search-{saved.id}"]
    search = catalogue.search(limit=10)
    assert search.matched() == CHIPS
    items = list(search.items())
    assert len({item.id for item in items}) == len(items) == CHIPS


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pystac_client_finds_by_box_date_and_ids(catalogue, method):
    boxed = catalogue.search(collections=["mixed"], bbox=BOX, limit=2, method=method)
    found = list(boxed.items())
    assert len(found) == boxed.matched() == 9
    dated = catalogue.search(datetime="2020-06", method=method)
    assert {item.properties["date"] for item in dated.items()} == {"2020-06-15"}
    named = catalogue.search(ids=[item.id for item in found[:3]], method=method)
    assert {item.id for item in named.items()} == {item.id for item in found[:3]}
    shape = {"type": "Point", "coordinates": [179.95, -16.1]}
    assert len(list(catalogue.search(intersects=shape, method=method).items())) in (1, 2)


def test_pystac_client_reads_a_saved_search(catalogue, saved):
    collection = catalogue.get_collection(f"search-{saved.id}")
    items = list(collection.get_items())
    # Chips without a date are not in its dates.
    assert len(items) == CHIPS - 9
    assert [item.properties["rank"] for item in items] == list(range(1, CHIPS - 8))
    both = catalogue.search(collections=["mixed", collection.id], limit=7)
    assert both.matched() == len(list(both.items())) == 2 * CHIPS - 9


def test_undated_chips_can_be_read_and_their_period_is_long(catalogue):
    items = catalogue.search(bbox=[14, 46, 16, 48]).item_collection()
    assert len(items) == 9
    for item in items:
        assert item.datetime is None
        assert item.common_metadata.start_datetime.year == 1858
        assert item.common_metadata.end_datetime.year >= 2026


def test_answers_are_valid(mixed_server, saved):
    def get(path, **query):
        return httpx.get(mixed_server + path, params=query).json()

    LandingPage.model_validate(get("/"))
    Collections.model_validate(get("/collections"))
    for name in ("mixed", f"search-{saved.id}"):
        Collection.model_validate(get(f"/collections/{name}"))
        page = get(f"/collections/{name}/items", limit=1000)
        ItemCollection.model_validate(page)
        Item.model_validate(get(f"/collections/{name}/items/{page['features'][0]['id']}"))
    ItemCollection.model_validate(get("/search", limit=1000))


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"bbox": [1, 2, 3]},
        {"intersects": {"type": "Point"}},
        {"intersects": {"type": "Point", "coordinates": [500, 0]}},
        {"intersects": {"type": "Point", "coordinates": [5, 0]}, "bbox": BOX},
        {"datetime": "x"},
        {"ids": []},
        {"fields": {}},
        {"q": "a roof", "collections": []},
        {"collections": "mixed"},
    ],
)
def test_what_cannot_be_used_is_told(mixed_server, saved, body):
    if "q" in body:
        body = {**body, "collections": ["mixed", f"search-{saved.id}"]}
    answer = httpx.post(mixed_server + "/search", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_collection_that_is_not_there_is_told(mixed_server):
    answer = httpx.get(mixed_server + "/search", params={"collections": "mixed,none"})
    assert answer.status_code == 404


def test_a_text_ranks_the_chips_of_an_index(mixed_server):
    body = {"q": "a red roof", "collections": ["mixed"], "limit": 4}
    page = httpx.post(mixed_server + "/search", json=body).json()
    assert [item["properties"]["rank"] for item in page["features"]] == [1, 2, 3, 4]
    (following,) = [link for link in page["links"] if link["rel"] == "next"]
    page = httpx.post(following["href"], json=following["body"]).json()
    assert [item["properties"]["rank"] for item in page["features"]] == [5, 6, 7, 8]
