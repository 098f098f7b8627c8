"""Saved searches of a server: found by id in all of its indexes, shown as JSON without paths."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from fastapi import Request

from harma.errors import BusyError, NotFoundError, StateError
from harma.index.source_ids import shown_name, source_id
from harma.searches.asking import CurrentMarks
from harma.searches.book import SearchBook
from harma.searches.mark_files import date_text, marked_geometry
from harma.searches.records import Mark, MarkCounts, SavedSearch
from harma.searches.watch_json import watch_json
from harma.searches.watches import WatchBook
from harma.serve.features import Feature, feature, iso
from harma.serve.links import link
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import SEARCH_PREFIX

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Saved:
    """A saved search, and the index that it is of."""

    index: ServedIndex
    search: SavedSearch

    @property
    def book(self) -> SearchBook:
        """The book that has it."""
        return self.index.searches


def saved_of(service: Service, search: str) -> Saved:
    """A saved search by its id, in whichever index it is.

    Raises:
        NotFoundError: there is none.
        BusyError: it may be beside an index that is gone.
        StateError: it may be in a database that cannot be read.
    """
    unread: BusyError | StateError | None = None
    for index in service.indexes.values():
        try:
            return Saved(index, index.searches.get(search))
        except NotFoundError:
            continue
        except (BusyError, StateError) as error:
            # It may well be with one of the others.
            unread = error
    if unread is not None:
        raise unread
    raise NotFoundError(f"there is no saved search {search!r}; see /v1/searches")


def shown_search(
    request: Request, index: ServedIndex, search: SavedSearch, counts: MarkCounts | None
) -> dict[str, Any]:
    """A saved search as the API shows it (`harma.serve.saved_models.ShownSearch`)."""
    shown = {
        "id": search.id,
        "index": index.id,
        "name": search.name,
        "is_draft": search.is_draft,
        "asked": search.asked,
        "version": search.version,
        "created": iso(search.created),
        "changed": iso(search.changed),
        "who": search.who,
        "marks": vars(counts or MarkCounts()),
        "watch": _watch_of(index, search.id),
    }
    if not search.is_draft:
        shown["links"] = {
            "collection": link(request, f"/collections/{SEARCH_PREFIX}{search.id}"),
            "feed": link(request, f"/v1/searches/{search.id}/feed.atom"),
        }
    return shown


def _watch_of(index: ServedIndex, search: str) -> dict[str, Any] | None:
    """The watch of a saved search as JSON; None where it has none."""
    try:
        return watch_json(WatchBook(index.searches.database).get(search))
    except NotFoundError:
        return None


def shown_searches(
    request: Request, indexes: Sequence[ServedIndex], *, drafts: bool
) -> dict[str, Any]:
    """The saved searches of some indexes, those that changed last first.

    Indexes whose saved searches cannot be read are named in `unread`.

    Raises:
        StateError: those of the only index cannot be read.
    """
    shown: list[dict[str, Any]] = []
    unread: list[str] = []
    for index in indexes:
        try:
            shown += _searches_in(request, index, drafts=drafts)
        except (BusyError, StateError) as error:
            if isinstance(error, StateError) and len(indexes) == 1:
                raise
            logger.error("the saved searches of %s cannot be read: %s", index.id, error)
            unread.append(index.id)
    shown.sort(key=lambda search: str(search["changed"]), reverse=True)
    listed: dict[str, Any] = {"searches": shown}
    if unread:
        listed["unread"] = unread
    return listed


def _searches_in(request: Request, index: ServedIndex, *, drafts: bool) -> list[dict[str, Any]]:
    counts = index.searches.counts()
    searches = index.searches.all(drafts=drafts)
    return [shown_search(request, index, one, counts.get(one.id)) for one in searches]


def mark_features(current: CurrentMarks) -> list[Feature]:
    """Marks as features, in the order of their time."""
    return [_mark_feature(mark, mark.chip in current.there) for mark in current.marks]


def _mark_feature(mark: Mark, is_there: bool) -> Feature:
    outline = marked_geometry(mark)
    geometry = None if outline is None else shapely.geometry.mapping(outline)
    properties = {
        "mark": mark.mark,
        "note": mark.note,
        "who": mark.who,
        "earlier": list(mark.earlier),
        "changed": iso(mark.changed),
        "source": source_id(mark.source),
        "source_name": shown_name(mark.source),
        "date": date_text(mark),
        "is_there": is_there,
    }
    return feature(mark.chip, geometry, properties)
