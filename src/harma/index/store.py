"""The tables of an index in Lance, in a folder or a bucket; no other module touches them."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import (
    ConfigError,
    DataError,
    MissingDependencyError,
    ModelMismatchError,
    StorageError,
)
from harma.ground.deferred_imports import deferring, waiting_for
from harma.ground.leftovers import remove_leftovers
from harma.ground.lock import LOCK_FILE
from harma.ground.origins import passed_through
from harma.ground.storage.home import Home, Place, home_of
from harma.ground.storage.lease import LEASE_FILE, Guard, unguarded
from harma.ground.storage.probe import SINGLE_WRITER_FILE
from harma.index.ann_segments import AnnPlan, make_in_parts, merge_latest
from harma.index.contract import BLOCK_ROWS, DISTANCE_COLUMN, ROW_ID
from harma.index.flat_vectors import FlatVectors, flat_vectors
from harma.index.fragments import CommitMark, TableAddress, commit_fragments, take_over
from harma.index.old_versions import kept_for
from harma.index.properties import WORDS, new_columns, property_types
from harma.index.records import ChipRecord, SourceRecord
from harma.index.rows import chip_rows
from harma.index.schema import (
    CHIPS_TABLE,
    SOURCE_SCHEMA,
    SOURCES_TABLE,
    chip_schema,
    embeddings_of,
    quoted,
)
from harma.index.settings import SETTINGS_FILE, Settings, read_settings, write_settings
from harma.index.unreadable import (
    UnreadableError,
    check_are_files,
    is_of_store,
    reason_of_store,
    telling,
    told_as,
)

# What reads and writes the tables.
LIBRARIES = ("lancedb", "lance", "pyarrow")
TABLES = "tables"
# Beside the tables: how the ANN index is searched.
TUNING_FILE = "search.json"
LANCE_ROW_ID = "_rowid"
LANCE_DISTANCE = "_distance"
# Of partitions that are looked into.
NO_LIMIT = 0
# Sources read at once: as rows of Python they take a kilobyte each.
SOURCES_AT_ONCE = 4096
# Of some columns alone; Lance reads a dozen of such blocks ahead.
ROWS_OF_SOURCES = 8192
# Of sources, what many have in common.
REPEATED = {"bands", "bands_reason", "stretch", "sensor", "date_from", "placed_by"}
# What may lie where an index is to be made.
OWN_NAMES = {TABLES, LOCK_FILE, LEASE_FILE, SINGLE_WRITER_FILE}
# What the one that holds the lock is doing.
WRITING_INDEX = "writing the index"
# Names in one SQL expression.
NAMES_AT_ONCE = 500
# Columns that indexes of earlier versions lack: read as empty, made at the next write.
NEW_COLUMNS = {"datetime_end"}
# What Lance may keep in memory, bytes: its own default is 6 GB.
INDEX_CACHE = 1600 << 20
METADATA_CACHE = 100 << 20
# Files that Lance reads ahead of what is wanted: a full one has a gigabyte of embeddings, and with
# its own default a scan of many holds four gigabytes.
FILES_AHEAD = ("LANCE_DEFAULT_FRAGMENT_READAHEAD", "1")
# Vectors of each partition that the partitions are found from, and rounds of that: a tenth of the
# products of Lance's own (256 and 50).
TRAINED_ON = 64
TRAINING_ROUNDS = 20

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
    "sources",
    "sources_named",
    "sources_of",
    "source_tables",
    "source_blocks",
    "num_sources",
    "chip_ids",
    "nearest",
    "num_unindexed",
    "num_segments",
    "num_files",
)


@telling(*READS)
class Store:
    """An opened index: reads and writes; see `harma.index.contract`.

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
            self._database = _connect(self._tables, self.settings)
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

    @classmethod
    def create(
        cls,
        place: Place,
        settings: Settings,
        *,
        tables: Home | None = None,
        guard: Guard = unguarded,
    ) -> "Store":
        """Make an empty index; the arguments are those of the class.

        Raises:
            ConfigError: the place holds something else.
        """
        home = home_of(place)
        if home.is_folder:
            home.folder.mkdir(parents=True, exist_ok=True)
            # Settings half written by a build that was killed here.
            remove_leftovers(home.folder / SETTINGS_FILE)
        foreign = [name for name in home.names() if name not in OWN_NAMES]
        if foreign:
            raise ConfigError(
                f"{home} holds files that are no index ({', '.join(foreign[:3])}); choose another"
            )
        guard()
        of_tables = tables or home
        # What a killed build left.
        of_tables.remove_tree(tables_name(settings))
        database = _connect(of_tables, settings)
        database.create_table(CHIPS_TABLE, schema=chip_schema(settings.embed_dim))
        database.create_table(SOURCES_TABLE, schema=SOURCE_SCHEMA)
        # The settings come last: where they are, there is an index.
        write_settings(home, settings)
        return cls(home, tables=tables, guard=guard)

    # -- reading ------------------------------------------------------------------------------

    def snapshot(self) -> "Store":
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
        for batch in query.to_batches(batch_size=num_rows):
            # Lance gives batches or tables, as its version will have it.
            table = batch
            if isinstance(batch, pa.RecordBatch):
                table = pa.Table.from_batches([batch])
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
        table = _renamed(table)
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
        table = _renamed(query.to_arrow())
        return table[ROW_ID].to_numpy(), embeddings_of(table)

    def at(self, offsets: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Chips by their places in the table, with `columns` and `ROW_ID`."""
        query = self._chips.take_offsets(list(offsets)).select(self._there(columns)).with_row_id()
        return self._shaped(query.to_arrow(), columns)

    def sources(self) -> dict[str, SourceRecord]:
        """The records of all sources, by source."""
        records = {}
        for block in self.source_blocks():
            records.update({record.source: record for record in block})
        return records

    def sources_named(self, names: Sequence[str]) -> dict[str, SourceRecord]:
        """The records of some sources, by source; of those that have one."""
        records = {}
        for where in _named(names):
            for block in self.source_blocks(where):
                records.update({record.source: record for record in block})
        return records

    def sources_of(self, contents: Sequence[str]) -> Iterator[SourceRecord]:
        """The records of the sources that have some bytes, by their fingerprints."""
        for where in _named(contents, "content"):
            for block in self.source_blocks(where):
                yield from block

    def source_tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Columns of the records of all sources, `ROWS_OF_SOURCES` at a time.

        What an earlier version did not know is null.
        """
        names = set(self._sources.schema.names)
        query = self._sources.search().select([name for name in columns if name in names])
        for batch in query.to_batches(batch_size=ROWS_OF_SOURCES):
            table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
            for column in columns:
                if column not in names:
                    nulls = pa.nulls(len(table), SOURCE_SCHEMA.field(column).type)
                    table = table.append_column(column, nulls)
            yield table.select(list(columns))

    def source_blocks(self, where: str = "") -> Iterator[list[SourceRecord]]:
        """The records of sources, `SOURCES_AT_ONCE` at a time.

        Args:
            where: SQL that they fulfil, or "" for all.
        """
        query = self._sources.search()
        if where:
            query = query.where(where)
        for batch in query.to_batches(batch_size=SOURCES_AT_ONCE):
            # One text for all of a block: most sources say the same of their bands and dates.
            shared: dict[str, str] = {}
            records = []
            for row in batch.to_pylist():
                # Empty is what an earlier version did not know.
                known = {name: value for name, value in row.items() if value is not None}
                for name in REPEATED & known.keys():
                    known[name] = shared.setdefault(known[name], known[name])
                records.append(SourceRecord(**known))
            yield records

    def num_sources(self) -> int:
        """Sources that have a record."""
        return int(self._sources.count_rows())

    def chip_ids(self, sources: Sequence[str]) -> dict[str, set[str]]:
        """Which chips of sources are there."""
        ids: dict[str, set[str]] = {name: set() for name in sources}
        for where in _named(sources):
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
        return _renamed(LOOP.run(asked))  # type: ignore[no-untyped-call]

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
        except BaseException as error:
            if _is_of_tables(error):
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

    # -- writing ------------------------------------------------------------------------------

    def add_chips(self, chips: Sequence[ChipRecord], embeddings: NDArray[np.float32]) -> None:
        """Append chips, all of them or none.

        Args:
            chips: n of them.
            embeddings: (n, E).
        """
        new = new_columns(chips, self.property_types())
        with self._writing():
            _complete(self._chips, chip_schema(self.settings.embed_dim))
            self._add_columns(new)
            self._chips.add(
                chip_rows(chips, embeddings, self.settings.model_id, self._chips.schema)
            )

    def _add_columns(self, types: Mapping[str, pa.DataType]) -> None:
        if types:
            self._chips.add_columns(pa.schema(list(types.items())))

    def prepare_columns(self, types: Mapping[str, pa.DataType]) -> None:
        """Make the columns of properties that are missing, before others write rows with them."""
        known = self.property_types()
        with self._writing():
            _complete(self._chips, chip_schema(self.settings.embed_dim))
            self._add_columns({name: kind for name, kind in types.items() if name not in known})

    def chips_address(self) -> TableAddress:
        """Where the table of chips is, for those who write fragments of it."""
        return TableAddress(self._tables.uri(self._chips_name()))

    def _chips_name(self) -> str:
        return f"{tables_name(self.settings)}/{CHIPS_TABLE}.lance"

    def admit_writers(self, build: str) -> None:
        """Let others write fragments of the chips; a build by this name alone commits them."""
        with self._writing():
            take_over(self.chips_address(), build)
            self._chips.checkout_latest()

    def add_fragments(self, fragments: Sequence[str], mark: CommitMark) -> None:
        """Commit chips that others have written, all of them or none, and once."""
        with self._writing():
            commit_fragments(self.chips_address(), fragments, mark, self._guard)
            self._chips.checkout_latest()

    def add_rows(self, rows: pa.Table) -> None:
        """Append chips as another store gave them, all of them or none.

        Args:
            rows: with all columns of this one, in any order; a property that is new gets a column.
        """
        own = chip_schema(self.settings.embed_dim).names
        known = self.property_types()
        found = property_types(rows.schema, [*own, ROW_ID])
        new = {name: kind for name, kind in found.items() if name not in known}
        with self._writing():
            self._add_columns(new)
            schema = self._chips.schema
            self._chips.add(rows.select(schema.names).cast(schema))

    def put_settings(self, settings: Settings) -> None:
        """Write what the index was made with anew."""
        write_settings(self.home, settings)
        self.settings = settings

    def put_sources(self, sources: Sequence[SourceRecord]) -> None:
        """Write records of sources, in place of older ones."""
        table = pa.Table.from_pylist([vars(source) for source in sources], schema=SOURCE_SCHEMA)
        with self._writing():
            _complete(self._sources, SOURCE_SCHEMA)
            merge = self._sources.merge_insert("source")
            merge.when_matched_update_all().when_not_matched_insert_all().execute(table)

    def drop_chips(self, sources: Sequence[str]) -> None:
        """Remove all chips of sources."""
        with self._writing():
            for where in _named(sources):
                self._chips.delete(where)

    def drop_other_chips(self, contents: Mapping[str, str]) -> None:
        """Remove chips of sources that are of other bytes than these (source → content)."""
        items = list(contents.items())
        with self._writing():
            for start in range(0, len(items), NAMES_AT_ONCE):
                pairs = [
                    f"(source = {quoted(source)} AND content != {quoted(content)})"
                    for source, content in items[start : start + NAMES_AT_ONCE]
                ]
                self._chips.delete(" OR ".join(pairs))

    def drop_sources(self, sources: Sequence[str]) -> None:
        """Remove sources and all their chips."""
        # The chips go first: what is left of a killed removal is removed again.
        self.drop_chips(sources)
        with self._writing():
            for where in _named(sources):
                self._sources.delete(where)

    def write_tuning(self, text: str) -> None:
        """Keep how the ANN index is searched; "" forgets it, and searches are exact."""
        if text:
            self._tables.write_text(self._tuning_file(), text)
        else:
            self._tables.remove(self._tuning_file())

    def create_ann(
        self,
        kind: str,
        num_bits: int,
        num_partitions: int | None = None,
        *,
        num_workers: int = 1,
    ) -> None:
        """Make the ANN index, in place of an older one.

        Args:
            kind: "IVF_RQ" or "IVF_FLAT".
            num_bits: of each dimension, with IVF_RQ.
            num_partitions: that the chips are parted into; None as Lance has it.
            num_workers: processes; more than one take the number of partitions, and pylance.
        """
        if num_workers > 1 and num_partitions is not None:
            plan = AnnPlan(kind, num_bits, num_partitions, TRAINED_ON, TRAINING_ROUNDS)
            self.drop_ann()
            with self._writing():
                make_in_parts(self.chips_address(), plan, num_workers)
                self._chips.checkout_latest()
            return
        from lancedb.index import IvfFlat, IvfRq

        training: dict[str, Any] = {
            "distance_type": "cosine",
            "num_partitions": num_partitions,
            "sample_rate": TRAINED_ON,
            "max_iterations": TRAINING_ROUNDS,
        }
        config: Any = IvfFlat(**training)
        if kind == "IVF_RQ":
            config = IvfRq(num_bits=num_bits, **training)
        with self._writing():
            self._chips.create_index("embedding", config=config, replace=True)

    def drop_ann(self) -> None:
        """Remove the ANN index, if there is one."""
        with self._writing():
            for index in self._indices_of("embedding"):
                self._chips.drop_index(index.name)

    def num_unindexed(self) -> int:
        """Chips that the ANN index does not know yet; they are compared one by one."""
        return sum(int(index.num_unindexed_rows) for index in self._indices_of("embedding"))

    def _indices_of(self, column: str) -> list[Any]:
        """What Lance says of the index of a column, if there is one."""
        return [index for index in self._chips.list_indices() if index.columns == [column]]

    def num_segments(self) -> int:
        """Pieces of the ANN index: one that was made at once, and what it was extended by."""
        return sum(int(index.num_segments) for index in self._indices_of("embedding"))

    def merge_segments(self) -> bool:
        """Make one piece of all that the ANN index was extended by; False where nothing can."""
        merged = False
        with self._writing():
            for index in self._indices_of("embedding"):
                merged = merge_latest(self.chips_address(), index.name, index.num_segments - 1)
            self._chips.checkout_latest()
        return merged

    def index_sources(self) -> None:
        """Make the index of the names of sources, where there is none: it finds the chips of one.

        Without it every name is looked at. Chips that are added later are known after `compact`.
        """
        from lancedb.index import BTree

        if not self._indices_of("source"):
            with self._writing():
                self._chips.create_index("source", config=BTree())

    def num_files(self) -> int:
        """Files that the chips are in: each write adds one."""
        return int(self._chips.stats()["fragment_stats"]["num_fragments"])

    def compact(self) -> None:
        """Join the small files that many writes leave, and drop old versions.

        The ANN index learns of new chips.
        """
        with self._writing():
            for table in (self._chips, self._sources):
                table.optimize(cleanup_older_than=_kept_for(table))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._guard()
        with told_as(self._unwritable):
            yield

    def _unwritable(self, error: BaseException) -> StorageError:
        return StorageError(
            f"the index {self.home} cannot be written ({reason_of_store(error)}). What was written"
            " before is kept; make room, or make it writable, and give the command again"
        )


def tables_name(settings: Settings) -> str:
    """Where tables are in a home: beside the old ones while the index is embedded again."""
    return f"{TABLES}/{settings.embedding_id}"


def _is_of_tables(error: BaseException) -> bool:
    """Whether an error is the tables', where what was read is used meanwhile, too."""
    if not is_of_store(error) or isinstance(error, ValueError | LookupError):
        return False
    # Others raise it as well, such as a model.
    return not isinstance(error, RuntimeError) or passed_through(error, LIBRARIES)


def _renamed(table: pa.Table) -> pa.Table:
    """A table of Lance with row ids, as signed numbers, and distances under our names."""
    place = table.schema.get_field_index(LANCE_ROW_ID)
    table = table.set_column(place, ROW_ID, table[LANCE_ROW_ID].cast(pa.int64()))
    if LANCE_DISTANCE not in table.schema.names:
        return table
    place = table.schema.get_field_index(LANCE_DISTANCE)
    return table.set_column(place, DISTANCE_COLUMN, table[LANCE_DISTANCE])


def _connect(home: Home, settings: Settings) -> Any:
    """The database of an index.

    Raises:
        MissingDependencyError: lancedb is not installed.
    """
    try:
        with deferring(*waiting_for("lancedb")):
            import lancedb
    except ImportError as error:
        raise MissingDependencyError(
            "an index needs lancedb: pip install 'harma[search]'"
        ) from error
    # Lance reads it once, with the first scan.
    os.environ.setdefault(*FILES_AHEAD)
    session = lancedb.Session(
        index_cache_size_bytes=INDEX_CACHE, metadata_cache_size_bytes=METADATA_CACHE
    )
    options = home.storage_options() or None
    return lancedb.connect(
        home.uri(tables_name(settings)), session=session, storage_options=options
    )


def _kept_for(table: Any) -> timedelta:
    """How old versions of a table may become that are kept."""
    # LanceDB's times are local, and without a zone.
    return kept_for([version["timestamp"] for version in table.list_versions()], datetime.now())


def _complete(table: Any, schema: pa.Schema) -> None:
    """Add the columns that a table of an earlier version lacks, empty."""
    names = set(table.schema.names)
    missing = [field for field in schema if field.name not in names]
    if missing:
        table.add_columns(pa.schema(missing))


def _named(values: Sequence[str], column: str = "source") -> Iterator[str]:
    """SQL for sources by name, or by another column, some hundred at a time."""
    for start in range(0, len(values), NAMES_AT_ONCE):
        texts = [quoted(value) for value in values[start : start + NAMES_AT_ONCE]]
        yield f"{column} IN ({', '.join(texts)})"
