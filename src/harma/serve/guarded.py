"""A store that says when it cannot be read: damaged tables of one index are its own 503, no fault.

Whoever serves an index is told, so that it is looked at, and opened again or named as failed.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import BusyError, DataError, HarmaError
from harma.ground.messages import first_line
from harma.ground.storage.home import Home
from harma.index.contract import BLOCK_ROWS, READ_ERRORS, StoreReader
from harma.index.records import SourceRecord
from harma.index.settings import Settings

# Chips or sources that are read at once.
Block = TypeVar("Block")

logger = logging.getLogger(__name__)

CANNOT_BE_READ = "its tables cannot be read; the server's log says why"


class GuardedStore:
    """Reads an index as `harma.index.contract.StoreReader` does, and tells where it cannot.

    Args:
        store: that reads.
        name: of the index, for clients.
        broke: called when something could not be read.
    """

    def __init__(self, store: StoreReader, name: str, broke: Callable[[], None]) -> None:
        self._store = store
        self._name = name
        self._broke = broke

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what a damaged table raises into an answer for clients.

        Raises:
            BusyError: it cannot be read.
        """
        try:
            yield
        except READ_ERRORS as error:
            # Other errors of ours say something else, such as that the model is another one.
            if isinstance(error, HarmaError) and not isinstance(error, DataError):
                raise
            logger.error("the tables of %s cannot be read: %s", self.home, first_line(error))
            self._broke()
            raise BusyError(
                f"the index {self._name} cannot be searched: {CANNOT_BE_READ}"
            ) from error

    # -- known without reading ---------------------------------------------------------------------

    @property
    def home(self) -> Home:
        """Where the index is."""
        return self._store.home

    @property
    def settings(self) -> Settings:
        """What it was made with."""
        return self._store.settings

    @property
    def version(self) -> int:
        """Number of the version of the chips that is read."""
        return self.versions[0]

    def reading(self) -> AbstractContextManager[None]:
        """As that of the store: what it raises itself is told already."""
        return self._store.reading()

    # -- read --------------------------------------------------------------------------------------

    @property
    def versions(self) -> tuple[int, int]:
        """Numbers of the versions of the chips and of the sources that are read."""
        with self._told():
            return self._store.versions

    def snapshot(self) -> "GuardedStore":
        """A reader of the newest version."""
        with self._told():
            return GuardedStore(self._store.snapshot(), self._name, self._broke)

    def property_types(self) -> dict[str, pa.DataType]:
        """Columns of chips that are properties of their scenes."""
        with self._told():
            return self._store.property_types()

    def count(self, where: str = "") -> int:
        """Chips, all of them or those that a condition admits."""
        with self._told():
            return self._store.count(where)

    def blocks(
        self, columns: Sequence[str], where: str = "", num_rows: int = BLOCK_ROWS
    ) -> Iterator[pa.Table]:
        """Chips in blocks of at most so many rows, which fit into memory."""
        return self._each(self._store.blocks(columns, where, num_rows))

    def _each(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The same blocks."""
        left = iter(blocks)
        while True:
            # What is done with a block meanwhile is nothing of the store's.
            with self._told():
                block = next(left, None)
            if block is None:
                return
            yield block

    def rows(self, columns: Sequence[str], where: str = "") -> pa.Table:
        """All chips that fulfil a condition, at once."""
        with self._told():
            return self._store.rows(columns, where)

    def take(self, ids: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Chips by their row ids."""
        with self._told():
            return self._store.take(ids, columns)

    def vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embeddings of chips by their row ids."""
        with self._told():
            return self._store.vectors(ids)

    def at(self, offsets: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Chips by their places in the table."""
        with self._told():
            return self._store.at(offsets, columns)

    def nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        num_probes: int,
        where: str = "",
    ) -> pa.Table:
        """The nearest chips by the ANN index alone."""
        with self._told():
            return self._store.nearest(vector, k, num_probes=num_probes, where=where)

    def sources(self) -> dict[str, SourceRecord]:
        """The records of all sources, by source."""
        with self._told():
            return self._store.sources()

    def sources_named(self, names: Sequence[str]) -> dict[str, SourceRecord]:
        """The records of some sources, by source."""
        with self._told():
            return self._store.sources_named(names)

    def sources_of(self, contents: Sequence[str]) -> Iterator[SourceRecord]:
        """The records of the sources that have some bytes, by their fingerprints."""
        return self._each(self._store.sources_of(contents))

    def source_tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Columns of the records of all sources, some thousand at a time."""
        return self._each(self._store.source_tables(columns))

    def source_blocks(self) -> Iterator[Sequence[SourceRecord]]:
        """The records of all sources, some thousand at a time."""
        return self._each(self._store.source_blocks())

    def chip_ids(self, sources: Sequence[str]) -> dict[str, set[str]]:
        """Which chips of sources are there."""
        with self._told():
            return self._store.chip_ids(sources)

    def tuning(self) -> str:
        """How the ANN index was tuned."""
        with self._told():
            return self._store.tuning()

    def num_bytes(self) -> int:
        """How much room the index takes."""
        with self._told():
            return self._store.num_bytes()
