"""What is read of an index in Lance: chips, embeddings, the nearest of a vector."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import DataError, ModelMismatchError
from harma.ground.storage.home import Home, Place, home_of
from harma.ground.storage.lease import Guard, unguarded
from harma.index.contract import BLOCK_ROWS, ROW_ID
from harma.index.flat_vectors import FlatVectors, flat_vectors
from harma.index.properties import WORDS, property_types
from harma.index.schema import (
    CHIPS_TABLE,
    SOURCE_SCHEMA,
    SOURCES_TABLE,
    chip_schema,
    embeddings_of,
)
from harma.index.settings import read_settings
from harma.index.store.source_reads import SourceReads
from harma.index.store.tables import (
    LANCE_DISTANCE,
    connect,
    is_of_tables,
    named,
    renamed,
    tables_name,
    tables_of,
)
from harma.index.unreadable import (
    DamagedOutlineError,
    UnreadableError,
    check_are_files,
    reason_of_store,
    telling,
    told_as,
)

# Beside the tables: how the ANN index is searched.
TUNING_FILE = "search.json"
# Of partitions that are looked into.
NO_LIMIT = 0
# Columns that indexes of earlier versions lack: read as empty, made at the next write.
NEW_COLUMNS = {"datetime_end"}

# What reads the tables, and tells where they are damaged.
READS = (
    "version",
    "versions",
    "property_types",
    "count",
    "blocks",
    "rows",
    "take",
    "vectors",
    "at",
    "chip_ids",
    "nearest",
    "num_unindexed",
    "num_segments",
    "num_files",
)


@telling(*READS)
class StoreReads(SourceReads):
    """The half of `harma.index.store.Store` that reads.

    What it reads is the version that was the newest when it was opened, and what it wrote itself.

    Args:
        place: of the index: a folder, an address of a bucket, or a home.
        tables: the home that the tables lie in, where that is another.
        guard: called before each commit; raises where another process may write by now.

    Attributes:
        home: where the index is.
        settings: what the index was made with.

    Raises:
        MissingFileError: there is no index.
        DataError: it is damaged.
    """

    def __init__(
        self, place: Place, *, tables: Home | None = None, guard: Guard = unguarded
    ) -> None:
        self.home = home_of(place)
        self.settings = read_settings(self.home)
        self._tables = tables or self.home
        self._guard = guard
        # Of a snapshot alone, where nothing changes any more.
        self._fixed_tuning: str | None = None
        self._fixed_versions: tuple[int, int] | None = None
        self._fixed_names: list[str] | None = None
        self._flat_vectors: FlatVectors | None = None
        if self._tables.is_folder:
            check_are_files(self._tables.folder / tables_name(self.settings))
        with told_as(self._damaged):
            self._database = connect(self._tables, self.settings)
            self._open_tables()
            names = set(self._chips.schema.names)
            of_sources = set(self._sources.schema.names)
        needed = set(chip_schema(self.settings.embed_dim).names)
        are_known = all(kind in WORDS for kind in self.property_types().values())
        if not needed - NEW_COLUMNS <= names or not are_known:
            raise DataError(
                f"the index {self.home} has other columns than this HarMA's; build it again"
            )
        if not of_sources <= set(SOURCE_SCHEMA.names):
            raise DataError(
                f"the index {self.home} says other things of its sources than this HarMA knows;"
                " build it again"
            )

    def _open_tables(self) -> None:
        self._chips: Any = self._database.open_table(CHIPS_TABLE)
        self._sources: Any = self._database.open_table(SOURCES_TABLE)

    def snapshot(self) -> Self:
        """A store of the newest version there is now, which cannot write.

        It goes on reading that version whatever is written, as long as `old_versions` keeps it and
        until the index is optimized then. Caches are shared.

        Raises:
            DataError: the tables are damaged.
            ModelMismatchError: the index was embedded again with another model.
        """
        settings = read_settings(self.home)
        if settings.embedding_id != self.settings.embedding_id:
            raise ModelMismatchError(
                f"the index {self.home} was embedded again with the model {settings.model}"
                f" ({settings.embedding_id}); open it again"
            )
        fixed = object.__new__(type(self))
        fixed._fixed_versions = None
        fixed.home = self.home
        fixed._tables = self._tables
        fixed._guard = self._guard
        fixed.settings = settings
        fixed._database = self._database
        with told_as(self._unreadable):
            tuning = self._written_tuning()
            fixed._open_tables()
            for table in (fixed._chips, fixed._sources):
                # A table that is checked out stays where it is, and refuses to be written.
                table.checkout(table.version)
            fixed._fixed_versions = fixed._read_versions()
            fixed._fixed_names = None
            fixed._flat_vectors = None
            fixed._fixed_names = fixed._column_names()
            # The file is no part of a version: of a tuning that changed meanwhile nobody knows
            # which ANN index it is of, and without one all chips are compared.
            fixed._fixed_tuning = tuning if self._written_tuning() == tuning else ""
        return fixed

    @property
    def version(self) -> int:
        """Number of the version of the chips that is read."""
        return self.versions[0]

    @property
    def versions(self) -> tuple[int, int]:
        """Numbers of the versions of the chips and of the sources that are read."""
        if self._fixed_versions is not None:
            return self._fixed_versions
        return self._read_versions()

    def _read_versions(self) -> tuple[int, int]:
        # Lance asks a thread of its own, which takes milliseconds where many do.
        before = self.settings.versions_before
        return before + int(self._chips.version), before + int(self._sources.version)

    def property_types(self) -> dict[str, pa.DataType]:
        """The further columns of chips, and their types."""
        return property_types(self._chips.schema, chip_schema(self.settings.embed_dim).names)

    def count(self, where: str = "") -> int:
        """Chips, all of them or those that a condition in SQL admits."""
        return int(self._chips.count_rows(self._condition(where) or None))

    def blocks(
        self,
        columns: Sequence[str],
        where: str = "",
        num_rows: int = BLOCK_ROWS,
        *,
        first: int = 0,
    ) -> Iterator[pa.Table]:
        """Chips in blocks that fit into memory; of one version always in the same order.

        Args:
            columns: to read.
            where: SQL that they fulfil, or "".
            num_rows: of a block, at most.
            first: so many that come before are left out.

        Yields:
            Tables with these columns and `ROW_ID`.
        """
        query = self._query(columns, where)
        if first:
            query = query.offset(first)
        for table in tables_of(query, num_rows):
            yield self._shaped(table, columns)

    def rows(self, columns: Sequence[str], where: str = "") -> pa.Table:
        """All chips that fulfil a condition, at once, with `columns` and `ROW_ID`."""
        return self._shaped(self._query(columns, where).to_arrow(), columns)

    def _query(self, columns: Sequence[str], where: str) -> Any:
        query = self._chips.search()
        if where:
            query = query.where(self._condition(where))
        return query.select(self._there(columns)).with_row_id(True)

    def _there(self, columns: Sequence[str]) -> list[str]:
        """Those of some columns that the table has."""
        names = self._column_names()
        return [column for column in columns if column in names]

    def _column_names(self) -> list[str]:
        if self._fixed_names is not None:
            return self._fixed_names
        return list(self._chips.schema.names)

    def _condition(self, where: str) -> str:
        """A condition for a table that lacks new columns."""
        if "datetime_end" in self._column_names():
            return where
        # Without an end, the first moment is the last.
        return re.sub(r"\bdatetime_end\b", "datetime", where)

    def _shaped(self, table: pa.Table, columns: Sequence[str]) -> pa.Table:
        """What was read under our names, with empty columns in place of those it lacks."""
        table = renamed(table)
        schema = chip_schema(self.settings.embed_dim)
        for column in columns:
            if column not in table.schema.names:
                # A property that this version has not yet is of no type.
                kind = schema.field(column).type if column in schema.names else pa.null()
                table = table.append_column(column, pa.nulls(len(table), kind))
        return table

    def take(self, ids: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Chips by their row ids.

        Args:
            ids: row ids (n,), each once.
            columns: to read.

        Returns:
            (n) rows in the order of `ids`, each column in one piece.
        """
        query = self._chips.take_row_ids(ids.tolist()).select(self._there(columns)).with_row_id()
        table = self._shaped(query.to_arrow(), columns)
        # Lance gives them in the order of the table.
        row_ids = table[ROW_ID].to_numpy()
        sorter = np.argsort(row_ids)
        places = sorter[np.searchsorted(row_ids, ids, sorter=sorter)]
        return table.take(places).select(list(columns)).combine_chunks()

    def vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embeddings of chips by their row ids: in place, where a version that stays is read.

        Args:
            ids: row ids (n,), each once.

        Returns:
            (n, E) in the order of `ids`.
        """
        if self._fixed_versions is None or not self._tables.is_folder:
            return embeddings_of(self.take(ids, ["embedding"]))
        if self._flat_vectors is None:
            # Threads that come at once find the same.
            self._flat_vectors = flat_vectors(
                self._tables.folder / self._chips_name(),
                int(self._chips.version),
                self.settings.embed_dim,
                self._read_vectors,
            )
        return self._flat_vectors.read(ids, self._read_vectors)

    def _read_vectors(
        self, ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Row ids of those of some rows that are there, and their embeddings, by LanceDB."""
        query = self._chips.take_row_ids(ids.tolist()).select(["embedding"]).with_row_id()
        table = renamed(query.to_arrow())
        return table[ROW_ID].to_numpy(), embeddings_of(table)

    def at(self, offsets: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Chips by their places in the table, with `columns` and `ROW_ID`."""
        query = self._chips.take_offsets(list(offsets)).select(self._there(columns)).with_row_id()
        return self._shaped(query.to_arrow(), columns)

    def chip_ids(self, sources: Sequence[str]) -> dict[str, set[str]]:
        """Which chips of sources are there."""
        ids: dict[str, set[str]] = {name: set() for name in sources}
        for where in named(sources):
            for row in self.rows(["id", "source"], where).to_pylist():
                ids[row["source"]].add(row["id"])
        return ids

    def nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        num_probes: int,
        where: str = "",
    ) -> pa.Table:
        """Ask the ANN index alone: nothing is compared exactly.

        Args:
            vector: (E,).
            k: rows wanted.
            num_probes: partitions looked into; with a filter more of them, until there are `k`
                rows.
            where: SQL that is applied first, or "".

        Returns:
            `ROW_ID` and `DISTANCE_COLUMN`, the nearest first; fewer than `k` where the filter
            admits no more, or the partitions hold no more.
        """
        from lancedb.background_loop import LOOP

        # The table's own search asks for its schema first, and for each batch from this thread:
        # a third of the time of a question. What filters comes first here too.
        query = self._chips._table.query().nearest_to(vector).column("embedding")
        # With a filter as many partitions as it needs to find `k` rows.
        most = NO_LIMIT if where else num_probes
        query = query.distance_type("cosine").limit(k).maximum_nprobes(NO_LIMIT)
        query = query.minimum_nprobes(num_probes).maximum_nprobes(most)
        if where:
            query = query.where(self._condition(where))
        asked = query.select([LANCE_DISTANCE]).with_row_id().to_arrow()
        return renamed(LOOP.run(asked))  # type: ignore[no-untyped-call]

    def tuning(self) -> str:
        """How the ANN index is searched, as `write_tuning` wrote it; "" where nothing is."""
        if self._fixed_tuning is not None:
            return self._fixed_tuning
        return self._written_tuning()

    def _written_tuning(self) -> str:
        return self._tables.read_text(self._tuning_file()) or ""

    def _tuning_file(self) -> str:
        return f"{tables_name(self.settings)}/{TUNING_FILE}"

    def num_bytes(self) -> int:
        """How much room the index takes."""
        return self.home.num_bytes()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Say plainly what is wrong when the tables cannot be read.

        Raises:
            DataError: they are damaged, or were replaced by those of another model.
        """
        try:
            yield
        except DamagedOutlineError as error:
            if error.source:
                raise
            raise DamagedOutlineError(error.problem, source=str(self.home)) from error
        except BaseException as error:
            if is_of_tables(error):
                raise self._unreadable(error) from error
            raise

    def _damaged(self, error: BaseException) -> DataError:
        return DataError(
            f"the index {self.home} is damaged ({reason_of_store(error)}); build it again"
        )

    def _unreadable(self, error: BaseException) -> UnreadableError:
        return UnreadableError(
            f"the index {self.home} cannot be read ({reason_of_store(error)}). If it was embedded"
            " again or optimized just now, open it again; else a file is damaged: see `harma index"
            " verify`, and build it again"
        )

    def num_unindexed(self) -> int:
        """Chips that the ANN index does not know yet; they are compared one by one."""
        return sum(int(index.num_unindexed_rows) for index in self._indices_of("embedding"))

    def _indices_of(self, column: str) -> list[Any]:
        """What Lance says of the index of a column, if there is one."""
        return [index for index in self._chips.list_indices() if index.columns == [column]]

    def num_segments(self) -> int:
        """Pieces of the ANN index: one that was made at once, and what it was extended by."""
        return sum(int(index.num_segments) for index in self._indices_of("embedding"))

    def num_files(self) -> int:
        """Files that the chips are in: each write adds one."""
        return int(self._chips.stats()["fragment_stats"]["num_fragments"])

    def _chips_name(self) -> str:
        return f"{tables_name(self.settings)}/{CHIPS_TABLE}.lance"
