"""Collections of OGC API Features and STAC: every index, and every saved search as search-{id}."""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import shapely

from harma.errors import BusyError, NotFoundError, QueryError, StateError
from harma.index.ask import Page, Query, Where
from harma.index.extents import Box, around
from harma.index.hits import Hit
from harma.searches.asking import current_marks
from harma.searches.records import SavedSearch
from harma.serve.item_filter import ItemFilter
from harma.serve.items import ChipItems, HitItems, Items
from harma.serve.marked_answers import kept_with_marks
from harma.serve.saved import Saved, saved_of
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import SEARCH_PREFIX
from harma.serve.source_table import SourceTable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FeatureCollection:
    """A collection.

    Attributes:
        id: of it.
        index: that its items are of.
        saved: the saved search whose hits they are; None where they are all chips of the index.
    """

    id: str
    index: ServedIndex
    saved: SavedSearch | None = None


@dataclass(frozen=True)
class CollectionExtent:
    """Where and when the items of a collection are.

    Attributes:
        bbox: of them; None where none has a place.
        first: moment, or None.
        last: moment, or None.
    """

    bbox: Box | None
    first: dt.datetime | None
    last: dt.datetime | None


class FeatureCollections:
    """The collections of a server.

    Args:
        service: of the server.
    """

    def __init__(self, service: Service) -> None:
        self.service = service

    def all(self) -> Iterator[FeatureCollection]:
        """All of them, of indexes that are ready and can be read."""
        for index in self.service.indexes.values():
            try:
                # Made before it is named: nobody could say more of it than that.
                self.service.source_tables.of(index)
            except BusyError:
                # /v1/indexes says why; the others are there.
                continue
            yield FeatureCollection(index.id, index)
            for saved in _saved_in(index):
                yield FeatureCollection(SEARCH_PREFIX + saved.id, index, saved)

    def get(self, name: str) -> FeatureCollection:
        """A collection by its id.

        Raises:
            NotFoundError: there is none.
            BusyError: its index is still loading.
        """
        if name in self.service.indexes:
            served = self.service.indexes[name]
            # Nothing is known of it before.
            served.check_ready()
            return FeatureCollection(name, served)
        if name.startswith(SEARCH_PREFIX):
            saved = saved_of(self.service, name.removeprefix(SEARCH_PREFIX))
            # Nobody has named a draft yet.
            if not saved.search.is_draft:
                return FeatureCollection(name, saved.index, saved.search)
        raise NotFoundError(f"there is no collection {name!r}; see /collections")

    def sources(self, collection: FeatureCollection) -> SourceTable:
        """The sources of a collection's index."""
        index = collection.index
        return self.service.source_tables.of(index)

    def items(
        self, collection: FeatureCollection, asked: ItemFilter, *, text: str = "", version: int = 0
    ) -> Items:
        """The items of a collection that a client asks for.

        Args:
            collection: of them.
            asked: which.
            text: what should be seen; the items are the hits then, the best first.
            version: of the index, with which a client began; 0 begins now.

        Raises:
            QueryError: what is asked is not usable.
            GoneError: that version is kept no longer.
        """
        if collection.saved is not None:
            if text:
                raise QueryError(
                    f"q looks for a text in an index; {collection.id} is a saved search. Take the"
                    f" collection {collection.index.id}"
                )
            hits, marks = self._saved_hits(collection.index, collection.saved)
            return HitItems(hits, asked, marks)
        if text:
            hits = self._text_hits(collection.index, asked, text)
            return HitItems(hits, ItemFilter(ids=asked.ids))
        index = collection.index
        held = index.held()
        listing = self.service.listings.newest(index.id, held.version, held.index.snapshot)
        if version and version != held.version:
            listing = self.service.listings.of_version(index.id, version)
        return ChipItems(listing, asked.chips)

    def version(self, collection: FeatureCollection) -> int:
        """Of the index of a collection."""
        return collection.index.held().version

    def extent(self, collection: FeatureCollection) -> CollectionExtent:
        """Where and when the items of a collection are."""
        if collection.saved is None:
            return self.extent_of_index(collection)
        hits, _ = self._saved_hits(collection.index, collection.saved)
        return _extent_of_hits(hits)

    def extent_of_index(self, collection: FeatureCollection) -> CollectionExtent:
        """Where and when the chips of a collection's index are."""
        return _extent_of_sources(self.sources(collection))

    # -- hits --------------------------------------------------------------------------------------

    def _saved_hits(
        self, index: ServedIndex, search: SavedSearch
    ) -> tuple[Sequence[Hit], Mapping[str, str]]:
        """Hits of a saved search, and what people said of them, by chip."""
        saved = Saved(index, search)
        current = current_marks(saved.book, search.id, index.index.store)
        kept = kept_with_marks(self.service, saved, current)
        return kept.hits, {mark.chip: mark.mark for mark in current.marks}

    def _text_hits(self, index: ServedIndex, asked: ItemFilter, text: str) -> Sequence[Hit]:
        """Hits of a text in an index, within an area and a time."""
        limits = self.service.settings.limits
        if len(text) > limits.text:
            raise QueryError(f"q has {len(text)} characters; at most {limits.text} are read")
        area = None if asked.area is None else shapely.to_wkt(asked.area)
        question = {"text": text, "items": [area, str(asked.first), str(asked.last)]}
        where = Where(polygon=asked.area, date=_dates(asked))
        held = index.held()
        kept = self.service.results.found(
            index.id,
            held.version,
            question,
            lambda: held.index.find(Query(text), where, Page(k=limits.kept_hits)),
        )
        return kept.hits


def _saved_in(index: ServedIndex) -> Sequence[SavedSearch]:
    """The saved searches of an index; none where they cannot be read, which the log has."""
    try:
        return index.searches.all()
    except (BusyError, StateError) as error:
        logger.error("the saved searches of %s are no collections: %s", index.id, error)
        return []


def _dates(asked: ItemFilter) -> tuple[dt.datetime | None, dt.datetime | None] | None:
    if asked.first is None and asked.last is None:
        return None
    return asked.first, asked.last


def _extent_of_sources(table: SourceTable) -> CollectionExtent:
    extents = [source.extent for source in table.sources]
    boxes = [extent.bbox for extent in extents if extent.bbox is not None]
    firsts = [extent.datetime for extent in extents if extent.datetime is not None]
    lasts = [extent.datetime_end for extent in extents if extent.datetime_end is not None]
    return CollectionExtent(
        _joined(boxes), min(firsts, default=None), max([*firsts, *lasts], default=None)
    )


def _extent_of_hits(hits: Sequence[Hit]) -> CollectionExtent:
    boxes: list[Box] = []
    for hit in hits:
        if hit.geometry is not None:
            parts = shapely.bounds(shapely.get_parts(hit.geometry))
            boxes += [(part[0], part[1], part[2], part[3]) for part in parts.tolist()]
    dates = [hit.datetime for hit in hits if hit.datetime is not None]
    ends = [hit.datetime_end for hit in hits if hit.datetime_end is not None]
    return CollectionExtent(
        _joined(boxes), min(dates, default=None), max([*dates, *ends], default=None)
    )


def _joined(boxes: Sequence[Box]) -> Box | None:
    """The box around some, which may lie on both sides of the 180th meridian."""
    if not boxes:
        return None
    spans: list[tuple[float, float]] = []
    for west, _, east, _ in boxes:
        # One that crosses it has a part on each side.
        spans += [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    west, east = around(spans)
    return west, min(box[1] for box in boxes), east, max(box[3] for box in boxes)
