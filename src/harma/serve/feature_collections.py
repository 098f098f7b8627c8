"""Collections of OGC API Features and STAC: every index, and every saved search as search-{id}."""

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import shapely

from harma.errors import NotFoundError, QueryError
from harma.index.ask import Page, Query, Where
from harma.index.ask_json import asked_of
from harma.index.extents import Box, around
from harma.index.hits import Hit
from harma.searches.records import SavedSearch
from harma.serve.item_filter import ItemFilter
from harma.serve.items import ChipItems, HitItems, Items
from harma.serve.listings import Listings
from harma.serve.served import ServedIndex
from harma.serve.settings import Limits
from harma.serve.source_table import SourceTable, SourceTables

# Begins the id of a collection that is a saved search.
SEARCH_PREFIX = "search-"
# Lists of hits that are kept for the pages and views of clients.
KEPT_LISTS = 32
# Marks as examples of a search.
EXAMPLES_OF = {"like": "good", "unlike": "bad"}


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
        indexes: of the server, by id.
        limits: of what a client may ask for.
        source_tables: of the indexes.
    """

    def __init__(
        self, indexes: Mapping[str, ServedIndex], limits: Limits, source_tables: SourceTables
    ) -> None:
        self.indexes = indexes
        self.limits = limits
        self.source_tables = source_tables
        self.listings = Listings()
        self._hits: OrderedDict[tuple[Any, ...], Sequence[Hit]] = OrderedDict()
        self._lock = threading.Lock()

    def all(self) -> Iterator[FeatureCollection]:
        """All of them, of indexes that are ready."""
        for index in self.indexes.values():
            if index.state != "ready":
                continue
            yield FeatureCollection(index.id, index)
            for saved in index.searches.all():
                yield FeatureCollection(SEARCH_PREFIX + saved.id, index, saved)

    def get(self, name: str) -> FeatureCollection:
        """A collection by its id.

        Raises:
            NotFoundError: there is none.
            BusyError: its index is still loading.
        """
        # An index may be called as a saved search is.
        if name in self.indexes:
            served = self.indexes[name]
            # Not before it is ready: nothing is known of it.
            assert served.index is not None
            return FeatureCollection(name, served)
        if name.startswith(SEARCH_PREFIX):
            for index in self.indexes.values():
                try:
                    saved = index.searches.get(name.removeprefix(SEARCH_PREFIX))
                except NotFoundError:
                    continue
                if not saved.is_draft:
                    return FeatureCollection(name, index, saved)
        raise NotFoundError(f"there is no collection {name!r}; see /collections")

    def sources(self, collection: FeatureCollection) -> SourceTable:
        """The sources of a collection's index."""
        index = collection.index
        return self.source_tables.of(index.id, index.index.store)

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
            marks = {mark.chip: mark.mark for mark in self._marks(collection)}
            return HitItems(self._saved_hits(collection, collection.saved), asked, marks)
        if text:
            return HitItems(self._text_hits(collection, asked, text), ItemFilter(ids=asked.ids))
        newest = self.listings.newest(collection.index.id, collection.index.index.snapshot)
        if version and version != newest.snapshot.store.version:
            newest = self.listings.of_version(collection.index.id, version)
        return ChipItems(newest, asked.chips)

    def version(self, collection: FeatureCollection) -> int:
        """Of the index of a collection."""
        return collection.index.index.store.version

    def extent(self, collection: FeatureCollection) -> CollectionExtent:
        """Where and when the items of a collection are."""
        if collection.saved is None:
            return self.extent_of_index(collection)
        return _extent_of_hits(self._saved_hits(collection, collection.saved))

    def extent_of_index(self, collection: FeatureCollection) -> CollectionExtent:
        """Where and when the chips of a collection's index are."""
        return _extent_of_sources(self.sources(collection))

    # -- hits --------------------------------------------------------------------------------------

    def _saved_hits(self, collection: FeatureCollection, saved: SavedSearch) -> Sequence[Hit]:
        key = (collection.id, saved.version, self.version(collection))
        kept = self._kept(key)
        if kept is not None:
            return kept
        index = collection.index
        values: dict[str, Any] = dict(saved.asked)
        for name, kind in EXAMPLES_OF.items():
            chips = [{"chip": mark.chip} for mark in self._marks(collection) if mark.mark == kind]
            values[name] = [*values.get(name, ()), *chips]
        asked = asked_of(values, named=index.source_name)
        page = replace(asked.page, k=self.limits.kept_hits, offset=0)
        return self._keep(key, index.index.find(asked.query, asked.where, page))

    def _text_hits(
        self, collection: FeatureCollection, asked: ItemFilter, text: str
    ) -> Sequence[Hit]:
        if len(text) > self.limits.text:
            raise QueryError(f"q has {len(text)} characters; at most {self.limits.text} are read")
        area = None if asked.area is None else shapely.to_wkb(asked.area)
        key = (collection.id, self.version(collection), text, area, asked.first, asked.last)
        kept = self._kept(key)
        if kept is not None:
            return kept
        where = Where(polygon=asked.area, date=_dates(asked))
        return self._keep(
            key, collection.index.index.find(Query(text), where, Page(k=self.limits.kept_hits))
        )

    def _kept(self, key: tuple[Any, ...]) -> Sequence[Hit] | None:
        with self._lock:
            return self._hits.get(key)

    def _keep(self, key: tuple[Any, ...], hits: Sequence[Hit]) -> Sequence[Hit]:
        with self._lock:
            self._hits[key] = hits
            if len(self._hits) > KEPT_LISTS:
                self._hits.popitem(last=False)
        return hits

    def _marks(self, collection: FeatureCollection) -> Sequence[Any]:
        assert collection.saved is not None
        return collection.index.searches.marks(collection.saved.id)


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
