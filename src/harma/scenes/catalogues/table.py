"""stac-geoparquet: a table of STAC items, a row each, their properties as columns."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from harma.ground.json_text import parse_json
from harma.scenes.edge import library_call

if TYPE_CHECKING:
    # Imported where it is used: the plain install looks for pictures through this module too.
    import pyarrow as pa

# Columns that are no properties. The spec: https://github.com/stac-utils/stac-geoparquet.
TOP = ("id", "assets", "collection", "links", "stac_version", "stac_extensions", "type")
UNREAD = ("geometry", "bbox", "links", "proj:geometry")
ROWS = 1024


def is_table_of_items(file: BinaryIO) -> bool:
    """Whether a Parquet file is a table of STAC items.

    Raises:
        DataError: it is no Parquet file.
    """
    import pyarrow.parquet as pq

    with library_call("it is no Parquet file"):
        names = set(pq.read_schema(file).names)
    return {"id", "assets"} <= names


def items_of(file: BinaryIO) -> Iterator[dict[str, Any]]:
    """The items of a table, as JSON has them, without geometries and links.

    Raises:
        DataError: the file is damaged.
    """
    import pyarrow.parquet as pq

    with library_call("the table cannot be read"):
        table = pq.ParquetFile(file)
        columns = [name for name in table.schema_arrow.names if name not in UNREAD]
        batches = table.iter_batches(ROWS, columns=columns)
    while True:
        with library_call("the table cannot be read"):
            batch = next(batches, None)
            rows = [] if batch is None else _plain(batch).to_pylist()
        if batch is None:
            return
        for row in rows:
            yield _item(row)


def _plain(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    """Times of nanoseconds as microseconds, which Python's datetime holds."""
    import pyarrow as pa

    for place, column in enumerate(batch.columns):
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
            rounded = column.cast(pa.timestamp("us", column.type.tz), safe=False)
            batch = batch.set_column(place, batch.schema.names[place], rounded)
    return batch


def _item(row: Mapping[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {name: row[name] for name in TOP if row.get(name) is not None}
    item["assets"] = _assets(row["assets"])
    properties = {name: value for name, value in row.items() if name not in TOP}
    # Older tables keep the properties in a column of their own.
    inner = properties.pop("properties", None)
    if isinstance(inner, Mapping):
        properties |= inner
    item["properties"] = _without_nulls(properties)
    return item


def _assets(value: Any) -> Any:
    """Assets of a struct, a map (pairs) or JSON; a struct names those of all rows, some null."""
    if isinstance(value, str | bytes):
        value = parse_json(value)
    if isinstance(value, list):
        value = dict(value)
    return _without_nulls(value)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        kept = {key: _without_nulls(inner) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
