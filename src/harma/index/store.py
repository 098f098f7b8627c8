"""The tables of an index on disk, and one writer at a time."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError, HarmaError, MissingDependencyError, StorageError
from harma.ground.files import LOCK
from harma.index.records import ChipRecord, SourceRecord
from harma.index.schema import CHIPS, SOURCE_SCHEMA, SOURCES, chip_schema, quoted
from harma.index.settings import Settings, read_settings, write_settings

TABLES = "tables"
# Name of the column of row ids in what is read: of one version of the table, nowhere kept.
ROW_ID = "row_id"
LANCE_ROW_ID = "_rowid"
# Chips read at once: 64 MB of embeddings in float16 at 512.
SCAN_ROWS = 65_536
# What the one that holds the lock is doing.
WRITING = "writing the index"
# Names in one SQL expression.
NAMES_AT_ONCE = 500
FAILED = (
    OSError,
    ValueError,
    RuntimeError,
)  # what Lance raises on damaged or missing files, and on full disks
# What Lance may keep in memory, bytes: its own default is 6 GB.
INDEX_CACHE, METADATA_CACHE = 400 << 20, 100 << 20
# Versions that readers may still look at.
KEPT_VERSIONS = timedelta(hours=1)


class Store:
    """An opened index.

    Args:
        directory: of the index.

    Raises:
        MissingFileError: there is no index.
        DataError: it is damaged.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.settings = read_settings(directory)
        try:
            database = _connect(directory, self.settings)
            self._chips: Any = database.open_table(CHIPS)
            self._sources: Any = database.open_table(SOURCES)
            expected = chip_schema(self.settings.embed_dim)
            same = self._chips.schema.names == expected.names
        except FAILED as error:
            raise DataError(
                f"the index {directory} is damaged ({_short(error)}); build it again"
            ) from error
        if not same:
            raise DataError(
                f"the index {directory} has other columns than this HarMA's; build it again"
            )

    @classmethod
    def create(cls, directory: Path, settings: Settings) -> "Store":
        """Make an empty index.

        Raises:
            ConfigError: the directory holds something else.
        """
        directory.mkdir(parents=True, exist_ok=True)
        for left in directory.glob(".index.json.*.tmp"):  # of a build that was killed here
            left.unlink()
        foreign = sorted(
            path.name for path in directory.iterdir() if path.name not in (TABLES, LOCK)
        )
        if foreign:
            raise ConfigError(
                f"{directory} holds files that are no index ({', '.join(foreign[:3])}); choose"
                " another"
            )
        database = _connect(directory, settings)
        # The settings come last: where they are, there is an index.
        database.create_table(CHIPS, schema=chip_schema(settings.embed_dim), mode="overwrite")
        database.create_table(SOURCES, schema=SOURCE_SCHEMA, mode="overwrite")
        write_settings(directory, settings)
        return cls(directory)

    def refresh(self) -> None:
        """See what other processes wrote."""
        self._chips.checkout_latest()
        self._sources.checkout_latest()

    # -- reading ------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """Number of the version of the chips that is read."""
        return int(self._chips.version)

    def count(self, where: str = "") -> int:
        """Chips, all of them or those that a condition in SQL admits."""
        return int(self._chips.count_rows(where or None))

    def blocks(self, columns: Sequence[str], where: str = "") -> Iterator[pa.Table]:
        """Chips in blocks that fit into memory.

        Args:
            columns: to read.
            where: SQL that they fulfil, or "".

        Yields:
            Tables of at most `SCAN_ROWS` rows with these columns and `ROW_ID`.
        """
        query = self._chips.search()
        if where:
            query = query.where(where)
        query = query.select(list(columns)).with_row_id(True)
        for batch in query.to_batches(batch_size=SCAN_ROWS):
            # Lance gives batches or tables, as its version will have it.
            table = batch
            if isinstance(batch, pa.RecordBatch):
                table = pa.Table.from_batches([batch])
            yield _numbered(table)

    def rows(self, columns: Sequence[str], where: str = "") -> pa.Table:
        """All chips that fulfil a condition, at once, with `columns` and `ROW_ID`."""
        query = self._chips.search()
        if where:
            query = query.where(where)
        return _numbered(query.select(list(columns)).with_row_id(True).to_arrow())

    def take(self, ids: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Chips by their row ids.

        Args:
            ids: row ids (n,), each once.
            columns: to read.

        Returns:
            (n) rows in the order of `ids`, each column in one piece.
        """
        taken = self._chips.take_row_ids(ids.tolist()).select(list(columns)).with_row_id()
        table = _numbered(taken.to_arrow())
        # Lance gives them in the order of the table.
        given = table[ROW_ID].to_numpy()
        sorter = np.argsort(given)
        places = sorter[np.searchsorted(given, ids, sorter=sorter)]
        return table.take(places).select(list(columns)).combine_chunks()

    def at(self, offsets: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Chips by their places in the table, with `columns` and `ROW_ID`."""
        taken = self._chips.take_offsets(list(offsets)).select(list(columns)).with_row_id()
        return _numbered(taken.to_arrow())

    def sources(self) -> dict[str, SourceRecord]:
        """The records of all sources, by source."""
        rows = self._sources.to_arrow().to_pylist()
        return {row["source"]: SourceRecord(**row) for row in rows}

    def chip_ids(self, sources: Sequence[str]) -> dict[str, set[str]]:
        """Which chips of sources are there."""
        found: dict[str, set[str]] = {name: set() for name in sources}
        for where in _named(sources):
            rows = self._chips.search().where(where).select(["id", "source"]).to_arrow()
            for chip, source in zip(
                rows["id"].to_pylist(), rows["source"].to_pylist(), strict=True
            ):
                found[source].add(chip)
        return found

    # -- writing ------------------------------------------------------------------------------

    def add_chips(self, chips: Sequence[ChipRecord], embeddings: NDArray[np.float32]) -> None:
        """Append chips, all of them or none.

        Args:
            chips: n of them.
            embeddings: (n, E).
        """
        schema = chip_schema(self.settings.embed_dim)
        flat = pa.array(embeddings.astype(np.float16).reshape(-1))
        columns = {
            "embedding": pa.FixedSizeListArray.from_arrays(flat, self.settings.embed_dim),
            "model": pa.array([self.settings.model_id] * len(chips), pa.string()),
        }
        for name in schema.names:
            if name not in columns:
                values = [getattr(chip, name) for chip in chips]
                columns[name] = pa.array(values, schema.field(name).type)
        with self._writing():
            self._chips.add(pa.table([columns[name] for name in schema.names], schema=schema))

    def put_sources(self, sources: Sequence[SourceRecord]) -> None:
        """Write records of sources, in place of older ones."""
        table = pa.Table.from_pylist([vars(source) for source in sources], schema=SOURCE_SCHEMA)
        with self._writing():
            self._sources.merge_insert(
                "source"
            ).when_matched_update_all().when_not_matched_insert_all().execute(table)

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
        """Remove sources and all their chips. The chips go first: what is left of a killed removal is removed again."""
        self.drop_chips(sources)
        with self._writing():
            for where in _named(sources):
                self._sources.delete(where)

    def nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
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
            The nearest first, with `ROW_ID`; fewer than `k` where the filter admits no more, or
            the partitions hold no more.
        """
        query = (
            self._chips.search(vector, vector_column_name="embedding")
            .distance_type("cosine")
            .limit(k)
        )
        query = query.minimum_nprobes(num_probes).refine_factor(refine)
        query = (
            query.maximum_nprobes(0).where(where, prefilter=True)
            if where
            else query.maximum_nprobes(num_probes)
        )
        return _numbered(query.select([*columns, "_distance"]).with_row_id(True).to_arrow())

    def nearest_ids(
        self, vector: NDArray[np.float32], k: int, num_probes: int
    ) -> NDArray[np.int64]:
        """Row ids of the `k` nearest chips by the ANN index alone, the nearest first; nothing is compared exactly."""
        query = (
            self._chips.search(vector, vector_column_name="embedding")
            .distance_type("cosine")
            .limit(k)
        )
        query = (
            query.minimum_nprobes(num_probes)
            .maximum_nprobes(num_probes)
            .select(["_distance"])
            .with_row_id(True)
        )
        ids: NDArray[np.int64] = _numbered(query.to_arrow())[ROW_ID].to_numpy()
        return ids

    def create_ann(self, kind: str, num_bits: int) -> None:
        """Make the ANN index, in place of an older one.

        Args:
            kind: "IVF_RQ" or "IVF_FLAT".
            num_bits: of each dimension, with IVF_RQ.
        """
        from lancedb.index import IvfFlat, IvfRq

        rq = kind == "IVF_RQ"
        config = (
            IvfRq(distance_type="cosine", num_bits=num_bits)
            if rq
            else IvfFlat(distance_type="cosine")
        )
        with self._writing():
            self._chips.create_index("embedding", config=config, replace=True)

    def drop_ann(self) -> None:
        """Remove the ANN index, if there is one."""
        with self._writing():
            for index in self._chips.list_indices():
                self._chips.drop_index(index.name)

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
            raise DataError(
                f"the index {self.directory} cannot be read ({_short(error)}). If it was embedded"
                " again just now, open it again; else a file is damaged: see `harma index verify`,"
                " and build it again"
            ) from error

    def num_unindexed(self) -> int:
        """Chips that the ANN index does not know yet; they are compared one by one."""
        names = [index.name for index in self._chips.list_indices()]
        return int(self._chips.index_stats(names[0]).num_unindexed_rows) if names else 0

    def num_files(self) -> int:
        """Files that the chips are in: each write adds one."""
        return int(self._chips.stats()["fragment_stats"]["num_fragments"])

    def compact(self) -> None:
        """Join the small files that many writes leave, bring new chips into the ANN index, and drop old versions."""
        with self._writing():
            for table in (self._chips, self._sources):
                table.optimize(cleanup_older_than=KEPT_VERSIONS)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except FAILED as error:
            raise StorageError(
                f"the index {self.directory} cannot be written ({_short(error)}). What was written"
                " before is kept; make room, or make it writable, and give the command again"
            ) from error


def embeddings_of(table: pa.Table) -> NDArray[np.float32]:
    """The embeddings (n, E) of a table with that column."""
    column = table["embedding"].combine_chunks()
    flat: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return flat.reshape(len(column), column.type.list_size)


def _numbered(table: pa.Table) -> pa.Table:
    """A table of Lance with its row ids under our name, as signed numbers."""
    place = table.schema.get_field_index(LANCE_ROW_ID)
    ids = table[LANCE_ROW_ID].cast(pa.int64())
    return table.set_column(place, ROW_ID, ids)


def tables_directory(directory: Path, settings: Settings) -> Path:
    """Where the tables of an index are: beside those of another model while the index is embedded again."""
    return directory / TABLES / settings.model_id


def _connect(directory: Path, settings: Settings) -> Any:
    """The database of an index.

    Raises:
        MissingDependencyError: lancedb is not installed.
    """
    # Lance warns of every table that it makes; problems come as errors.
    for name in ("LANCE_LOG", "LANCEDB_LOG", "RUST_LOG"):
        os.environ.setdefault(name, "error")
    try:
        import lancedb
    except ImportError as error:
        raise MissingDependencyError(
            "an index needs lancedb: pip install 'harma[search]'"
        ) from error
    session = lancedb.Session(
        index_cache_size_bytes=INDEX_CACHE, metadata_cache_size_bytes=METADATA_CACHE
    )
    return lancedb.connect(str(tables_directory(directory, settings)), session=session)


def _named(sources: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(sources), NAMES_AT_ONCE):
        yield (
            "source IN"
            f" ({', '.join(quoted(name) for name in sources[start : start + NAMES_AT_ONCE])})"
        )


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
