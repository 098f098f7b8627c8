"""Routes of STAC: the search for items in one or more collections, by GET and POST."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from harma.errors import QueryError
from harma.serve.feature_collections import FeatureCollection, FeatureCollections
from harma.serve.item_answers import GeoJsonResponse, ItemPage, SearchBody
from harma.serve.item_filter import item_filter
from harma.serve.item_pages import LIMIT, MOST_LIMIT, ItemsAsked, check_known, page_of
from harma.serve.links import link
from harma.serve.media_types import GEOJSON, JSON
from harma.serve.ogc import page_document
from harma.serve.problems import responses
from harma.serve.routes.ogc import Bbox, Limit, Period, Token, Words
from harma.serve.service import Service
from harma.serve.standard_route import StandardRoute

PARAMETERS = (
    *("limit", "bbox", "datetime", "q", "token", "f"),
    *("collections", "ids", "intersects"),
)
PATH = "/search"


def routes(service: Service) -> APIRouter:
    """The routes of STAC."""
    router = APIRouter(tags=["STAC"], route_class=StandardRoute)
    kept = FeatureCollections(service)

    @router.get(
        PATH,
        operation_id="search_items",
        summary="Items of one or more collections",
        response_class=GeoJsonResponse,
        response_model=ItemPage,
        responses=responses(400, 404, 410, 503),
    )
    async def search(
        request: Request,
        collections: Annotated[
            str | None, Query(description="ids with commas; without them all indexes")
        ] = None,
        ids: Annotated[str | None, Query(description="of chips, with commas")] = None,
        bbox: Bbox = None,
        intersects: Annotated[str | None, Query(description="a geometry of GeoJSON")] = None,
        period: Period = None,
        limit: Limit = LIMIT,
        token: Token = None,
        q: Words = None,
    ) -> Response:
        check_known(request.query_params, PARAMETERS)
        body = SearchBody.model_construct(
            collections=_listed(collections),
            ids=_listed(ids),
            bbox=bbox,
            intersects=intersects,
            datetime=period,
            limit=limit,
            token=token,
            q=q,
        )

        def answer() -> Response:
            asked = _asked(service, kept, body)
            page = page_of(request, kept, asked)
            links = _links(request)
            if page.token:
                values = {**request.query_params, "token": page.token}
                links.append(_next("GET", link(request, PATH, **values)))
            return GeoJsonResponse(page_document(page.features, links, page.num_matched))

        return await service.search_work.run(answer)

    @router.post(
        PATH,
        operation_id="search_items_by_body",
        summary="Items of one or more collections, asked for in JSON",
        response_class=GeoJsonResponse,
        response_model=ItemPage,
        responses=responses(400, 404, 410, 503),
    )
    async def search_by_body(request: Request, body: SearchBody) -> Response:
        def answer() -> Response:
            asked = _asked(service, kept, body)
            page = page_of(request, kept, asked)
            links = _links(request)
            if page.token:
                values = {**body.model_dump(exclude_none=True), "token": page.token}
                following = _next("POST", link(request, PATH))
                links.append({**following, "body": values, "merge": False})
            return GeoJsonResponse(page_document(page.features, links, page.num_matched))

        return await service.search_work.run(answer)

    return router


def _asked(service: Service, kept: FeatureCollections, body: SearchBody) -> ItemsAsked:
    collections = _chosen(kept, body.collections)
    if body.q and len(collections) != 1:
        raise QueryError("q needs one collection, an index, whose chips it ranks")
    asked = item_filter(
        bbox=body.bbox,
        period=body.datetime,
        intersects=body.intersects,
        ids=body.ids,
        most_vertices=service.settings.limits.vertices,
    )
    limit = min(body.limit, MOST_LIMIT)
    return ItemsAsked(collections, asked, body.q or "", limit, body.token or "")


def _chosen(kept: FeatureCollections, names: list[str] | None) -> list[FeatureCollection]:
    """Collections by name; without names all indexes, so that every chip comes once."""
    if not names:
        return [collection for collection in kept.all() if collection.saved is None]
    return [kept.get(name) for name in dict.fromkeys(names)]


def _listed(text: str | None) -> list[str] | None:
    return None if text is None else [name for name in text.split(",") if name]


def _links(request: Request) -> list[dict[str, Any]]:
    return [
        {"rel": "self", "type": GEOJSON, "href": link(request, PATH, **request.query_params)},
        {"rel": "root", "type": JSON, "href": link(request, "/")},
    ]


def _next(method: str, href: str) -> dict[str, Any]:
    return {"rel": "next", "type": GEOJSON, "method": method, "href": href}
