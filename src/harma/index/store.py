"""The tables of an index in Lance, on disk; no other module touches them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import (
    ConfigError,
    DataError,
    HarmaError,
    MissingDependencyError,
    ModelMismatchError,
    StorageError,
)
from harma.ground.deferred_imports import deferring, waiting_for
from harma.ground.files import write_text
from harma.ground.lock import LOCK_FILE
from harma.ground.messages import first_line
from harma.index.ann_segments import merge_latest
from harma.index.contract import BLOCK_ROWS, DISTANCE_COLUMN, READ_ERRORS, ROW_ID
from harma.index.fragments import TableAddress
from harma.index.properties import WORDS, new_columns, property_types
from harma.index.records import ChipRecord, SourceRecord
from harma.index.rows import chip_rows
from harma.index.schema import CHIPS_TABLE, SOURCE_SCHEMA, SOURCES_TABLE, chip_schema, quoted
from harma.index.settings import Settings, read_settings, write_settings

TABLES = "tables"
# Beside the tables: how the ANN index is searched.
TUNING_FILE = "search.json"
LANCE_ROW_ID = "_rowid"
LANCE_DISTANCE = "_distance"
# Sources read at once: as rows of Python they take a kilobyte each.
SOURCES_AT_ONCE = 4096
# Of sources, what many have in common.
REPEATED = {"bands", "bands_reason", "stretch", "sensor", "date_from", "placed_by"}
# What the one that holds the lock is doing.
WRITING_INDEX = "writing the index"
# Names in one SQL expression.
NAMES_AT_ONCE = 500
# Columns that indexes of earlier versions lack: read as empty, made at the next write.
NEW_COLUMNS = {"datetime_end"}
# What Lance may keep in memory, bytes: its own default is 6 GB.
INDEX_CACHE = 400 << 20
METADATA_CACHE = 100 << 20
# Vectors of each partition that the partitions are found from, and rounds of that: with Lance's own
# (256 and 50) it takes ten times as long, and finds nothing more.
TRAINED_ON = 64
TRAINING_ROUNDS = 20
# Versions that readers may still look at.
KEPT_VERSIONS = timedelta(hours=1)


class Store:
    """An opened index: reads and writes; see `harma.index.contract`.

    What it reads is the version that was the newest when it was opened, and what it wrote itself.

    Args:
        directory: of the index.

    Attributes:
        directory: of the index.
        settings: what the index was made with.

    Raises:
        MissingFileError: there is no index.
        DataError: it is damaged.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.settings = read_settings(directory)
        # Of a snapshot alone, where nothing changes any more.
        self._fixed_tuning: str | None = None
        self._fixed_versions: tuple[int, int] | None = None
        self._fixed_names: list[str] | None = None
        try:
            self._database = _connect(directory, self.settings)
            self._open_tables()
            names = set(self._chips.schema.names)
        except READ_ERRORS as error:
            raise DataError(
                f"the index {directory} is damaged ({first_line(error)}); build it again"
            ) from error
        needed = set(chip_schema(self.settings.embed_dim).names)
        are_known = all(kind in WORDS for kind in self.property_types().values())
        if not needed - NEW_COLUMNS <= names or not are_known:
            raise DataError(
                f"the index {directory} has other columns than this HarMA's; build it again"
            )

    def _open_tables(self) -> None:
        self._chips: Any = self._database.open_table(CHIPS_TABLE)
        self._sources: Any = self._database.open_table(SOURCES_TABLE)

    @classmethod
    def create(cls, directory: Path, settings: Settings) -> "Store":
        """Make an empty index.

        Raises:
            ConfigError: the directory holds something else.
        """
        directory.mkdir(parents=True, exist_ok=True)
        # Settings half written by a build that was killed here.
        for temporary in directory.glob(".index.json.*.tmp"):
            temporary.unlink()
        entries = {path.name for path in directory.iterdir()}
        foreign = sorted(entries - {TABLES, LOCK_FILE})
        if foreign:
            raise ConfigError(
                f"{directory} holds files that are no index ({', '.join(foreign[:3])}); choose"
                " another"
            )
        database = _connect(directory, settings)
        _create_table(database, CHIPS_TABLE, chip_schema(settings.embed_dim))
        _create_table(database, SOURCES_TABLE, SOURCE_SCHEMA)
        # The settings come last: where they are, there is an index.
        write_settings(directory, settings)
        return cls(directory)

    # -- reading ------------------------------------------------------------------------------

    def snapshot(self) -> "Store":
        """A store of the newest version there is now, which cannot write.

        It goes on reading that version whatever is written, until `KEPT_VERSIONS` have passed and
        the index is optimized. Caches are shared.

        Raises:
            DataError: the tables are damaged.
            ModelMismatchError: the index was embedded again with another model.
        """
        settings = read_settings(self.directory)
        if settings.embedding_id != self.settings.embedding_id:
            raise ModelMismatchError(
                f"the index {self.directory} was embedded again with the model {settings.model}"
                f" ({settings.embedding_id}); open it again"
            )
        fixed = object.__new__(type(self))
        fixed._fixed_versions = None
        fixed.directory = self.directory
        fixed.settings = settings
        fixed._database = self._database
        try:
            tuning = self._written_tuning()
            fixed._open_tables()
            for table in (fixed._chips, fixed._sources):
                # A table that is checked out stays where it is, and refuses to be written.
                table.checkout(table.version)
            fixed._fixed_versions = fixed._read_versions()
            fixed._fixed_names = None
            fixed._fixed_names = fixed._column_names()
            # The file is no part of a version: of a tuning that changed meanwhile nobody knows
            # which ANN index it is of, and without one all chips are compared.
            fixed._fixed_tuning = tuning if self._written_tuning() == tuning else ""
        except READ_ERRORS as error:
            raise self._unreadable(error) from error
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
        self, columns: Sequence[str], where: str = "", num_rows: int = BLOCK_ROWS
    ) -> Iterator[pa.Table]:
        """Chips in blocks that fit into memory.

        Args:
            columns: to read.
            where: SQL that they fulfil, or "".
            num_rows: of a block, at most.

        Yields:
            Tables with these columns and `ROW_ID`.
        """
        query = self._query(columns, where)
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

    def source_blocks(self) -> Iterator[list[SourceRecord]]:
        """The records of all sources, `SOURCES_AT_ONCE` at a time."""
        for batch in self._sources.search().to_batches(batch_size=SOURCES_AT_ONCE):
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
        refine: int,
        where: str,
        columns: Sequence[str],
    ) -> pa.Table:
        """Ask the ANN index.

        Args:
            vector: (E,).
            k: rows wanted.
            num_probes: partitions looked into; with a filter more of them, until there are `k`
                rows.
            refine: candidates compared exactly, as a multiple of `k`.
            where: SQL that is applied first, or "".
            columns: to return.

        Returns:
            The nearest first, with `ROW_ID` and `DISTANCE_COLUMN`; fewer than `k` where the filter
            admits no more, or the partitions hold no more.
        """
        query = self._nearest(vector, k, num_probes).refine_factor(refine)
        if where:
            # 0 takes away the limit: as many partitions as it needs to find `k` rows.
            query = query.maximum_nprobes(0).where(self._condition(where), prefilter=True)
        else:
            query = query.maximum_nprobes(num_probes)
        query = query.select([*self._there(columns), LANCE_DISTANCE]).with_row_id(True)
        return self._shaped(query.to_arrow(), columns)

    def nearest_ids(
        self, vector: NDArray[np.float32], k: int, *, num_probes: int
    ) -> NDArray[np.int64]:
        """Row ids of the `k` nearest chips by the ANN index alone: nothing is compared exactly.

        Args:
            vector: (E,).
            k: rows wanted.
            num_probes: partitions looked into.

        Returns:
            The nearest first; fewer than `k` where the partitions hold no more.
        """
        query = self._nearest(vector, k, num_probes).maximum_nprobes(num_probes)
        table = _renamed(query.select([LANCE_DISTANCE]).with_row_id(True).to_arrow())
        ids: NDArray[np.int64] = table[ROW_ID].to_numpy()
        return ids

    def _nearest(self, vector: NDArray[np.float32], k: int, num_probes: int) -> Any:
        query = self._chips.search(vector, vector_column_name="embedding")
        return query.distance_type("cosine").limit(k).minimum_nprobes(num_probes)

    def tuning(self) -> str:
        """How the ANN index is searched, as `write_tuning` wrote it; "" where nothing is."""
        if self._fixed_tuning is not None:
            return self._fixed_tuning
        return self._written_tuning()

    def _written_tuning(self) -> str:
        path = self._tuning_file()
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def _tuning_file(self) -> Path:
        return tables_directory(self.directory, self.settings) / TUNING_FILE

    def num_bytes(self) -> int:
        """How much room the index takes."""
        return sum(_size(path) for path in self.directory.rglob("*"))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Say plainly what is wrong when the tables cannot be read.

        Raises:
            DataError: they are damaged, or were replaced by those of another model.
        """
        try:
            yield
        except HarmaError:
            raise
        except (OSError, RuntimeError) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> DataError:
        return DataError(
            f"the index {self.directory} cannot be read ({first_line(error)}). If it was embedded"
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
        tables = tables_directory(self.directory, self.settings)
        return TableAddress(str(tables / f"{CHIPS_TABLE}.lance"))

    def refresh(self) -> None:
        """Read what was committed to the chips meanwhile."""
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
        write_settings(self.directory, settings)
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
            write_text(self._tuning_file(), text)
        else:
            self._tuning_file().unlink(missing_ok=True)

    def create_ann(self, kind: str, num_bits: int, num_partitions: int | None = None) -> None:
        """Make the ANN index, in place of an older one.

        Args:
            kind: "IVF_RQ" or "IVF_FLAT".
            num_bits: of each dimension, with IVF_RQ.
            num_partitions: that the chips are parted into; None as Lance has it.
        """
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
                merged = merge_latest(self._chips.uri, index.name, index.num_segments - 1)
            self._chips.checkout_latest()
        return merged

    def num_files(self) -> int:
        """Files that the chips are in: each write adds one."""
        return int(self._chips.stats()["fragment_stats"]["num_fragments"])

    def compact(self) -> None:
        """Join the small files that many writes leave, and drop old versions.

        The ANN index learns of new chips.
        """
        with self._writing():
            for table in (self._chips, self._sources):
                table.optimize(cleanup_older_than=KEPT_VERSIONS)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except READ_ERRORS as error:
            raise StorageError(
                f"the index {self.directory} cannot be written ({first_line(error)}). What was"
                " written before is kept; make room, or make it writable, and give the command"
                " again"
            ) from error


def tables_directory(directory: Path, settings: Settings) -> Path:
    """Where tables are: beside the old ones while the index is embedded again."""
    return directory / TABLES / settings.embedding_id


def _size(path: Path) -> int:
    """Bytes of a file; 0 of a folder, and of what is gone by now, such as a log of the searches."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0


def _renamed(table: pa.Table) -> pa.Table:
    """A table of Lance with row ids, as signed numbers, and distances under our names."""
    place = table.schema.get_field_index(LANCE_ROW_ID)
    table = table.set_column(place, ROW_ID, table[LANCE_ROW_ID].cast(pa.int64()))
    if LANCE_DISTANCE not in table.schema.names:
        return table
    place = table.schema.get_field_index(LANCE_DISTANCE)
    return table.set_column(place, DISTANCE_COLUMN, table[LANCE_DISTANCE])


def _connect(directory: Path, settings: Settings) -> Any:
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
    session = lancedb.Session(
        index_cache_size_bytes=INDEX_CACHE, metadata_cache_size_bytes=METADATA_CACHE
    )
    return lancedb.connect(str(tables_directory(directory, settings)), session=session)


def _complete(table: Any, schema: pa.Schema) -> None:
    """Add the columns that a table of an earlier version lacks, empty."""
    names = set(table.schema.names)
    missing = [field for field in schema if field.name not in names]
    if missing:
        table.add_columns(pa.schema(missing))


def _create_table(database: Any, name: str, schema: pa.Schema) -> None:
    """Make an empty table, in place of one that a killed build left."""
    # Lance warns on stderr where it is to overwrite what is not there.
    if (Path(database.uri) / f"{name}.lance").exists():
        database.create_table(name, schema=schema, mode="overwrite")
    else:
        database.create_table(name, schema=schema)


def _named(sources: Sequence[str]) -> Iterator[str]:
    """SQL for sources by name, some hundred at a time."""
    for start in range(0, len(sources), NAMES_AT_ONCE):
        names = [quoted(name) for name in sources[start : start + NAMES_AT_ONCE]]
        yield f"source IN ({', '.join(names)})"
