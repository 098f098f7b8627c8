"""What an index asks of its store, as protocols: another store (in memory, …) has these methods."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.ground.storage.home import Home
from harma.index.records import ChipRecord, SourceRecord
from harma.index.settings import Settings

# Name of the column of row ids in what is read: of one version of the chips, nowhere kept.
ROW_ID = "row_id"
# Name of the column of distances (1 - cosine) in what `nearest` gives.
DISTANCE_COLUMN = "distance"
# Chips read at once: 64 MB of embeddings in float16 at 512.
BLOCK_ROWS = 65_536
# What a store raises where it cannot be read, or where SQL is none.
READ_ERRORS = (OSError, ValueError, RuntimeError)


class StoreReader(Protocol):
    """Reads one index: its chips, its sources, and how its ANN index was tuned.

    Conditions (`where`) are SQL on the columns of `harma.index.schema`, or "". Every table of chips
    has a further column `ROW_ID`. What cannot be read raises one of `READ_ERRORS`.
    """

    @property
    def home(self) -> Home:
        """Where the index is."""

    @property
    def settings(self) -> Settings:
        """What it was made with."""

    @property
    def version(self) -> int:
        """Number of the version of the chips that is read."""

    @property
    def versions(self) -> tuple[int, int]:
        """Numbers of the versions of the chips and of the sources that are read."""

    def snapshot(self) -> "StoreReader":
        """A reader of the newest version; it goes on reading that one, whatever is written."""

    def property_types(self) -> dict[str, pa.DataType]:
        """Columns of chips beside those of `harma.index.schema`: properties of their scenes."""

    def count(self, where: str = "") -> int:
        """Chips, all of them or those that a condition admits."""

    def blocks(
        self, columns: Sequence[str], where: str = "", num_rows: int = BLOCK_ROWS
    ) -> Iterator[pa.Table]:
        """Chips in blocks of at most so many rows, which fit into memory."""

    def rows(self, columns: Sequence[str], where: str = "") -> pa.Table:
        """All chips that fulfil a condition, at once."""

    def take(self, ids: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Chips by their row ids (n,), each once, in this order; without `ROW_ID`."""

    def vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embeddings (n, E) of chips by their row ids (n,), each once, in this order."""

    def at(self, offsets: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Chips by their places in the table."""

    def nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        num_probes: int,
        where: str = "",
    ) -> pa.Table:
        """The nearest chips by the ANN index alone: `ROW_ID` and `DISTANCE_COLUMN`.

        The nearest first. Nothing is compared exactly.
        """

    def sources(self) -> dict[str, SourceRecord]:
        """The records of all sources, by source."""

    def sources_named(self, names: Sequence[str]) -> dict[str, SourceRecord]:
        """The records of some sources, by source; of those that have one."""

    def sources_of(self, contents: Sequence[str]) -> Iterator[SourceRecord]:
        """The records of the sources that have some bytes, by their fingerprints."""

    def source_tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Columns of the records of all sources, some thousand at a time."""

    def source_blocks(self) -> Iterator[Sequence[SourceRecord]]:
        """The records of all sources, some thousand at a time."""

    def chip_ids(self, sources: Sequence[str]) -> dict[str, set[str]]:
        """Which chips of sources are there."""

    def tuning(self) -> str:
        """What `write_tuning` wrote last; "" where there is nothing."""

    def num_bytes(self) -> int:
        """How much room the index takes."""

    def reading(self) -> AbstractContextManager[None]:
        """Turns what goes wrong inside into a `DataError` that says which index it is."""


class StoreWriter(StoreReader, Protocol):
    """Writes one index too, one writer at a time; a `StorageError` where that cannot be done."""

    def add_chips(self, chips: Sequence[ChipRecord], embeddings: NDArray[np.float32]) -> None:
        """Append chips and their embeddings (n, E), all of them or none.

        Properties that have no column yet get one.
        """

    def put_settings(self, settings: Settings) -> None:
        """Write what the index was made with anew."""

    def put_sources(self, sources: Sequence[SourceRecord]) -> None:
        """Write records of sources, in place of older ones."""

    def drop_chips(self, sources: Sequence[str]) -> None:
        """Remove all chips of sources."""

    def drop_other_chips(self, contents: Mapping[str, str]) -> None:
        """Remove chips of sources that are of other bytes than these (source → content)."""

    def drop_sources(self, sources: Sequence[str]) -> None:
        """Remove sources and all their chips."""

    def write_tuning(self, text: str) -> None:
        """Keep how the ANN index was tuned; "" forgets it."""

    def create_ann(
        self,
        kind: str,
        num_bits: int,
        num_partitions: int | None = None,
        *,
        num_workers: int = 1,
    ) -> None:
        """Make the ANN index, in place of an older one, in some processes."""

    def drop_ann(self) -> None:
        """Remove the ANN index, if there is one."""

    def num_unindexed(self) -> int:
        """Chips that the ANN index does not know yet."""

    def index_sources(self) -> None:
        """Make what finds chips by the names of their sources, where there is none."""

    def num_segments(self) -> int:
        """Pieces of the ANN index: what was made at once, and what it was extended by."""

    def merge_segments(self) -> bool:
        """Make one piece of what the ANN index was extended by; False where nothing can."""

    def num_files(self) -> int:
        """Files that the chips are in."""

    def compact(self) -> None:
        """Join small files, bring new chips into the ANN index, and drop old versions."""
