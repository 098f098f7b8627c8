"""The tables of an index on disk, and one writer at a time."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError, MissingDependencyError
from harma.files import LOCK
from harma.index.schema import CHIPS, SOURCE_SCHEMA, SOURCES, chip_schema, quoted
from harma.index.settings import Settings, read_settings, write_settings

TABLES = "tables"
# Names in one SQL expression.
NAMES_AT_ONCE = 500
FAILED = (OSError, ValueError, RuntimeError)  # what Lance raises on damaged or missing files


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
            database = _connect(directory)
            self.chips: Any = database.open_table(CHIPS)
            self.sources: Any = database.open_table(SOURCES)
            expected = chip_schema(self.settings.embed_dim)
            same = self.chips.schema.names == expected.names
        except FAILED as error:
            raise DataError(f"the index {directory} is damaged ({_short(error)}); build it again") from error
        if not same:
            raise DataError(f"the index {directory} has other columns than this HarMA's; build it again")

    @classmethod
    def create(cls, directory: Path, settings: Settings) -> "Store":
        """Make an empty index.

        Raises:
            ConfigError: the directory holds something else.
        """
        directory.mkdir(parents=True, exist_ok=True)
        foreign = sorted(path.name for path in directory.iterdir() if path.name not in (TABLES, LOCK))
        if foreign:
            raise ConfigError(f"{directory} holds files that are no index ({', '.join(foreign[:3])}); choose another")
        database = _connect(directory)
        # The settings come last: where they are, there is an index.
        database.create_table(CHIPS, schema=chip_schema(settings.embed_dim), mode="overwrite")
        database.create_table(SOURCES, schema=SOURCE_SCHEMA, mode="overwrite")
        write_settings(directory, settings)
        return cls(directory)

    def refresh(self) -> None:
        """See what other processes wrote."""
        self.chips.checkout_latest()
        self.sources.checkout_latest()

    def known_sources(self) -> dict[str, dict[str, Any]]:
        """The rows of the table of sources, by source."""
        return {row["source"]: row for row in self.sources.to_arrow().to_pylist()}

    def chip_ids(self, sources: Sequence[str]) -> dict[str, set[str]]:
        """Which chips of sources are there."""
        found: dict[str, set[str]] = {name: set() for name in sources}
        for where in _named(sources):
            rows = self.chips.search().where(where).select(["id", "source"]).to_arrow()
            for chip, source in zip(rows["id"].to_pylist(), rows["source"].to_pylist(), strict=True):
                found[source].add(chip)
        return found

    def add_chips(self, rows: Sequence[Mapping[str, Any]], embeddings: NDArray[np.float32]) -> None:
        """Append chips, all of them or none.

        Args:
            rows: columns of each, without `embedding` and `model`.
            embeddings: (n, E).
        """
        schema: pa.Schema = self.chips.schema
        flat = pa.array(embeddings.astype(np.float16).reshape(-1))
        columns = {
            "embedding": pa.FixedSizeListArray.from_arrays(flat, self.settings.embed_dim),
            "model": pa.array([self.settings.model_id] * len(rows), pa.string()),
        }
        arrays = [
            columns[name] if name in columns else pa.array([row[name] for row in rows], schema.field(name).type)
            for name in schema.names
        ]
        self.chips.add(pa.table(arrays, schema=schema))

    def put_sources(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write rows of sources, in place of older ones."""
        table = pa.Table.from_pylist([dict(row) for row in rows], schema=SOURCE_SCHEMA)
        self.sources.merge_insert("source").when_matched_update_all().when_not_matched_insert_all().execute(table)

    def drop_chips(self, sources: Sequence[str]) -> None:
        """Remove all chips of sources."""
        for where in _named(sources):
            self.chips.delete(where)

    def drop_old_chips(self, source: str, content: str) -> None:
        """Remove chips of what a source was before."""
        self.chips.delete(f"source = {quoted(source)} AND content != {quoted(content)}")

    def drop_sources(self, sources: Sequence[str]) -> None:
        """Remove sources and all their chips. The chips go first: what is left of a killed removal is removed again."""
        self.drop_chips(sources)
        for where in _named(sources):
            self.sources.delete(where)


def _connect(directory: Path) -> Any:
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
        raise MissingDependencyError("an index needs lancedb: pip install 'harma[search]'") from error
    return lancedb.connect(str(directory / TABLES))


def _named(sources: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(sources), NAMES_AT_ONCE):
        yield f"source IN ({', '.join(quoted(name) for name in sources[start : start + NAMES_AT_ONCE])})"


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
