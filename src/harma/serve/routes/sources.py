"""Routes of sources: scenes with their facts, tiles, and coverage: where scenes are."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from harma.errors import ConflictError, NotFoundError
from harma.serve.caching import ASK_FIRST, FOR_EVER, NOT_MODIFIED, cached, is_known, not_modified
from harma.serve.item_answers import GeoJsonResponse
from harma.serve.links import link
from harma.serve.media_types import BYTES
from harma.serve.mercator import MOST_ZOOM, tile_grid
from harma.serve.problems import responses
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.source_answers import (
    Coverage,
    SourceFacts,
    SourcePage,
    content_tag,
    coverage,
    source_facts,
)
from harma.serve.source_table import ServedSource, SourceTable
from harma.serve.tiles import PNG, WEBP, Format, draw_tile, encoded

K = 100
MOST_K = 1000
# Tiles that are drawn in another way have other tags.
DRAWING = 1
IMAGES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the tile; transparent where the scene shows nothing",
        "content": {form.media_type: BYTES for form in (WEBP, PNG)},
    },
    **NOT_MODIFIED,
}
IndexId = Annotated[str, Path(description="id of the index", examples=["archive"])]
SourceId = Annotated[str, Path(description="id of the scene", examples=["0f3a5c7e9b1d2f40"])]


def routes(service: Service) -> APIRouter:
    """The routes of sources."""
    router = APIRouter(tags=["sources"])

    @router.get(
        "/v1/indexes/{index}/coverage",
        operation_id="coverage",
        summary="Where the scenes of an index are",
        response_class=GeoJsonResponse,
        response_model=Coverage,
        responses={**NOT_MODIFIED, **responses(404, 503)},
    )
    async def coverage_(request: Request, index: IndexId) -> Response:
        served = service.index(index)
        return await service.tile_work.run(lambda: _coverage(service, request, served))

    @router.get(
        "/v1/indexes/{index}/sources",
        operation_id="sources",
        summary="The scenes of an index, page by page",
        response_model=SourcePage,
        responses=responses(404, 422, 503),
    )
    async def sources(
        request: Request,
        index: IndexId,
        k: Annotated[int, Query(ge=1, le=MOST_K, description="scenes of a page")] = K,
        after: Annotated[str, Query(max_length=64, description="id of the scene before")] = "",
    ) -> dict[str, Any]:
        served = service.index(index)
        return await service.tile_work.run(lambda: _page(service, request, served, k, after))

    @router.get(
        "/v1/indexes/{index}/sources/{source}",
        operation_id="source",
        summary="A scene: facts, extent, how to draw it",
        response_model=SourceFacts,
        responses=responses(404, 503),
    )
    async def source_(request: Request, index: IndexId, source: SourceId) -> dict[str, Any]:
        served = service.index(index)
        return await service.tile_work.run(lambda: _source(service, request, served, source))

    @router.get(
        "/v1/indexes/{index}/sources/{source}/tiles/{z}/{x}/{y}",
        operation_id="tile",
        summary="A tile of a scene, as the model saw it",
        description="256 × 256 pixels in Web Mercator, as WebP where that is accepted, else PNG."
        " No other parameter counts.",
        response_class=Response,
        responses=IMAGES | responses(404, 409, 422, 503),
    )
    async def tile(
        request: Request,
        index: IndexId,
        source: SourceId,
        z: Annotated[int, Path(ge=0, le=MOST_ZOOM, examples=[14])],
        x: Annotated[int, Path(ge=0, lt=2**MOST_ZOOM, examples=[3641])],
        y: Annotated[int, Path(ge=0, lt=2**MOST_ZOOM, examples=[5802])],
    ) -> Response:
        served = service.index(index)
        return await service.tile_work.run(
            lambda: _tile(service, request, served, source, (z, x, y))
        )

    return router


def _table(service: Service, served: ServedIndex) -> SourceTable:
    return service.source_tables.of(served)


def _coverage(service: Service, request: Request, served: ServedIndex) -> Response:
    table = _table(service, served)
    tag = "-".join(map(str, (served.id, *table.versions)))
    if is_known(request, tag):
        return not_modified(tag, ASK_FIRST)
    body = table.once("coverage", coverage)
    return cached(Response(body, media_type=GeoJsonResponse.media_type), tag, ASK_FIRST)


def _page(
    service: Service, request: Request, served: ServedIndex, k: int, after: str
) -> dict[str, Any]:
    # One more than is given tells whether there are more.
    found = _table(service, served).after(after, k + 1)
    following = None
    if len(found) > k:
        path = f"/v1/indexes/{served.id}/sources"
        following = link(request, path, k=k, after=found[k - 1].id)
    shown = [source_facts(request, served.id, source) for source in found[:k]]
    return {"sources": shown, "next": following}


def _source(service: Service, request: Request, served: ServedIndex, name: str) -> dict[str, Any]:
    source = _table(service, served).get(name)
    facts = source_facts(request, served.id, source)
    if source.has_tiles:
        facts["overviews"] = _has_overviews(service, served, source)
    return facts


def _has_overviews(service: Service, served: ServedIndex, source: ServedSource) -> bool | None:
    """Whether a scene's file has overviews; None where it cannot be opened now."""
    try:
        with service.scene_files.opened(served.id, source.settings, source.record) as kept:
            return bool(kept.dataset.overviews(kept.scene.facts.bands[0]))
    except (NotFoundError, ConflictError):
        return None


def _tile(
    service: Service,
    request: Request,
    served: ServedIndex,
    name: str,
    place: tuple[int, int, int],
) -> Response:
    source = service.source_tables.of(served).get(name)
    # Before anything is opened.
    tile_grid(*place)
    if not source.has_tiles:
        raise NotFoundError("the scene has no place on the Earth, and so no tiles")
    form = _format(request)
    content = content_tag(source)
    tag = f"{DRAWING}-{content}-{'-'.join(map(str, place))}-{form.name}"
    lifetime = FOR_EVER if request.query_params.get("v") == content else ASK_FIRST
    if is_known(request, tag):
        return not_modified(tag, lifetime)
    with service.scene_files.opened(served.id, source.settings, source.record) as kept:
        body = encoded(draw_tile(kept, *place), form)
    response = cached(Response(body, media_type=form.media_type), tag, lifetime)
    response.headers["Vary"] = "Accept"
    return response


def _format(request: Request) -> Format:
    return WEBP if WEBP.media_type in request.headers.get("accept", "") else PNG
