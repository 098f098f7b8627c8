"""The sources of one version of an index by id, with their extents: for pages, coverage, tiles."""

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harma.errors import NotFoundError
from harma.index.contract import StoreReader
from harma.index.extents import Extent, extents_of
from harma.index.joined_store import JoinedStore
from harma.index.records import SourceRecord
from harma.index.settings import Settings
from harma.index.source_ids import source_id
from harma.serve.live import LiveIndex, Versions

# Of a source without chips.
NOTHING = Extent(0, None, None, None, None)
# What places a scene by its camera alone: it has a position, and no place for each pixel.
BY_CAMERA = "GPS of the camera"


@dataclass(frozen=True)
class ServedSource:
    """A source as clients hear of it.

    Attributes:
        id: of it.
        record: that the index keeps.
        extent: of its chips.
        settings: by which it was cut and read: those of its part, in a group.
    """

    id: str
    record: SourceRecord
    extent: Extent
    settings: Settings

    @property
    def has_tiles(self) -> bool:
        """Whether it can be drawn on a map."""
        is_placed = self.extent.bbox is not None and self.record.placed_by != BY_CAMERA
        return is_placed and self.record.width is not None


class SourceTable:
    """The sources of one version of an index.

    Args:
        store: reads that version.
        versions: numbers of it.
    """

    def __init__(self, store: StoreReader, versions: Versions) -> None:
        self.versions = versions
        extents = extents_of(store)
        self.sources: Sequence[ServedSource] = sorted(
            (
                ServedSource(
                    source_id(record.source), record, extents.get(record.source, NOTHING), settings
                )
                for record, settings in _read(store)
                if not record.problem or record.source in extents
            ),
            key=lambda source: source.id,
        )
        self._ids = [source.id for source in self.sources]
        self._by_id = dict(zip(self._ids, self.sources, strict=True))
        self._made: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> ServedSource:
        """A source by its id.

        Raises:
            NotFoundError: there is none.
        """
        if name not in self._by_id:
            raise NotFoundError(f"there is no source {name} in the index")
        return self._by_id[name]

    def find(self, name: str) -> ServedSource | None:
        """A source by its id; None where there is none."""
        return self._by_id.get(name)

    def after(self, name: str, count: int) -> Sequence[ServedSource]:
        """The sources that follow one, by id; the first ones after ""."""
        start = bisect_right(self._ids, name)
        return self.sources[start : start + count]

    def once(self, name: str, make: Callable[["SourceTable"], bytes]) -> bytes:
        """What is made of the table, made once."""
        with self._lock:
            if name not in self._made:
                self._made[name] = make(self)
            return self._made[name]


def _read(store: StoreReader) -> Iterator[tuple[SourceRecord, Settings]]:
    """The records of all sources, each with the settings that it was read by."""
    if isinstance(store, JoinedStore):
        for number, record in store.owned_sources().values():
            yield record, store.parts[number].settings
        return
    for record in store.sources().values():
        yield record, store.settings


class SourceTables:
    """The tables of the sources of indexes, each made once a version; threads share it."""

    def __init__(self) -> None:
        self._tables: dict[str, SourceTable] = {}
        self._lock = threading.Lock()

    def of(self, index: LiveIndex) -> SourceTable:
        """The table of an index, of the version that is served.

        Raises:
            BusyError: it cannot be read now.
        """
        held = index.held()
        table = self._tables.get(index.id)
        if table is not None and table.versions == held.versions:
            return table
        # One at a time: of two that ask for a new version, the second finds it made.
        with self._lock:
            table = self._tables.get(index.id)
            if table is None or table.versions != held.versions:
                table = SourceTable(held.index.store, held.versions)
                self._tables[index.id] = table
        return table
