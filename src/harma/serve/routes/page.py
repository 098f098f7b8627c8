"""Routes of the map page: its files, and what it has to know of the server."""

from typing import Any

from fastapi import APIRouter, Request, Response

from harma.ground.version import __version__
from harma.serve.answers import PageSettings
from harma.serve.caching import NOT_MODIFIED
from harma.serve.media_types import BYTES
from harma.serve.page_files import page_response
from harma.serve.problems import responses
from harma.serve.service import Service
from harma.serve.settings import ServeSettings
from harma.serve.settings_checks import basemap_kind

ANY_FILE = {"*/*": BYTES}


def routes(service: Service) -> APIRouter:
    """The routes of the page."""
    router = APIRouter(tags=["page"])
    said = page_settings(service.settings)

    @router.get(
        "/assets/{file}",
        operation_id="asset",
        summary="A file of the map page",
        response_class=Response,
        responses={
            200: {"description": "a file", "content": ANY_FILE},
            **NOT_MODIFIED,
            **responses(404),
        },
    )
    async def asset(request: Request, file: str) -> Response:
        return page_response(request, file)

    @router.get(
        "/v1/page",
        operation_id="page",
        summary="What the map page has to know of the server",
        response_model=PageSettings,
    )
    async def page() -> dict[str, Any]:
        return said

    return router


def page_settings(settings: ServeSettings) -> dict[str, Any]:
    """What the page is told (`harma.serve.answers.PageSettings`)."""
    limits = settings.limits
    basemap = None
    if settings.basemap:
        basemap = {
            "kind": basemap_kind(settings.basemap),
            "url": settings.basemap,
            "attribution": settings.attribution,
        }
    return {
        "version": __version__,
        "read_only": settings.is_read_only,
        "needs_key": settings.key_file is not None,
        "basemap": basemap,
        "limits": {
            "k": limits.k,
            "text": limits.text,
            "examples": limits.examples,
            "upload_bytes": limits.upload_bytes,
            "upload_pixels": limits.upload_pixels,
            "vertices": limits.vertices,
        },
        "webhook_hosts": list(settings.webhook_hosts),
        "can_notify": settings.can_notify,
    }
