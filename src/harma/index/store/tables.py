"""What is done with any table of Lance: where it is, how it is opened, what its rows are called."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from harma.errors import MissingDependencyError
from harma.ground.deferred_imports import deferring, waiting_for
from harma.ground.origins import passed_through
from harma.ground.storage.home import Home
from harma.index.contract import DISTANCE_COLUMN, ROW_ID
from harma.index.old_versions import kept_for
from harma.index.schema import quoted
from harma.index.settings import Settings
from harma.index.unreadable import is_of_store

# What reads and writes the tables.
LIBRARIES = ("lancedb", "lance", "pyarrow")
TABLES = "tables"
LANCE_ROW_ID = "_rowid"
LANCE_DISTANCE = "_distance"
# Names in one SQL expression.
NAMES_AT_ONCE = 500
# What Lance may keep in memory, bytes: its own default is 6 GB.
INDEX_CACHE = 1600 << 20
METADATA_CACHE = 100 << 20
# Files that Lance reads ahead of what is wanted: a full one has a gigabyte of embeddings, and with
# its own default a scan of many holds four gigabytes.
FILES_AHEAD = ("LANCE_DEFAULT_FRAGMENT_READAHEAD", "1")


def tables_name(settings: Settings) -> str:
    """Where tables are in a home: beside the old ones while the index is embedded again."""
    return f"{TABLES}/{settings.embedding_id}"


def is_of_tables(error: BaseException) -> bool:
    """Whether an error is the tables', where what was read is used meanwhile, too."""
    if not is_of_store(error) or isinstance(error, ValueError | LookupError):
        return False
    # Others raise it as well, such as a model.
    return not isinstance(error, RuntimeError) or passed_through(error, LIBRARIES)


def renamed(table: pa.Table) -> pa.Table:
    """A table of Lance with row ids, as signed numbers, and distances under our names."""
    place = table.schema.get_field_index(LANCE_ROW_ID)
    table = table.set_column(place, ROW_ID, table[LANCE_ROW_ID].cast(pa.int64()))
    if LANCE_DISTANCE not in table.schema.names:
        return table
    place = table.schema.get_field_index(LANCE_DISTANCE)
    return table.set_column(place, DISTANCE_COLUMN, table[LANCE_DISTANCE])


def connect(home: Home, settings: Settings) -> Any:
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


def age_kept(table: Any) -> timedelta:
    """How old versions of a table may become that are kept."""
    # LanceDB's times are local, and without a zone.
    return kept_for([version["timestamp"] for version in table.list_versions()], datetime.now())


def complete(table: Any, schema: pa.Schema) -> None:
    """Add the columns that a table of an earlier version lacks, empty."""
    names = set(table.schema.names)
    missing = [field for field in schema if field.name not in names]
    if missing:
        table.add_columns(pa.schema(missing))


def named(values: Sequence[str], column: str = "source") -> Iterator[str]:
    """SQL for sources by name, or by another column, some hundred at a time."""
    for start in range(0, len(values), NAMES_AT_ONCE):
        texts = [quoted(value) for value in values[start : start + NAMES_AT_ONCE]]
        yield f"{column} IN ({', '.join(texts)})"


def tables_of(query: Any, num_rows: int) -> Iterator[pa.Table]:
    """What a query gives, so many rows at a time."""
    for batch in query.to_batches(batch_size=num_rows):
        # Lance gives batches or tables, as its version will have it.
        yield pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
