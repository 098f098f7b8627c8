"""A served index: what is asked of it beside searches, its chips and sources by id, its book."""

import threading
from collections.abc import Sequence
from typing import Any

from harma.errors import NotFoundError
from harma.ground.storage.home import Home, Place
from harma.index.hits import Hit, hit_of
from harma.index.pictures import small_pictures, without_thumbnail
from harma.index.records import SHOWN_COLUMNS, ShownChip, SourceRecord
from harma.index.schema import quoted
from harma.index.source_ids import sources_by_id
from harma.index.standing import NO_STANDINGS
from harma.model.opened import OpenedModel
from harma.searches.book import SearchBook
from harma.searches.database import DATABASE_FILE
from harma.serve.live import LiveIndex, Versions
from harma.serve.models import Models


class ServedIndex(LiveIndex):
    """One index of a server.

    Args:
        name: its id in addresses.
        directory: of it; no client hears it.
        model: loaded already, or None to load it when it warms up.
        models: loads it; None makes one of its own.
        kept_in: where its saved searches are; "" beside it.
        only_reads: no database of them is made or changed.
    """

    def __init__(
        self,
        name: str,
        directory: Place,
        model: OpenedModel | None = None,
        models: Models | None = None,
        kept_in: str = "",
        only_reads: bool = False,
    ) -> None:
        super().__init__(name, directory, model, models)
        self.kept_in = kept_in
        self.only_reads = only_reads
        self.book_file = DATABASE_FILE
        self._lock = threading.Lock()
        self._book: tuple[int, SearchBook] | None = None
        self._read_sources: tuple[Versions, _Sources] | None = None
        self._facts: tuple[Versions, dict[str, Any]] | None = None

    @property
    def searches(self) -> SearchBook:
        """Its saved searches, opened when somebody first asks for them.

        Raises:
            BusyError: they are beside the index, which is gone.
            ConfigError: the place cannot be one for saved searches.
            StateError: they cannot be opened.
        """
        if not self.kept_in:
            self._check_beside()
        # Of two that ask first, each would make a database with connections of its own.
        with self._lock:
            # A file that was removed takes marks still, and nobody would ever see them again.
            identity = _identity(self._home, self.book_file)
            if self._book is None or self._book[0] != identity:
                book = SearchBook.open(
                    self.directory,
                    state=self.kept_in,
                    index_name=self.id,
                    only_reads=self.only_reads,
                    file_name=self.book_file,
                )
                self._book = _identity(self._home, self.book_file), book
            return self._book[1]

    def _check_beside(self) -> None:
        """Check that what its saved searches lie beside is there."""
        self._check_there()

    def close(self) -> None:
        """Let go of the database of its saved searches."""
        with self._lock:
            if self._book is not None:
                self._book[1].close()
                self._book = None

    def _learn(self) -> None:
        """Count what is told of the index, before somebody waits for it."""
        self._known()
        self.facts()

    # -- chips and sources -------------------------------------------------------------------------

    def chip(self, chip: str) -> Hit:
        """A chip by its id, as a hit of no query.

        Raises:
            NotFoundError: there is none.
        """
        return hit_of(ShownChip(**self._row(chip, SHOWN_COLUMNS)), 0.0, NO_STANDINGS)

    def content_of(self, chip: str) -> str:
        """The fingerprint of a chip's scene.

        Raises:
            NotFoundError: there is no such chip.
        """
        return str(self._row(chip, ("content",))["content"])

    def thumbnail(self, chip: str) -> bytes:
        """A chip's thumbnail as JPEG, made of its scene where the index keeps none.

        Raises:
            NotFoundError: there is no such chip.
        """
        hit = self.chip(chip)
        made = small_pictures(self.index.store, [hit], known=self.records())
        return made[chip] or without_thumbnail()

    def _row(self, chip: str, columns: Sequence[str]) -> dict[str, Any]:
        """Columns of a chip."""
        store = self.index.store
        rows: list[dict[str, Any]] = []
        # What no chip is called is not put into a condition of the store.
        if chip.isprintable():
            with store.reading():
                rows = store.rows(columns, f"id = {quoted(chip)}").select(columns).to_pylist()
        if not rows:
            raise NotFoundError(f"there is no chip {chip!r} in the index {self.id}")
        return rows[0]

    def source_name(self, source: str) -> str:
        """The name of a source by its id.

        Raises:
            NotFoundError: there is no such source.
        """
        names = self._known().names
        if source not in names:
            raise NotFoundError(f"there is no source {source} in the index {self.id}")
        return names[source]

    def facts(self) -> dict[str, Any]:
        """What `Index.info` says of the version that is searched."""
        opened = self._held()
        with self._lock:
            if self._facts is None or self._facts[0] != opened.versions:
                # All rows are counted: a second, for a million.
                self._facts = (opened.versions, opened.index.info())
            return self._facts[1]

    def records(self) -> dict[str, SourceRecord]:
        """The records of all sources by name, of the version that is searched; do not change it."""
        return self._known().records

    def _known(self) -> "_Sources":
        """The sources of the version that is searched."""
        opened = self._held()
        with self._lock:
            if self._read_sources is None or self._read_sources[0] != opened.versions:
                self._read_sources = (opened.versions, _Sources(opened.index.store.sources()))
            return self._read_sources[1]


def _identity(home: Home, name: str) -> int:
    """What is another number when the database beside an index is another; 0 if there is none."""
    if not home.is_folder:
        return 0
    file = home.folder / name
    return file.stat().st_ino if file.is_file() else 0


class _Sources:
    """The sources of one version.

    Args:
        records: by name.
    """

    def __init__(self, records: dict[str, SourceRecord]) -> None:
        self.records = records
        self.names = sources_by_id(records)
