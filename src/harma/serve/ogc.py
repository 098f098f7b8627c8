"""Documents of OGC API Features and STAC: landing page, collections, pages of items."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import Request

from harma.ground.version import __version__
from harma.index.outlines import DIGITS
from harma.serve.feature_collections import CollectionExtent, FeatureCollection
from harma.serve.features import iso
from harma.serve.item_features import STAC_VERSION
from harma.serve.links import link
from harma.serve.media_types import GEOJSON, JSON

# QGIS looks for the description of the API under exactly this type.
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
CONFORMS_TO = [
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "https://api.stacspec.org/v1.0.0-rc.1/item-search#free-text",
]
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
WORLD = [-180.0, -90.0, 180.0, 90.0]
ABOUT = (
    "Chips of aerial and satellite imagery that can be searched by describing them: every index and"
    " every saved search is a collection."
)
Link = dict[str, Any]
Document = dict[str, Any]


def landing_page(request: Request, collections: Iterable[FeatureCollection]) -> Document:
    """What a program reads first."""
    root = link(request, "/")
    search = link(request, "/search")
    links: list[Link] = [
        {"rel": "self", "type": JSON, "href": root},
        {"rel": "root", "type": JSON, "href": root},
        {"rel": "service-desc", "type": OPENAPI, "href": link(request, "/openapi.json")},
        {"rel": "conformance", "type": JSON, "href": link(request, "/conformance")},
        {"rel": "data", "type": JSON, "href": link(request, "/collections")},
        {"rel": "search", "type": GEOJSON, "method": "GET", "href": search},
        {"rel": "search", "type": GEOJSON, "method": "POST", "href": search},
    ]
    links += [
        {
            "rel": "child",
            "type": JSON,
            "title": title_of(collection),
            "href": link(request, f"/collections/{collection.id}"),
        }
        for collection in collections
    ]
    return {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": "harma",
        "title": f"HarMA {__version__}",
        "description": ABOUT,
        "conformsTo": CONFORMS_TO,
        "links": links,
    }


def conformance() -> Document:
    """What the server keeps to."""
    return {"conformsTo": CONFORMS_TO}


def collection_list(request: Request, documents: Sequence[Document]) -> Document:
    """All collections."""
    here = link(request, "/collections")
    return {
        "collections": documents,
        "links": [
            {"rel": "self", "type": JSON, "href": here},
            {"rel": "root", "type": JSON, "href": link(request, "/")},
            {"rel": "parent", "type": JSON, "href": link(request, "/")},
        ],
    }


def collection_document(
    request: Request, collection: FeatureCollection, extent: CollectionExtent
) -> Document:
    """A collection."""
    here = link(request, f"/collections/{collection.id}")
    bbox = WORLD
    if extent.bbox is not None:
        bbox = [round(side, DIGITS) for side in extent.bbox]
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": [],
        "id": collection.id,
        "title": title_of(collection),
        "description": _description(collection),
        "license": "proprietary",
        "itemType": "feature",
        "crs": [CRS84],
        "extent": {
            "spatial": {"bbox": [bbox], "crs": CRS84},
            "temporal": {"interval": [[iso(extent.first), iso(extent.last)]]},
        },
        "links": [
            {"rel": "self", "type": JSON, "href": here},
            {"rel": "root", "type": JSON, "href": link(request, "/")},
            {"rel": "parent", "type": JSON, "href": link(request, "/")},
            {"rel": "items", "type": GEOJSON, "href": f"{here}/items"},
        ],
    }


def title_of(collection: FeatureCollection) -> str:
    """What people call a collection."""
    if collection.saved is None:
        return collection.index.id
    return collection.saved.name or collection.id


def _description(collection: FeatureCollection) -> str:
    if collection.saved is None:
        return f"All chips of the index {collection.index.id}."
    return (
        f"Hits of a saved search in the index {collection.index.id}, the best first, with the marks"
        " that people set."
    )


def page_document(
    features: Sequence[Document], links: Sequence[Link], num_matched: int
) -> Document:
    """A page of items."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    return {
        "type": "FeatureCollection",
        "timeStamp": iso(now),
        "numberMatched": num_matched,
        "numberReturned": len(features),
        "links": list(links),
        "features": list(features),
    }
