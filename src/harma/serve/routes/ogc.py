"""Routes of OGC API Features: landing page, conformance, collections, items."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from harma.errors import QueryError
from harma.serve.feature_collections import FeatureCollection, FeatureCollections
from harma.serve.item_answers import (
    CollectionDocument,
    CollectionList,
    Conformance,
    GeoJsonResponse,
    ItemFeature,
    ItemPage,
    LandingPage,
)
from harma.serve.item_filter import ItemFilter, item_filter
from harma.serve.item_pages import (
    LIMIT,
    MOST_LIMIT,
    ItemsAsked,
    check_known,
    page_of,
    single_item,
)
from harma.serve.items import one_item
from harma.serve.links import link
from harma.serve.media_types import GEOJSON, JSON
from harma.serve.ogc import (
    collection_document,
    collection_list,
    conformance,
    landing_page,
    page_document,
)
from harma.serve.problems import responses
from harma.serve.service import Service
from harma.serve.standard_route import StandardRoute

# pystac-client names the collection once more.
PARAMETERS = ("limit", "bbox", "datetime", "q", "token", "f", "collections")
CollectionId = Annotated[str, Path(description="id of the collection", examples=["archive"])]
Limit = Annotated[
    int, Query(ge=1, description=f"items of a page; at most {MOST_LIMIT:,} are given")
]
Bbox = Annotated[
    str | None,
    Query(description="west,south,east,north; with heights six numbers", examples=["4,51,5,52"]),
]
Period = Annotated[
    str | None,
    Query(alias="datetime", description="a moment, or two", examples=["2019-01-01T00:00:00Z/.."]),
]
Words = Annotated[str | None, Query(description="what should be seen: items are ranked by it")]
Token = Annotated[str | None, Query(description="of a next link")]


def routes(service: Service) -> APIRouter:
    """The routes of OGC API Features."""
    router = APIRouter(tags=["OGC API Features"], route_class=StandardRoute)
    kept = FeatureCollections(service)

    @router.get(
        "/",
        operation_id="landing_page",
        summary="What a program reads first; browsers get the page",
        response_model=LandingPage,
    )
    async def landing(request: Request) -> Response:
        return await service.tile_work.run(
            lambda: JSONResponse(landing_page(request, kept.all()), headers={"Vary": "Accept"})
        )

    @router.get(
        "/conformance",
        operation_id="conformance",
        summary="Standards that are kept to",
        response_model=Conformance,
    )
    async def conformance_() -> Response:
        return JSONResponse(conformance())

    @router.get(
        "/collections",
        operation_id="collections",
        summary="All collections: indexes and saved searches",
        response_model=CollectionList,
        responses=responses(503),
    )
    async def collections(request: Request) -> Response:
        return await service.tile_work.run(lambda: _collections(request, kept))

    @router.get(
        "/collections/{collection}",
        operation_id="collection",
        summary="A collection",
        response_model=CollectionDocument,
        responses=responses(404, 503),
    )
    async def collection_(request: Request, collection: CollectionId) -> Response:
        return await service.search_work.run(lambda: _collection(request, kept, collection))

    @router.get(
        "/collections/{collection}/items",
        operation_id="items",
        summary="Items of a collection, page by page",
        response_class=GeoJsonResponse,
        response_model=ItemPage,
        responses=responses(400, 404, 410, 503),
    )
    async def items(
        request: Request,
        collection: CollectionId,
        limit: Limit = LIMIT,
        bbox: Bbox = None,
        period: Period = None,
        q: Words = None,
        token: Token = None,
    ) -> Response:
        check_known(request.query_params, PARAMETERS)
        if request.query_params.get("collections", collection) != collection:
            raise QueryError("collections names another collection; see /search for several")
        asked = item_filter(bbox=bbox, period=period)

        def answer() -> Response:
            wanted = ItemsAsked(
                [kept.get(collection)], asked, q or "", min(limit, MOST_LIMIT), token or ""
            )
            return _items(request, kept, wanted)

        return await service.search_work.run(answer)

    @router.get(
        "/collections/{collection}/items/{item}",
        operation_id="item",
        summary="An item",
        response_class=GeoJsonResponse,
        response_model=ItemFeature,
        responses=responses(400, 404, 503),
    )
    async def item_(
        request: Request,
        collection: CollectionId,
        item: Annotated[str, Path(description="id of the chip", max_length=200)],
    ) -> Response:
        return await service.search_work.run(
            lambda: _item(request, kept, kept.get(collection), item)
        )

    return router


def _collections(request: Request, kept: FeatureCollections) -> Response:
    documents = [
        # Of its index: hits of saved searches are not looked for only to say where they are.
        collection_document(request, collection, kept.extent_of_index(collection))
        for collection in kept.all()
    ]
    return JSONResponse(collection_list(request, documents))


def _collection(request: Request, kept: FeatureCollections, name: str) -> Response:
    collection = kept.get(name)
    return JSONResponse(collection_document(request, collection, kept.extent(collection)))


def _items(request: Request, kept: FeatureCollections, wanted: ItemsAsked) -> Response:
    collection = wanted.collections[0]
    page = page_of(request, kept, wanted)
    path = f"/collections/{collection.id}"
    values = {**request.query_params}
    links = [
        {"rel": "self", "type": GEOJSON, "href": link(request, f"{path}/items", **values)},
        {"rel": "root", "type": JSON, "href": link(request, "/")},
        {"rel": "collection", "type": JSON, "href": link(request, path)},
        {"rel": "parent", "type": JSON, "href": link(request, path)},
    ]
    if page.token:
        following = {**values, "token": page.token}
        href = link(request, f"{path}/items", **following)
        links.append({"rel": "next", "type": GEOJSON, "href": href})
    return GeoJsonResponse(page_document(page.features, links, page.num_matched))


def _item(
    request: Request, kept: FeatureCollections, collection: FeatureCollection, name: str
) -> Response:
    found = one_item(kept.items(collection, ItemFilter(ids=(name,))), name)
    return GeoJsonResponse(single_item(request, kept, collection, found))
