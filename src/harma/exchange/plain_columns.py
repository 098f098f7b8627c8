"""Columns of Parquet in plain types: dictionaries decoded, views of DuckDB and Polars as text."""

import pyarrow as pa
import pyarrow.compute as pc

from harma.errors import DataError
from harma.ground.messages import plain_reason

UTC_MOMENT = pa.timestamp("us", tz="UTC")
# Of the years 1 to 9999 a day at each end is left out, as zones and ends of days move moments.
FIRST = -62_135_510_400_000_000
LAST = 253_402_214_400_000_000


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type that a column is read in: the same, but for those that few functions take."""
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_string_view(kind):
        return pa.large_string()
    if pa.types.is_binary_view(kind):
        return pa.large_binary()
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return pa.large_list(kind.value_type)
    return kind


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """A schema in plain types."""
    return pa.schema([field.with_type(plain_type(field.type)) for field in schema])


def plain_batch(batch: pa.RecordBatch, where: str) -> pa.RecordBatch:
    """Rows in plain types.

    Args:
        batch: as it was read.
        where: the file, for messages.

    Raises:
        DataError: a column cannot be read as such.
    """
    columns = [
        plain_column(column, where, name)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=plain_schema(batch.schema))


def plain_column(column: pa.Array, where: str, name: str) -> pa.Array:
    """A column in a plain type.

    Raises:
        DataError: it cannot be read as such.
    """
    kind = plain_type(column.type)
    if kind == column.type:
        return column
    try:
        if pa.types.is_dictionary(column.type):
            return plain_column(column.dictionary_decode(), where, name)
        return column.cast(kind)
    except (pa.ArrowException, ValueError) as error:
        raise DataError(
            f"{where}: the column {name} cannot be read as {kind}"
            f" ({plain_reason(error, 'its values do not fit')}); write it in a plain type"
        ) from error


def moments_within(moments: pa.Array, where: str, name: str) -> pa.Array:
    """Moments, if all of them lie in years that calendars have.

    Args:
        moments: of `UTC_MOMENT`.
        where: the file, for messages.
        name: of the column.

    Raises:
        DataError: one does not.
    """
    ends = pc.min_max(moments.cast(pa.int64()))
    first = ends["min"].as_py()
    last = ends["max"].as_py()
    if first is not None and not FIRST <= first <= last <= LAST:
        raise DataError(
            f"{where}: the dates ({name}) reach beyond the years 1 to 9999; leave such rows without"
            " a date"
        )
    return moments
