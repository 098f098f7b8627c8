"""The Atom feed of a watch over HTTP: with links that its readers can follow, and ETag."""

import datetime as dt
import hashlib
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import urlencode

from fastapi import Request, Response

from harma.searches.events import latest_events
from harma.searches.feeds import FEED_EVENTS, MEDIA_TYPE, FeedAbout, atom
from harma.searches.records import Event
from harma.serve.caching import ASK_FIRST, cached, is_known, not_modified
from harma.serve.links import link
from harma.serve.saved import Saved


def feed_of(request: Request, saved: Saved) -> Response:
    """The feed of a saved search's events; 304 where the reader has it."""
    search = saved.search
    events = latest_events(saved.book.database, search.id, FEED_EVENTS)
    updated = events[0].found if events else search.created
    last = events[0].number if events else 0
    # Links are of the name by which the server was asked: so is the tag.
    asked_by = hashlib.blake2b(str(request.base_url).encode(), digest_size=4).hexdigest()
    tag = f"{search.id}-{search.version}-{last}-{asked_by}"
    if is_known(request, tag) or _is_unchanged(request, updated):
        return _with_time(not_modified(tag, ASK_FIRST), updated)
    feed = FeedAbout(
        search=search.id,
        title=search.name or "draft",
        updated=updated,
        own=link(request, f"/v1/searches/{search.id}/feed.atom"),
        page=_page(request, saved),
        page_of=lambda event: _page(request, saved, event),
        thumbnail_of=lambda event: thumbnail_link(request, search.id, event),
    )
    response = Response(atom(feed, events), media_type=MEDIA_TYPE)
    return _with_time(cached(response, tag, ASK_FIRST), updated)


def thumbnail_link(request: Request, search: str, event: Event) -> str:
    """The address of an event's thumbnail."""
    return link(request, f"/v1/searches/{search}/events/{event.number}/thumbnail")


def _page(request: Request, saved: Saved, event: Event | None = None) -> str:
    """The map page with the saved search, and an event's chip chosen."""
    state = {"index": saved.index.id, "search": saved.search.id}
    if event is not None:
        state["hit"] = event.chip
    return f"{link(request, '/')}#{urlencode(state)}"


def _with_time(response: Response, updated: dt.datetime) -> Response:
    response.headers["Last-Modified"] = format_datetime(_seconds(updated), usegmt=True)
    return response


def _is_unchanged(request: Request, updated: dt.datetime) -> bool:
    """Whether a reader that sends no tag has all there is."""
    since = request.headers.get("if-modified-since")
    if since is None or "if-none-match" in request.headers:
        return False
    try:
        return _seconds(updated) <= parsedate_to_datetime(since).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return False


def _seconds(when: dt.datetime) -> dt.datetime:
    """A moment as exactly as headers say it."""
    return when.astimezone(dt.UTC).replace(microsecond=0)
