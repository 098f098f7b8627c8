"""Routes of chips: what is known of one, its thumbnail, its picture, why a text finds it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from PIL import Image

from harma.errors import NotFoundError
from harma.index.hits import Hit
from harma.index.pictures import as_jpeg, pictures_of
from harma.serve.answers import HitFeature, RelevanceMap
from harma.serve.caching import AN_HOUR, NOT_MODIFIED, cached, is_known, not_modified
from harma.serve.explaining import explained
from harma.serve.features import chip_feature
from harma.serve.media_types import JPEG, jpeg_response
from harma.serve.problems import responses
from harma.serve.served import ServedIndex
from harma.serve.service import Service

# Longer side of a picture, pixels.
MOST_SIDE = 1024


def routes(service: Service) -> APIRouter:
    """The routes of chips."""
    router = APIRouter(tags=["chips"])
    limits = service.settings.limits

    @router.get(
        "/v1/indexes/{index}/chips/{chip}",
        operation_id="chip",
        summary="What is known of a chip",
        response_model=HitFeature,
        response_model_exclude_unset=True,
        responses=responses(404, 503),
    )
    async def chip_(index: str, chip: str) -> dict[str, Any]:
        served = service.index(index)
        found = await service.tile_work.run(lambda: served.chip(chip))
        return chip_feature(index, found)

    @router.get(
        "/v1/indexes/{index}/chips/{chip}/thumbnail",
        operation_id="thumbnail",
        summary="A small picture of a chip",
        response_class=Response,
        responses={
            **jpeg_response("JPEG, 96 pixels"),
            **NOT_MODIFIED,
            **responses(404, 503),
        },
    )
    async def thumbnail(request: Request, index: str, chip: str) -> Response:
        served = service.index(index)
        return await service.tile_work.run(lambda: _thumbnail(served, chip, request))

    @router.get(
        "/v1/indexes/{index}/chips/{chip}/image",
        operation_id="image",
        summary="A chip as the model saw it, at most 1024 pixels",
        response_class=Response,
        responses={
            **jpeg_response("JPEG"),
            **NOT_MODIFIED,
            **responses(404, 503),
        },
    )
    async def image(request: Request, index: str, chip: str) -> Response:
        served = service.index(index)
        return await service.tile_work.run(lambda: _image(served, chip, request))

    @router.get(
        "/v1/indexes/{index}/chips/{chip}/relevance",
        operation_id="relevance",
        summary="Which parts of a chip a text is found by",
        response_model=RelevanceMap,
        responses=responses(404, 422, 503),
    )
    async def relevance(
        index: str,
        chip: str,
        text: Annotated[
            str, Query(min_length=1, max_length=limits.text, examples=["a harbour with tanks"])
        ],
    ) -> dict[str, Any]:
        served = service.index(index)
        return await service.explain_work.run(
            lambda: explained(served.index.model, _picture(served, served.chip(chip)), text)
        )

    return router


def _thumbnail(served: ServedIndex, chip: str, request: Request) -> Response:
    tag = f"{chip}-{served.content_of(chip)[:16]}"
    if is_known(request, tag):
        return not_modified(tag, AN_HOUR)
    return cached(Response(served.thumbnail(chip), media_type=JPEG), tag, AN_HOUR)


def _image(served: ServedIndex, chip: str, request: Request) -> Response:
    tag = f"{chip}-{served.content_of(chip)[:16]}-{MOST_SIDE}"
    if is_known(request, tag):
        return not_modified(tag, AN_HOUR)
    picture = _picture(served, served.chip(chip))
    return cached(Response(as_jpeg(picture), media_type=JPEG), tag, AN_HOUR)


def _picture(served: ServedIndex, chip: Hit) -> Image.Image:
    """A chip read again from its scene.

    Raises:
        NotFoundError: its scene is not there, or not as it was.
    """
    picture = pictures_of(served.index.store, [chip], size=MOST_SIDE, known=served.records())[0]
    if picture.problem:
        # Its words name files.
        problem = "the scene of this chip cannot be read now, or is not as it was indexed"
        if served.index.store.settings.thumbnails:
            problem += "; its thumbnail is there"
        raise NotFoundError(problem)
    return picture.image
