"""Rows of a file of embeddings as chips of an index, each of them checked."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError
from harma.exchange.footprints import Footprints, checked
from harma.exchange.plain_columns import moments_within
from harma.ground.messages import plain_reason
from harma.index.properties import properties_of
from harma.index.records import ChipRecord
from harma.index.schema import BOX_COLUMNS
from harma.index.well_known import are_deep
from harma.scenes.source import Properties

# Columns of an index that another program has no equals of: their types, and what stands for
# nothing. They are taken only where all are there, as other programs mean other things by "row".
INDEX_COLUMNS: dict[str, tuple[pa.DataType, int | float | str | None]] = {
    "column": (pa.int32(), 0),
    "row": (pa.int32(), 0),
    "width": (pa.int32(), 0),
    "height": (pa.int32(), 0),
    "crs": (pa.string(), ""),
    "gsd": (pa.float64(), None),
    "nodata": (pa.float32(), 0.0),
    "content": (pa.string(), ""),
}
MOMENT = pa.timestamp("us", tz="UTC")
# Rounding to float16 changes a norm by at most 2^-11: such vectors are normalised already, and stay
# as they are.
ROUNDING = 5e-4

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class ParquetLayout:
    """The columns of a file, as told.

    Attributes:
        path: of the file.
        geometry: of WKB.
        embedding: of lists of floats.
        id: of names of chips; None makes them.
        datetime: of moments, or None.
        source: of names of scenes; None stands for the file.
        embed_dim: E.
        to_wgs84: turns geometries into longitudes and latitudes.
        is_ours: whether all columns of an index are there.
        datetime_end: of last moments, where scenes were taken in a period, or None.
        properties: further columns of an exported file, which say something of scenes.
    """

    path: Path
    geometry: str
    embedding: str
    id: str | None
    datetime: str | None
    source: str | None
    embed_dim: int
    to_wgs84: Callable[[Footprints], Footprints]
    is_ours: bool
    datetime_end: str | None = None
    properties: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckedRows:
    """Rows that follow each other.

    Attributes:
        chips: n of them.
        embeddings: (n, E), L2-normalised.
    """

    chips: list[ChipRecord]
    embeddings: Vectors


def checked_rows(layout: ParquetLayout, start: int, batch: pa.RecordBatch) -> CheckedRows:
    """Rows for the index.

    Args:
        layout: of the file.
        start: number of the first row, for messages.
        batch: what was read.

    Raises:
        DataError: a row cannot be used; it is named.
        ConfigError: a column is of a type that cannot be used.
    """
    embeddings = _embeddings(layout, start, batch[layout.embedding])
    geometries = _geometries(layout, start, batch[layout.geometry])
    footprints = checked(layout.to_wgs84(geometries), start, str(layout.path))
    wkb = shapely.to_wkb(footprints).tolist()
    moments = _moments(layout, batch, layout.datetime)
    sources = _sources(layout, batch)
    if layout.id is None:
        ids = _made_ids(sources, moments, wkb, embeddings)
    else:
        ids = _given_ids(layout, layout.id, start, batch)
    columns = {
        "id": ids,
        "geometry": wkb,
        **_bounds(footprints),
        "datetime": moments.to_pylist(),
        "datetime_end": _ends(moments, _moments(layout, batch, layout.datetime_end)),
        "source": sources,
        **_index_columns(layout, batch),
        "thumbnail": _thumbnails(batch),
        "properties": _properties(layout, batch),
    }
    chips = []
    for values in zip(*columns.values(), strict=True):
        chips.append(ChipRecord(**dict(zip(columns, values, strict=True))))
    return CheckedRows(chips, embeddings)


# -- embeddings -----------------------------------------------------------------------------------


def _embeddings(layout: ParquetLayout, start: int, column: pa.Array) -> Vectors:
    """The embeddings of rows (n, E), L2-normalised."""
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    is_short = lengths != layout.embed_dim
    _refuse(layout, start, is_short, f"is not there, or not {layout.embed_dim} numbers long")
    flat = column.flatten().to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        vectors: Vectors = flat.astype(np.float32).reshape(-1, layout.embed_dim)
    is_infinite = np.logical_not(np.isfinite(vectors).all(axis=1))
    _refuse(layout, start, is_infinite, "holds values that are not finite numbers")
    norms: NDArray[np.float64] = np.linalg.norm(vectors.astype(np.float64), axis=1)
    _refuse(layout, start, np.equal(norms, 0), "is zero, which is like nothing")
    is_off = np.abs(norms - 1) > ROUNDING
    vectors[is_off] = vectors[is_off] / norms[is_off, None]
    return vectors


def _refuse(layout: ParquetLayout, start: int, which: NDArray[np.bool_], what: str) -> None:
    """Raise if there are rows whose embedding cannot be used."""
    if which.any():
        raise DataError(
            f"{layout.path}, row {start + int(np.argmax(which))}: the embedding"
            f" ({layout.embedding}) {what} ({int(which.sum()):,} such rows among {len(which):,})."
            " Nothing was imported; leave such rows out"
        )


# -- places and dates -----------------------------------------------------------------------------


def _geometries(layout: ParquetLayout, start: int, column: pa.Array) -> Footprints:
    texts = column.to_numpy(zero_copy_only=False)
    deep = are_deep(texts)
    if any(deep):
        raise DataError(
            f"{layout.path}, row {start + deep.index(True)}: the geometry holds too many"
            " collections; write a Polygon or MultiPolygon"
        )
    try:
        footprints = shapely.from_wkb(texts, on_invalid="ignore")
    except (TypeError, ValueError, shapely.errors.ShapelyError) as error:
        raise DataError(f"{layout.path}: a geometry is not WKB; repair the file") from error
    broken = shapely.is_missing(footprints) & column.is_valid().to_numpy(zero_copy_only=False)
    if broken.any():
        raise DataError(
            f"{layout.path}, row {start + int(np.argmax(broken))}: the geometry is not WKB; repair"
            " the file"
        )
    return np.asarray(footprints, dtype=object)


def _bounds(footprints: Footprints) -> dict[str, list[float | None]]:
    """The sides of the boxes around footprints, None where there is none."""
    sides = shapely.bounds(footprints).astype(object)
    sides[shapely.is_missing(footprints)] = None
    return {side: sides[:, column].tolist() for column, side in enumerate(BOX_COLUMNS)}


def _ends(moments: pa.Array, ends: pa.Array) -> list[Any]:
    """Last moments of periods; None where there is none that comes after the first."""
    known: list[Any] = pc.if_else(pc.greater(ends, moments), ends, None).to_pylist()
    return known


def _moments(layout: ParquetLayout, batch: pa.RecordBatch, name: str | None) -> pa.Array:
    """When scenes were taken, by a column; a time without a zone is one of UTC."""
    if name is None:
        return pa.nulls(batch.num_rows, MOMENT)
    return moments_within(_as_moments(layout, batch[name], name), str(layout.path), name)


def _as_moments(layout: ParquetLayout, column: pa.Array, name: str) -> pa.Array:
    """A column as moments of UTC."""
    kind = column.type
    try:
        if pa.types.is_timestamp(kind):
            # What is finer than a microsecond is cut off; what is beyond its range is told.
            options = pc.CastOptions(MOMENT, allow_time_truncate=True)
            return column.cast(options=options)
        if pa.types.is_date(kind):
            return column.cast(pa.timestamp("us")).cast(MOMENT)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return _moments_of_text(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        reason = plain_reason(error, "they are of a type that is none")
        raise DataError(
            f"{layout.path}: the dates ({name}) cannot be read ({reason}); write them as"
            " timestamps, or as text such as 2015-09-26 or 2015-09-26T10:00:00Z"
        ) from error
    raise ConfigError(
        f"{layout.path}: the column {name} is {kind}; dates are timestamps, dates or ISO"
        " text. Name another column (--date-column), or none ('')"
    )


def _moments_of_text(column: pa.Array) -> pa.Array:
    try:
        return column.cast(MOMENT)
    except pa.ArrowInvalid:
        # Text without a zone, which Arrow reads on its own only.
        return column.cast(pa.timestamp("us")).cast(MOMENT)


# -- names ----------------------------------------------------------------------------------------


def _sources(layout: ParquetLayout, batch: pa.RecordBatch) -> list[str]:
    """Names of scenes; where a row has none, the file stands for it."""
    if layout.source is None:
        return [layout.path.name] * batch.num_rows
    names = _texts(layout, batch, layout.source)
    return [layout.path.name if name is None else name for name in names]


def _given_ids(layout: ParquetLayout, name: str, start: int, batch: pa.RecordBatch) -> list[str]:
    ids = []
    for row, chip in enumerate(_texts(layout, batch, name), start):
        if chip is None:
            raise DataError(
                f"{layout.path}, row {row}: there is no id ({name}); name another column"
                " (--id-column), or '' to have ids made"
            )
        ids.append(chip)
    return ids


def _texts(layout: ParquetLayout, batch: pa.RecordBatch, name: str) -> list[str | None]:
    try:
        texts: list[str | None] = batch[name].cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ConfigError(
            f"{layout.path}: the column {name} is {batch[name].type}; text or whole numbers do"
        ) from error
    return texts


def _made_ids(
    sources: Sequence[str], moments: pa.Array, wkb: Sequence[bytes | None], embeddings: Vectors
) -> list[str]:
    """Names of chips: the same for the same source, moment, place and embedding, in any file."""
    ids = []
    times = moments.cast(pa.int64()).to_pylist()
    # As the index keeps them: rounding makes the same of what machines compute a little apart.
    rounded = embeddings.astype(np.float16)
    for source, time, geometry, vector in zip(sources, times, wkb, rounded, strict=True):
        key = f"{source}\0{time}\0".encode("utf-8", "surrogateescape")
        digest = hashlib.blake2b(key, digest_size=12)
        digest.update(geometry or b"")
        digest.update(vector.tobytes())
        ids.append(digest.hexdigest())
    return ids


# -- what only an index has -----------------------------------------------------------------------


def _index_columns(layout: ParquetLayout, batch: pa.RecordBatch) -> dict[str, list[Any]]:
    columns = {}
    for name, (kind, nothing) in INDEX_COLUMNS.items():
        if not layout.is_ours:
            columns[name] = [nothing] * batch.num_rows
            continue
        try:
            column = batch[name].cast(kind)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise DataError(
                f"{layout.path}: the column {name} is not as an index has it"
                f" ({plain_reason(error, 'its type is another')}); export the index again"
            ) from error
        if nothing is not None:
            column = column.fill_null(nothing)
        columns[name] = column.to_pylist()
    return columns


def _properties(layout: ParquetLayout, batch: pa.RecordBatch) -> list[Properties]:
    rows = batch.select(list(layout.properties)).to_pylist()
    if not layout.properties:
        return [()] * batch.num_rows
    return [properties_of(row, layout.properties) for row in rows]


def _thumbnails(batch: pa.RecordBatch) -> list[bytes | None]:
    if "thumbnail" not in batch.schema.names:
        return [None] * batch.num_rows
    thumbnails: list[bytes | None] = batch["thumbnail"].to_pylist()
    return thumbnails
