"""The columns of an index (DESIGN, On disk)."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

CHIPS_TABLE, SOURCES_TABLE = "chips", "sources"
# Of a footprint's box: west, south, east, north.
BOX_COLUMNS = ("xmin", "ymin", "xmax", "ymax")


def chip_schema(embed_dim: int) -> pa.Schema:
    """A row per chip.

    Args:
        embed_dim: E, length of an embedding.
    """
    return pa.schema(
        [
            ("id", pa.string()),  # of source and window
            ("embedding", pa.list_(pa.float16(), embed_dim)),  # L2-normalised
            ("geometry", pa.binary()),  # footprint, WGS84, WKB; null without a place
            ("xmin", pa.float64()),
            ("ymin", pa.float64()),
            ("xmax", pa.float64()),
            ("ymax", pa.float64()),
            ("datetime", pa.timestamp("us", tz="UTC")),  # first moment
            ("datetime_end", pa.timestamp("us", tz="UTC")),  # last one; null if it is the first
            ("source", pa.string()),
            ("content", pa.string()),  # fingerprint of the source's bytes
            ("column", pa.int32()),  # window, pixels of the source
            ("row", pa.int32()),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("crs", pa.string()),
            ("gsd", pa.float64()),  # metres per pixel of the source
            ("nodata", pa.float32()),  # share of the chip
            ("thumbnail", pa.binary()),  # JPEG
            ("model", pa.string()),
        ]
    )


SOURCE_SCHEMA = pa.schema(
    [
        ("source", pa.string()),
        ("size", pa.int64()),  # bytes; -1 where it is not a file
        ("mtime_ns", pa.int64()),
        ("content", pa.string()),
        ("num_chips", pa.int32()),
        ("num_skipped", pa.int32()),  # chips left out as mostly nodata
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("bands", pa.string()),
        ("bands_reason", pa.string()),
        ("stretch", pa.string()),
        ("problem", pa.string()),  # why it is not in the index; "" if it is
        ("opened_as", pa.string()),  # what GDAL opens, where the name does not say it
        ("files", pa.string()),  # further files of the scene, one a line
        ("is_guess", pa.bool_()),  # nothing says that the bands are red, green and blue
        ("sensor", pa.string()),
        ("date_from", pa.string()),  # what names the date
        ("placed_by", pa.string()),  # what places it, if not its own transform
        ("num_off_earth", pa.int32()),  # chips left out as not on the Earth
        ("added", pa.timestamp("us", tz="UTC")),  # when its present bytes came in
    ]
)


def quoted(text: str) -> str:
    """A string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def embeddings_of(table: pa.Table) -> NDArray[np.float32]:
    """The embeddings (n, E) of a table with that column."""
    column = table["embedding"].combine_chunks()
    flat: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return flat.reshape(len(column), column.type.list_size)
