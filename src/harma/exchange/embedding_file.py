"""A file of embeddings, ours or of another program: its columns told, its rows read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from harma.errors import ConfigError, DataError, MissingFileError
from harma.exchange.embedding_rows import INDEX_COLUMNS, CheckedRows, ParquetLayout, checked_rows
from harma.exchange.footprints import to_wgs84
from harma.exchange.plain_columns import plain_batch, plain_schema
from harma.ground.messages import plain_reason
from harma.index.geoparquet_footer import read_geo, read_settings_text
from harma.index.properties import OWN, WORDS, property_types
from harma.index.records import SourceRecord
from harma.index.settings import MOST_NUMBERS, Settings

# Rows read at once: 16 MB of float32 at 512.
ROWS_AT_ONCE = 8192
# The column of what an index keeps of a chip's source.
SCENE_COLUMN = "scene"
# Last moments of periods, as an export has them.
END_COLUMN = "datetime_end"


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are meant.

    Attributes:
        embedding: of lists of numbers; None takes "embedding", or else the only such column.
        id: of chips; None takes "id" if it is there, "" makes ids of what the rows hold.
        datetime: None takes "datetime" if it is there, "" leaves dates out.
        source: of the scene's name; None takes "source" if it is there, "" names the file.
    """

    embedding: str | None = None
    id: str | None = None
    datetime: str | None = None
    source: str | None = None


class EmbeddingFile:
    """An opened file.

    Args:
        path: of the file.
        columns: which are meant.

    Attributes:
        settings: of the index that it was exported from; None in a file of another program.
        layout: the columns, as told.
        num_rows: rows.

    Raises:
        MissingFileError: it is not there.
        DataError: it is not GeoParquet, is cut off, or has no embeddings.
        ConfigError: a column that was named is not there.
    """

    def __init__(self, path: Path, columns: Columns | None = None) -> None:
        self.path = path
        self._file = _opened(path)
        self._schema: pa.Schema = plain_schema(self._file.schema_arrow)
        texts = self._file.metadata.metadata or {}
        self.settings: Settings | None = read_settings_text(texts, str(path))
        self.num_rows: int = self._file.metadata.num_rows
        geometry, described = read_geo(texts, str(path))
        self._check_geometry(geometry)
        columns = columns or Columns()
        embedding = self._embedding_column(columns.embedding)
        chip = self._column("id", columns.id)
        self.layout = ParquetLayout(
            path,
            geometry,
            embedding,
            chip,
            self._column("datetime", columns.datetime),
            self._column("source", columns.source),
            self._embed_dim(embedding),
            to_wgs84(described, str(path)),
            is_ours=chip is not None and set(INDEX_COLUMNS) <= set(self._schema.names),
            datetime_end=self._end_column(columns),
            properties=self._properties(),
        )

    # -- reading ------------------------------------------------------------------------------

    def blocks(self) -> Iterator[CheckedRows]:
        """The rows, some thousand at a time, checked.

        Raises:
            DataError: the file is damaged, or a row cannot be used; it is named.
        """
        start = 0
        for batch in self._batches(self._columns_to_read()):
            yield checked_rows(self.layout, start, batch)
            start += batch.num_rows

    def scenes(self) -> dict[str, SourceRecord]:
        """What an exported file says of the sources of its chips; unfinished ones are left out."""
        source = self.layout.source
        is_told = self.layout.is_ours and SCENE_COLUMN in self._schema.names
        if self.settings is None or source is None or not is_told:
            return {}
        scenes: dict[str, SourceRecord] = {}
        for batch in self._batches([source, "content", SCENE_COLUMN]):
            rows = pa.Table.from_batches([batch]).filter(pc.is_valid(batch[SCENE_COLUMN]))
            # All chips of a source say the same of it: the first of each is enough.
            names = rows[source].combine_chunks()
            first = pc.index_in(pc.unique(names), value_set=names)
            for row in rows.take(first).to_pylist():
                name = row[source]
                if name not in scenes:
                    scenes[name] = SourceRecord(
                        source=name, content=row["content"], **row[SCENE_COLUMN]
                    )
        return scenes

    def _columns_to_read(self) -> list[str]:
        layout = self.layout
        names = [layout.geometry, layout.embedding, layout.id, layout.source]
        names += [layout.datetime, layout.datetime_end]
        if layout.is_ours:
            names += [name for name in (*INDEX_COLUMNS, "thumbnail") if name in self._schema.names]
            names += layout.properties
        # One column may stand for two things, such as id and source.
        return list(dict.fromkeys(name for name in names if name is not None))

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._file.iter_batches(batch_size=ROWS_AT_ONCE, columns=names):
                yield plain_batch(batch, str(self.path))
        except (OSError, ValueError, pa.ArrowException) as error:
            if isinstance(error, DataError):
                raise
            reason = plain_reason(error, "its pages cannot be read")
            raise DataError(f"{self.path} is damaged ({reason}); get it again") from error

    # -- telling columns ----------------------------------------------------------------------

    def _end_column(self, columns: Columns) -> str | None:
        """The column of last moments; it belongs to `datetime` alone."""
        if columns.datetime not in (None, "datetime"):
            return None
        is_there = {"datetime", END_COLUMN} <= set(self._schema.names)
        return END_COLUMN if is_there else None

    def _embedding_column(self, named: str | None) -> str:
        lists = [field.name for field in self._schema if _is_embedding(field.type)]
        if named is not None:
            self._check_there("embedding", named)
            if named not in lists:
                raise ConfigError(
                    f"{self.path}: the column {named} is {self._schema.field(named).type}; an"
                    f" embedding is a list of floats, as in {_listed(lists)}"
                )
            return named
        if "embedding" in lists:
            return "embedding"
        if len(lists) == 1:
            return str(lists[0])
        raise ConfigError(
            f"{self.path} has {len(lists)} columns that may be embeddings ({_listed(lists)}); name"
            " one with embedding (--embedding-column). An embedding is a list of floats"
        )

    def _column(self, what: str, named: str | None) -> str | None:
        if named is None:
            return what if what in self._schema.names else None
        if named == "":
            return None
        self._check_there(what, named)
        return named

    def _properties(self) -> tuple[str, ...]:
        """Columns of properties in an exported file."""
        if self.settings is None:
            return ()
        found = property_types(self._schema, OWN)
        return tuple(name for name, kind in found.items() if kind in WORDS)

    def _check_geometry(self, name: str) -> None:
        """Check the column that the metadata name, and that names are not given twice."""
        names = self._schema.names
        twice = sorted({other for other in names if names.count(other) > 1})
        if twice:
            raise DataError(f"{self.path} has several columns called {twice[0]}; rename them")
        if name not in names:
            raise DataError(
                f"{self.path}: its `geo` metadata name the column {name!r}, which is not there;"
                " write the file again"
            )
        kind = self._schema.field(name).type
        if not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            raise DataError(
                f"{self.path}: the geometry ({name}) is {kind}; it must be WKB, which is bytes"
            )

    def _check_there(self, what: str, named: str) -> None:
        """Check that the file has a column that was named."""
        if named not in self._schema.names:
            raise ConfigError(
                f"{self.path} has no column {named} ({what}); it has"
                f" {', '.join(self._schema.names)}"
            )

    def _embed_dim(self, embedding: str) -> int:
        kind = self._schema.field(embedding).type
        if pa.types.is_fixed_size_list(kind):
            return self._checked_dim(int(kind.list_size))
        # Lists of any length: the first row says it, and all others must have as many numbers.
        for batch in self._batches([embedding]):
            lengths = [len(value) for value in batch[0][:1] if value.is_valid]
            if lengths and lengths[0]:
                return self._checked_dim(lengths[0])
            break
        raise DataError(
            f"{self.path} has no embedding in its first row; there is nothing to import"
        )

    def _checked_dim(self, number: int) -> int:
        if not 0 < number <= MOST_NUMBERS:
            raise DataError(
                f"{self.path}: embeddings have {number:,} numbers; from 1 to {MOST_NUMBERS:,} do"
            )
        return number


def _opened(path: Path) -> pq.ParquetFile:
    if path.is_dir():
        raise ConfigError(f"{path} is a directory; import its Parquet files one by one")
    if not path.is_file():
        raise MissingFileError(f"{path} is not there; name a GeoParquet file")
    try:
        return pq.ParquetFile(path)
    except (OSError, ValueError, RuntimeError, MemoryError, pa.ArrowException) as error:
        reason = plain_reason(error, "its footer cannot be read")
        raise DataError(
            f"{path} is not a Parquet file, or is cut off ({reason}); get it again"
        ) from error


def _is_embedding(kind: pa.DataType) -> bool:
    is_list = (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
    return bool(is_list and pa.types.is_floating(kind.value_type))


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
