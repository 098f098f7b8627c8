"""Documents of OGC API Features and STAC: what programs look for in them."""

import datetime as dt
from types import SimpleNamespace

from fastapi import Request

from harma.serve.feature_collections import CollectionExtent, FeatureCollection
from harma.serve.ogc import (
    CONFORMS_TO,
    OPENAPI,
    collection_document,
    landing_page,
    page_document,
    title_of,
)

INDEX = FeatureCollection("archive", SimpleNamespace(id="archive"))
SAVED = FeatureCollection("search-x", INDEX.index, SimpleNamespace(name="roofs"))
BASE = "https://example.org/harma"


def request():
    return Request(
        {
            "type": "http",
            "method": "GET",
            "scheme": "https",
            "server": ("example.org", 443),
            "path": "/",
            "root_path": "/harma",
            "headers": [(b"host", b"example.org")],
            "query_string": b"",
        }
    )


def links_of(document):
    return {link["rel"]: link for link in document["links"]}


def test_the_landing_page_is_below_the_root_path():
    page = landing_page(request(), [INDEX, SAVED])
    links = links_of(page)
    assert links["self"]["href"] == links["root"]["href"] == f"{BASE}/"
    # QGIS looks for the description of the API under exactly this type.
    assert (
        links["service-desc"]["type"] == OPENAPI == "application/vnd.oai.openapi+json;version=3.0"
    )
    assert links["data"]["href"] == f"{BASE}/collections"
    methods = {link["method"] for link in page["links"] if link["rel"] == "search"}
    assert methods == {"GET", "POST"}
    assert page["conformsTo"] == CONFORMS_TO


def test_a_collection_without_places_or_dates_may_be_anywhere():
    document = collection_document(request(), INDEX, CollectionExtent(None, None, None))
    assert document["extent"]["spatial"]["bbox"] == [[-180, -90, 180, 90]]
    assert document["extent"]["temporal"]["interval"] == [[None, None]]


def test_the_extent_of_a_collection():
    first = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    extent = CollectionExtent((179.123456789, -17.0, -179.0, -16.0), first, None)
    document = collection_document(request(), SAVED, extent)
    assert document["extent"]["spatial"]["bbox"] == [[179.1234568, -17.0, -179.0, -16.0]]
    assert document["extent"]["temporal"]["interval"] == [["2020-01-01T00:00:00Z", None]]
    assert links_of(document)["items"]["href"] == f"{BASE}/collections/search-x/items"


def test_titles_are_what_people_say():
    assert title_of(INDEX) == "archive"
    assert title_of(SAVED) == "roofs"
    assert (
        title_of(FeatureCollection("search-x", INDEX.index, SimpleNamespace(name=""))) == "search-x"
    )


def test_a_page_says_how_many_there_are():
    page = page_document([{}, {}], [], 7)
    assert (page["numberMatched"], page["numberReturned"]) == (7, 2)
    assert dt.datetime.fromisoformat(page["timeStamp"]).tzinfo is not None
