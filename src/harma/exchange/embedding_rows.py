"""Rows of a GeoParquet file of embeddings as rows of an index, each of them checked."""

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
from harma.exchange.footprints import checked
from harma.index.records import ChipRecord
from harma.index.schema import SIDES

# Columns of an index that another program has no equals of: their types, and what stands for
# nothing. They are taken only where all are there, as other programs mean other things by "row".
OWN: dict[str, tuple[pa.DataType, Any]] = {
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
class Layout:
    """The columns of a file, as found.

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
    """

    path: Path
    geometry: str
    embedding: str
    id: str | None
    datetime: str | None
    source: str | None
    embed_dim: int
    to_wgs84: Callable[[NDArray[Any]], NDArray[Any]]
    is_ours: bool


@dataclass(frozen=True)
class Block:
    """Rows that follow each other.

    Attributes:
        rows: of the index's table, without embedding and model.
        embeddings: (n, E), L2-normalised.
    """

    rows: list[ChipRecord]
    embeddings: Vectors


def block_of(layout: Layout, start: int, batch: pa.RecordBatch) -> Block:
    """Rows for the index.

    Args:
        layout: of the file.
        start: number of the first row, for messages.
        batch: what was read.

    Raises:
        DataError: a row cannot be used; it is named.
        ConfigError: a column is of a type that cannot be used.
    """
    where = str(layout.path)
    embeddings = _embeddings(layout, start, batch[layout.embedding])
    footprints = checked(
        layout.to_wgs84(_geometries(layout, start, batch[layout.geometry])), start, where
    )
    wkb = shapely.to_wkb(footprints).tolist()
    moments = _moments(layout, batch)
    sources = _sources(layout, batch)
    columns = {
        "id": (
            _given_ids(layout, start, batch)
            if layout.id
            else _made_ids(sources, moments, wkb, embeddings)
        ),
        "geometry": wkb,
        **_bounds(footprints),
        "datetime": moments.to_pylist(),
        "source": sources,
        **_own(layout, batch),
        "thumbnail": (
            batch["thumbnail"].to_pylist()
            if "thumbnail" in batch.schema.names
            else [None] * len(wkb)
        ),
    }
    names = list(columns)
    rows = [
        ChipRecord(**dict(zip(names, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    ]
    return Block(rows, embeddings)


def _embeddings(layout: Layout, start: int, column: pa.Array) -> Vectors:
    arrow: Any = pc  # its functions are made at run time
    lengths: NDArray[Any] = (
        arrow.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    )
    _refuse(
        layout,
        start,
        lengths != layout.embed_dim,
        f"is not there, or not {layout.embed_dim} numbers long",
    )
    flat = column.flatten().to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        vectors: Vectors = flat.astype(np.float32).reshape(-1, layout.embed_dim)
    _refuse(
        layout,
        start,
        np.logical_not(np.isfinite(vectors).all(axis=1)),
        "holds values that are not finite numbers",
    )
    norms: NDArray[np.float64] = np.linalg.norm(vectors.astype(np.float64), axis=1)
    _refuse(layout, start, np.equal(norms, 0), "is zero, which is like nothing")
    off = np.abs(norms - 1) > ROUNDING
    vectors[off] = vectors[off] / norms[off, None]
    return vectors


def _refuse(layout: Layout, start: int, which: NDArray[np.bool_], what: str) -> None:
    if which.any():
        raise DataError(
            f"{layout.path}, row {start + int(np.argmax(which))}: the embedding"
            f" ({layout.embedding}) {what} ({int(which.sum()):,} such rows among {len(which):,})."
            " Nothing was imported; leave such rows out"
        )


def _geometries(layout: Layout, start: int, column: pa.Array) -> NDArray[Any]:
    texts = column.to_numpy(zero_copy_only=False)
    footprints = shapely.from_wkb(texts, on_invalid="ignore")
    broken = shapely.is_missing(footprints) & column.is_valid().to_numpy(zero_copy_only=False)
    if broken.any():
        raise DataError(
            f"{layout.path}, row {start + int(np.argmax(broken))}: the geometry is not WKB; repair"
            " the file"
        )
    return np.asarray(footprints, dtype=object)


def _bounds(footprints: NDArray[Any]) -> dict[str, list[float | None]]:
    """The sides of the boxes around footprints, None where there is none."""
    sides = shapely.bounds(footprints).astype(object)
    sides[shapely.is_missing(footprints)] = None
    return {side: sides[:, number].tolist() for number, side in enumerate(SIDES)}


def _moments(layout: Layout, batch: pa.RecordBatch) -> pa.Array:
    """When scenes were taken; a time without a zone is one of UTC."""
    if layout.datetime is None:
        return pa.nulls(batch.num_rows, MOMENT)
    column = batch[layout.datetime]
    kind = column.type
    try:
        if pa.types.is_timestamp(kind):
            return column.cast(MOMENT, safe=False)
        if pa.types.is_date(kind):
            return column.cast(pa.timestamp("us")).cast(MOMENT)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            return _read_moments(column)
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{layout.path}: the dates ({layout.datetime}) cannot be read ({error}); write them as"
            " timestamps, or as text such as 2015-09-26 or 2015-09-26T10:00:00Z"
        ) from error
    raise ConfigError(
        f"{layout.path}: the column {layout.datetime} is {kind}; dates are timestamps, dates or ISO"
        " text. Name another column (--date-column), or none ('')"
    )


def _read_moments(column: pa.Array) -> pa.Array:
    try:
        return column.cast(MOMENT)
    except pa.ArrowInvalid:  # text without a zone, which Arrow reads on its own only
        return column.cast(pa.timestamp("us")).cast(MOMENT)


def _sources(layout: Layout, batch: pa.RecordBatch) -> list[str]:
    """Names of scenes; where a row has none, the file stands for it."""
    if layout.source is None:
        return [layout.path.name] * batch.num_rows
    return [
        layout.path.name if name is None else name for name in _texts(layout, batch, layout.source)
    ]


def _given_ids(layout: Layout, start: int, batch: pa.RecordBatch) -> list[str]:
    assert layout.id is not None
    ids = _texts(layout, batch, layout.id)
    if None in ids:
        raise DataError(
            f"{layout.path}, row {start + ids.index(None)}: there is no id ({layout.id}); name"
            " another column (--id-column), or '' to have ids made"
        )
    return [name for name in ids if name is not None]


def _texts(layout: Layout, batch: pa.RecordBatch, name: str) -> list[str | None]:
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
    """Names of chips: the same for the same source, moment, place and embedding, in whatever file."""
    ids = []
    times = moments.cast(pa.int64()).to_pylist()
    for source, time, geometry, vector in zip(
        sources, times, wkb, embeddings.astype(np.float16), strict=True
    ):
        digest = hashlib.blake2b(
            f"{source}\0{time}\0".encode("utf-8", "surrogateescape"), digest_size=12
        )
        digest.update(geometry or b"")
        digest.update(vector.tobytes())
        ids.append(digest.hexdigest())
    return ids


def _own(layout: Layout, batch: pa.RecordBatch) -> dict[str, list[Any]]:
    """Columns that only an index has."""
    if not layout.is_ours:
        return {name: [nothing] * batch.num_rows for name, (_, nothing) in OWN.items()}
    try:
        columns = {name: batch[name].cast(kind) for name, (kind, _) in OWN.items()}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"{layout.path}: a column is not as an index has it ({error}); export the index again"
        ) from error
    return {
        name: (column if OWN[name][1] is None else column.fill_null(OWN[name][1])).to_pylist()
        for name, column in columns.items()
    }
