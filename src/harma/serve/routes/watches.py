"""Routes of watches: set, run, their events, thumbnails of events, the Atom feed."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, FastAPI, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from harma.errors import HarmaError, NotFoundError, QueryError
from harma.index.pictures import without_thumbnail
from harma.searches.event_forms import event_feature
from harma.searches.events import read_events, thumbnail_of
from harma.searches.feeds import MEDIA_TYPE
from harma.searches.notices import tell
from harma.searches.records import Watch
from harma.searches.watch_json import watch_json
from harma.searches.watches import WatchBook
from harma.searches.watching import WatchRun, run_watch
from harma.searches.webhook_hosts import target_of
from harma.serve.caching import AN_HOUR, NOT_MODIFIED, cached, is_known, not_modified
from harma.serve.links import link
from harma.serve.media_types import JPEG, jpeg_response
from harma.serve.problems import responses
from harma.serve.saved import Saved, saved_of
from harma.serve.service import Service
from harma.serve.settings import ServeSettings
from harma.serve.watch_feeds import feed_of
from harma.serve.watch_keeper import WatchKeeper, notices_of
from harma.serve.watch_models import EventCollection, RunAnswer, ShownWatch, WatchBody

logger = logging.getLogger(__name__)

# Of databases.
LARGEST_NUMBER = 2**63 - 1
MOST_EVENTS = 1000


def routes(service: Service) -> APIRouter:
    """The routes of watches; the server runs watches itself while they are there."""
    keeper = WatchKeeper(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        keeper.start()
        yield
        keeper.end()

    router = APIRouter(tags=["watches"], lifespan=lifespan)
    _add_setting(router, service)
    _add_running(router, service)
    _add_events(router, service)
    return router


def _add_setting(router: APIRouter, service: Service) -> None:
    @router.put(
        "/v1/searches/{search}/watch",
        operation_id="set_watch",
        summary="Watch a saved search; what is there now is known, and new hits are told",
        response_model=ShownWatch,
        responses=responses(404, 422, 503, 507),
    )
    async def set_watch(search: str, body: WatchBody, later: BackgroundTasks) -> Any:
        def put() -> dict[str, Any]:
            saved = saved_of(service, search)
            return watch_json(_put(service.settings, saved, body))

        shown = await service.search_work.run(put)
        later.add_task(_tell, service, search)
        return shown

    @router.get(
        "/v1/searches/{search}/watch",
        operation_id="watch",
        summary="The watch of a saved search: its threshold, its last run",
        response_model=ShownWatch,
        responses=responses(404, 503, 507),
    )
    async def watch(search: str) -> Any:
        return await service.saved_work.run(lambda: watch_json(_watch(saved_of(service, search))))

    @router.delete(
        "/v1/searches/{search}/watch",
        operation_id="delete_watch",
        summary="Watch a saved search no more; its events stay",
        status_code=204,
        response_class=Response,
        responses=responses(404, 503, 507),
    )
    async def delete_watch(search: str) -> Response:
        def delete() -> None:
            saved = saved_of(service, search)
            WatchBook(saved.book.database).delete(search)

        await service.saved_work.run(delete)
        return Response(status_code=204)


def _add_running(router: APIRouter, service: Service) -> None:
    @router.post(
        "/v1/searches/{search}/watch/run",
        operation_id="run_watch",
        summary="Look at the scenes that are new",
        response_model=RunAnswer,
        responses=responses(404, 422, 503, 507),
    )
    async def run(search: str, later: BackgroundTasks) -> Any:
        def look() -> WatchRun:
            saved = saved_of(service, search)
            return run_watch(saved.index.index, saved.book, search)

        done = await service.search_work.run(look)
        later.add_task(_tell, service, search)
        return {
            "new": len(done.events),
            "scenes": done.num_scenes,
            "took_ms": round(done.took_ms, 1),
            "problem": done.problem,
        }


def _add_events(router: APIRouter, service: Service) -> None:
    @router.get(
        "/v1/searches/{search}/events",
        operation_id="events",
        summary="Events of a watch in the order in which they were found",
        response_model=EventCollection,
        responses=responses(404, 422, 503, 507),
    )
    async def events(
        request: Request,
        search: str,
        after: Annotated[
            int, Query(ge=0, le=LARGEST_NUMBER, description="number of the last one that is known")
        ] = 0,
        k: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 100,
    ) -> Response:
        return await service.saved_work.run(
            lambda: _events(request, saved_of(service, search), after, k)
        )

    @router.get(
        "/v1/searches/{search}/events/{number}/thumbnail",
        operation_id="event_thumbnail",
        summary="A small picture of an event's chip, also where its scene is gone",
        response_class=Response,
        responses={
            **jpeg_response("JPEG, 96 pixels"),
            **NOT_MODIFIED,
            **responses(404, 422, 503, 507),
        },
    )
    async def event_thumbnail(
        request: Request,
        search: str,
        number: Annotated[int, Path(ge=1, le=LARGEST_NUMBER)],
    ) -> Response:
        return await service.saved_work.run(
            lambda: _thumbnail(request, saved_of(service, search), number)
        )

    @router.get(
        "/v1/searches/{search}/feed.atom",
        operation_id="feed",
        summary="Events of a watch as Atom with GeoRSS, the latest first",
        response_class=Response,
        responses={
            200: {
                "description": "an Atom feed (RFC 4287)",
                "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
            },
            **NOT_MODIFIED,
            **responses(404, 503, 507),
        },
    )
    async def feed(request: Request, search: str) -> Response:
        return await service.saved_work.run(lambda: feed_of(request, saved_of(service, search)))


def _put(settings: ServeSettings, saved: Saved, body: WatchBody) -> Watch:
    """Set a watch, and let it note what is there; one that cannot be run is not set."""
    if body.webhook:
        target_of(body.webhook, settings.webhook_hosts)
    if body.notify and not settings.can_notify:
        raise QueryError(
            "this server takes no addresses to notify, as it would speak to whatever they name;"
            " start it with --allow-notify, or use `harma watch add --notify`"
        )
    search = saved.search.id
    watches = WatchBook(saved.book.database)
    is_new = not _has_watch(saved)
    standing = body.standing
    if standing is None and body.least_score is None:
        standing = "likely"
    watches.put(Watch(search, standing, body.least_score, body.webhook, tuple(body.notify)))
    try:
        run_watch(saved.index.index, saved.book, search)
    except HarmaError:
        if is_new:
            watches.delete(search)
        raise
    return watches.get(search)


def _has_watch(saved: Saved) -> bool:
    try:
        _watch(saved)
    except NotFoundError:
        return False
    return True


def _watch(saved: Saved) -> Watch:
    return WatchBook(saved.book.database).get(saved.search.id)


def _tell(service: Service, search: str) -> None:
    """Tell of what a run found, after it is answered; who cannot be told is noted at the watch."""
    try:
        saved = saved_of(service, search)
        tell(saved.book, _watch(saved), notices_of(service.settings))
    except HarmaError:
        # Deleted meanwhile, or the next run tries again: what is not told stays untold.
        logger.info("nobody could be told of the watch of %s", search, exc_info=True)


def _events(request: Request, saved: Saved, after: int, k: int) -> Response:
    search = saved.search.id
    # One more, to know whether there are later ones.
    events = read_events(saved.book.database, search, after=after, k=k + 1)
    following = None
    if len(events) > k:
        events = events[:k]
        following = link(request, f"/v1/searches/{search}/events", after=events[-1].number, k=k)
    features = [event_feature(event) for event in events]
    collection = {"type": "FeatureCollection", "features": features, "next": following}
    return JSONResponse(collection)


def _thumbnail(request: Request, saved: Saved, number: int) -> Response:
    tag = f"{saved.search.id}-{number}"
    if is_known(request, tag):
        return not_modified(tag, AN_HOUR)
    jpeg = thumbnail_of(saved.book.database, saved.search.id, number)
    return cached(Response(jpeg or without_thumbnail(), media_type=JPEG), tag, AN_HOUR)
