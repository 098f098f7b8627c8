"""A served index: opened and warmed apart from requests, kept up to date, its sources by id."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harma.errors import BusyError, HarmaError, ModelMismatchError, NotFoundError
from harma.index.ask import Query, Vector
from harma.index.hits import Hit, hit_of
from harma.index.index import Index
from harma.index.pictures import without_thumbnail
from harma.index.records import SHOWN_COLUMNS, ShownChip, SourceRecord
from harma.index.schema import quoted
from harma.index.settings import SETTINGS_FILE, read_settings
from harma.index.source_ids import sources_by_id
from harma.index.standing import NO_STANDINGS
from harma.model.model import HarMA
from harma.searches.book import SearchBook
from harma.searches.database import DATABASE_FILE
from harma.serve.models import Models

logger = logging.getLogger(__name__)

# What a person is told of an index that cannot be opened; its log has the words, which name files.
CANNOT_BE_OPENED = "it cannot be opened; the server's log says why"
IS_GONE = "it is not where it was; it is opened again when it is back"


class ServedIndex:
    """One index of a server.

    Args:
        name: its id in addresses.
        directory: of it; no client hears it.
        model: loaded already, or None to load it when it warms up.
        models: loads it; None makes one of its own.
        kept_in: where its saved searches are; "" beside it.
        only_reads: no database of them is made or changed.

    Attributes:
        state: "loading", "ready" or "failed".
        problem: why it failed, without paths.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        model: HarMA | None = None,
        models: Models | None = None,
        kept_in: str = "",
        only_reads: bool = False,
    ) -> None:
        self.id = name
        self.kept_in = kept_in
        self.only_reads = only_reads
        self.directory = directory
        self.state = "loading"
        self.problem = ""
        self._model = model
        self._models = models or Models()
        self._index: Index | None = None
        self._settings_written = 0
        self._lock = threading.Lock()
        self._book: tuple[int, SearchBook] | None = None
        self._read_sources: tuple[tuple[int, int], _Sources] | None = None
        self._facts: tuple[tuple[int, int], dict[str, Any]] | None = None

    # -- opened, and kept up to date ---------------------------------------------------------------

    def warm_up(self) -> None:
        """Open the index, load its model, and embed once, so that the first search is quick."""
        try:
            self._index = self._opened()
            self._learn()
        except Exception:
            # Whatever it is: nobody else would say that it loads no more.
            logger.exception("the index %s cannot be served", self.directory)
            self.state = "failed"
            self.problem = CANNOT_BE_OPENED
            return
        self.state = "ready"

    def _opened(self) -> Index:
        # Before they are read: what is written meanwhile is seen later.
        self._settings_written = _written(self.directory)
        settings = read_settings(self.directory)
        model = self._model or self._models.of(settings)
        index = Index.open(self.directory)
        if model is None:
            # Of an index whose model HarMA cannot load chips can be looked for, not texts.
            index.find(Query(like=[Vector([1.0] * settings.embed_dim)]))
            return index
        # Checked when it was loaded: the fingerprint of a large model takes seconds.
        index.model = model
        index.embedder = self._models.embedder(model)
        index.warm_up()
        index.search("warm up", k=1)
        return index

    def refresh(self) -> bool:
        """See what was written since: cheap where nothing was.

        Searches that are under way go on in the version that they began with.

        Returns:
            Whether there was something new.
        """
        if self.state == "failed":
            return self._opened_again()
        if self._index is None:
            return False
        if not _written(self.directory):
            self._leave()
            return False
        try:
            is_new = self._index.refresh_if_changed()
            if is_new:
                self._learn()
            return is_new
        except ModelMismatchError:
            logger.info("the index %s was embedded again; it is opened anew", self.id)
            # Loading the new model takes a while, and the old tables are gone.
            self.state = "loading"
            self._index = None
            self._model = None
            self.warm_up()
            return self.state == "ready"

    def _leave(self) -> None:
        """Let go of an index whose directory is gone: what is written to it now is lost."""
        logger.error("the index %s is gone", self.directory)
        self.state = "failed"
        self.problem = IS_GONE
        self._index = None
        self._settings_written = 0

    def _opened_again(self) -> bool:
        """Open an index that failed, if it was written since."""
        if _written(self.directory) in (0, self._settings_written):
            return False
        logger.info("the index %s was written since; it is opened again", self.directory)
        self.state = "loading"
        self.problem = ""
        self.warm_up()
        return self.state == "ready"

    def _learn(self) -> None:
        """Count what is told of the index, before somebody waits for it."""
        self._known()
        self.facts()

    def check_ready(self) -> None:
        """Check that the index can be searched.

        Raises:
            BusyError: it is still loading, or failed.
        """
        _ = self.index

    @property
    def index(self) -> Index:
        """The index.

        Raises:
            BusyError: it is still loading, or failed.
        """
        if self.state == "failed":
            raise BusyError(f"the index {self.id} cannot be searched: {self.problem}")
        index = self._opened_index()
        self._check_there()
        if self._is_replaced(index):
            raise BusyError(f"the index {self.id} was embedded again and is opened anew; try again")
        return index

    def _is_replaced(self, index: Index) -> bool:
        """Whether the index was embedded again, and its tables are others: looked at quickly."""
        written = _written(self.directory)
        if written == self._settings_written:
            return False
        try:
            settings = read_settings(self.directory)
        except HarmaError:
            # Damaged or gone, which the next look tells the log; its tables may well be there.
            return False
        if settings.embedding_id != index.store.settings.embedding_id:
            return True
        self._settings_written = written
        return False

    def _opened_index(self) -> Index:
        if self._index is None:
            raise BusyError(f"the index {self.id} is still loading; try again soon")
        return self._index

    @property
    def version(self) -> int:
        """Number of the version of the chips that is searched; 0 while there is none."""
        if self._index is None:
            return 0
        return self._index.store.version

    @property
    def searches(self) -> SearchBook:
        """Its saved searches, opened when somebody first asks for them.

        Raises:
            BusyError: they are beside the index, which is gone.
            ConfigError: the place cannot be one for saved searches.
            StateError: they cannot be opened.
        """
        if not self.kept_in:
            self._check_there()
        file = self.directory / DATABASE_FILE
        # Of two that ask first, each would make a database with connections of its own.
        with self._lock:
            # A file that was removed takes marks still, and nobody would ever see them again.
            if self._book is None or self._book[0] != _identity(file):
                book = SearchBook.open(
                    self.directory,
                    state=self.kept_in,
                    index_name=self.id,
                    only_reads=self.only_reads,
                )
                self._book = _identity(file), book
            return self._book[1]

    def close(self) -> None:
        """Let go of the database of its saved searches."""
        with self._lock:
            if self._book is not None:
                self._book[1].close()
                self._book = None

    @property
    def is_there(self) -> bool:
        """Whether its directory is where it was: looked at quickly."""
        return _written(self.directory) != 0

    def _check_there(self) -> None:
        if not self.is_there:
            raise BusyError(f"the index {self.id} cannot be searched: {IS_GONE}")

    # -- chips and sources -------------------------------------------------------------------------

    def chip(self, chip: str) -> Hit:
        """A chip by its id, as a hit of no query.

        Raises:
            NotFoundError: there is none.
        """
        return hit_of(ShownChip(**self._row(chip, SHOWN_COLUMNS)), 0.0, NO_STANDINGS)

    def thumbnail(self, chip: str) -> tuple[str, bytes]:
        """The fingerprint of a chip's scene, and the chip's thumbnail as JPEG.

        Raises:
            NotFoundError: there is no such chip.
        """
        row = self._row(chip, ("content", "thumbnail"))
        return row["content"], row["thumbnail"] or without_thumbnail()

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
        index = self._opened_index()
        versions = index.store.versions
        with self._lock:
            if self._facts is None or self._facts[0] != versions:
                # All rows are counted: a second, for a million.
                self._facts = (versions, index.info())
            return self._facts[1]

    def records(self) -> dict[str, SourceRecord]:
        """The records of all sources by name, of the version that is searched; do not change it."""
        return self._known().records

    def _known(self) -> "_Sources":
        """The sources of the version that is searched."""
        store = self._opened_index().store
        with self._lock:
            if self._read_sources is None or self._read_sources[0] != store.versions:
                self._read_sources = (store.versions, _Sources(store.sources()))
            return self._read_sources[1]


def _written(directory: Path) -> int:
    """When the settings of an index were written; 0 where they are gone."""
    file = directory / SETTINGS_FILE
    return file.stat().st_mtime_ns if file.is_file() else 0


def _identity(file: Path) -> int:
    """What is another number when a file is another one; 0 where there is none."""
    return file.stat().st_ino if file.is_file() else 0


class _Sources:
    """The sources of one version.

    Args:
        records: by name.
    """

    def __init__(self, records: dict[str, SourceRecord]) -> None:
        self.records = records
        self.names = sources_by_id(records)
