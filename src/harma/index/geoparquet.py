"""Export of an index, or of hits, as a GeoParquet file: for QGIS, geopandas, DuckDB, an index."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray

from harma.errors import HarmaError, MissingDependencyError, StorageError
from harma.ground.files import replacing
from harma.ground.progress import AdvancePart, not_told
from harma.index.contract import ROW_ID, StoreReader
from harma.index.geoparquet_footer import EMB_KEY, GEO_KEY, HARMA_KEY, emb_of, geo_of, harma_of
from harma.index.hits import Hit, hit_of
from harma.index.records import SHOWN_COLUMNS, ShownChip
from harma.index.schema import BOX_COLUMNS, SOURCE_SCHEMA, chip_schema, embeddings_of
from harma.index.standing import NO_STANDINGS
from harma.index.well_known import read_outlines
from harma.scenes.middle import middle

# Rows of a row group, which a reader reads or skips as a whole: 32 MB of embeddings of 512.
GROUP = 16_384
# Columns as the index has them; `embedding` and `bbox` are made.
PLAIN_COLUMNS = (
    "id",
    "geometry",
    "datetime",
    "datetime_end",
    "source",
    "column",
    "row",
    "width",
    "height",
    "crs",
    "gsd",
    "nodata",
    "model",
    "content",
)
BBOX = pa.struct([(side, pa.float64()) for side in BOX_COLUMNS])
# What the index keeps of each source, beside the name and what is in every chip's row.
SCENE = pa.struct(
    [field for field in SOURCE_SCHEMA if field.name not in ("source", "content", "problem")]
)
# Statistics are of the columns that it helps to skip row groups by.
STORED: dict[str, Any] = {
    "compression": "zstd",
    "write_statistics": [
        *(f"bbox.{side}" for side in BOX_COLUMNS),
        "id",
        "datetime",
        "source",
        "gsd",
        "nodata",
    ],
}
# Centres of chips that are points of Python at once.
POINTS_AT_ONCE = 65_536
HIT_TYPES = {
    "rank": pa.int32(),
    "column": pa.int32(),
    "row": pa.int32(),
    "width": pa.int32(),
    "height": pa.int32(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "datetime_end": pa.timestamp("us", tz="UTC"),
    "then_datetime": pa.timestamp("us", tz="UTC"),
    "then_datetime_end": pa.timestamp("us", tz="UTC"),
    "gsd": pa.float64(),
}


@dataclass(frozen=True)
class _Order:
    """The chips in the order of the file.

    Attributes:
        ids: row ids of the table (n,).
        kinds: shapely's numbers of the geometry types that occur.
        bounds: of all footprints; None where there are none.
    """

    ids: NDArray[np.int64]
    kinds: set[int]
    bounds: list[float] | None


def export_geoparquet(
    store: StoreReader,
    path: Path,
    *,
    thumbnails: bool = False,
    progress: AdvancePart = not_told,
) -> int:
    """Write all chips of an index to a GeoParquet 1.1 file.

    Near ones lie beside each other, along a Hilbert curve.

    Embeddings are float32, though the index keeps float16, which DuckDB before 1.3 and older polars
    do not read from Parquet. Their values are few enough for a dictionary, so that the file is as
    small as one of float16. Only row ids and centres of all chips are held in memory, and the table
    of sources.

    Args:
        store: the index. Sources without chips are not in the file.
        path: of the file; it is replaced when the new one is whole.
        thumbnails: write them too.
        progress: called with ("exporting", so far, in all).

    Returns:
        Chips written.

    Raises:
        StorageError: the file cannot be written.
        MissingDependencyError: geopandas is not installed.
    """
    order = _order(store)
    rows = [vars(source) for source in store.sources().values()]
    sources = pa.Table.from_pylist(rows, schema=SOURCE_SCHEMA)
    schema = _schema(store, order, thumbnails)
    with _replacing(path) as temporary, pq.ParquetWriter(temporary, schema, **STORED) as writer:
        for start in range(0, len(order.ids), GROUP):
            ids = order.ids[start : start + GROUP]
            writer.write_table(_rows(store, ids, sources, schema), row_group_size=GROUP)
            progress("exporting", start + len(ids), len(order.ids))
    return len(order.ids)


def write_hits_geoparquet(hits: Sequence[Hit], path: Path) -> None:
    """Write hits, without embeddings, to a GeoParquet 1.1 file; the best first.

    Raises:
        StorageError: the file cannot be written.
    """
    rows = [_hit_row(rank, hit) for rank, hit in enumerate(hits, 1)]
    # Hits of a change have more to say than others: the columns of all, in their order.
    names: dict[str, None] = {"rank": None}
    for row in rows:
        names |= dict.fromkeys(row)
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        columns[name] = pa.array(values, HIT_TYPES.get(name))
    footprints = np.array([hit.geometry for hit in hits], dtype=object)
    columns["geometry"] = pa.array(shapely.to_wkb(footprints), pa.binary())
    columns["bbox"] = _bbox(footprints)
    kinds, bounds = _extent(footprints)
    table = pa.table(columns).replace_schema_metadata({GEO_KEY: geo_of(kinds, bounds)})
    with _replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _hit_row(rank: int, hit: Hit) -> dict[str, Any]:
    """What is said of a hit, its dates as moments."""
    row = {"rank": rank, **hit.properties()}
    moments = {"datetime": hit.datetime, "datetime_end": hit.datetime_end}
    if hit.then is not None:
        moments["then_datetime"] = hit.then.datetime
        moments["then_datetime_end"] = hit.then.datetime_end
    # Names that the hit has, in their places.
    return row | {name: when for name, when in moments.items() if name in row}


def _order(store: StoreReader) -> _Order:
    ids = [np.empty(0, dtype=np.int64)]
    centres = [np.empty((0, 2))]
    kinds: set[int] = set()
    boxes: list[list[float]] = []
    for table in store.blocks(["geometry"]):
        footprints = read_outlines(table["geometry"].to_pylist(), str(store.home))
        block_kinds, bounds = _extent(footprints)
        kinds |= block_kinds
        if bounds is not None:
            boxes.append(bounds)
        ids.append(table[ROW_ID].to_numpy())
        centres.append(_centres(footprints))
    total = None
    if boxes:
        _, total = _extent(shapely.box(*np.array(boxes).T))
    order = _hilbert_order(np.concatenate(centres))
    return _Order(np.concatenate(ids)[order], kinds, total)


def _extent(footprints: NDArray[Any]) -> tuple[set[int], list[float] | None]:
    """Geometry types that occur, and the bounds of all."""
    # -1 is the type of what is missing.
    kinds = set(np.unique(shapely.get_type_id(footprints)).tolist()) - {-1}
    if not kinds:
        return kinds, None
    return kinds, shapely.total_bounds(footprints).tolist()


def _centres(footprints: NDArray[Any]) -> NDArray[np.float64]:
    """Middles of footprints (n, 2), NaN where there is none."""
    bounds = shapely.bounds(footprints)
    centres: NDArray[np.float64] = (bounds[:, :2] + bounds[:, 2:]) / 2
    # Across the 180th meridian the middle of the bounds lies on the other side of the Earth.
    for row in np.flatnonzero(bounds[:, 2] - bounds[:, 0] > 180):
        centres[row] = middle(footprints[row])
    return centres


def _hilbert_order(centres: NDArray[np.float64]) -> NDArray[np.intp]:
    """Positions of centres (n, 2) along the Hilbert curve through their bounds.

    Those without a place come last. The curve is geopandas', so that anyone can check the order
    with one call.

    Raises:
        MissingDependencyError: geopandas is not installed.
    """
    try:
        import geopandas
    except ImportError as error:
        raise MissingDependencyError(
            "the export of an index needs geopandas: pip install 'harma[search]'"
        ) from error
    placed = np.isfinite(centres).all(axis=1)
    distances = np.full(len(centres), np.iinfo(np.int64).max)
    places = np.flatnonzero(placed)
    if len(places):
        bounds = [*np.min(centres[places], axis=0), *np.max(centres[places], axis=0)]
        # Some at a time: a point of Python takes many times what its numbers do.
        for start in range(0, len(places), POINTS_AT_ONCE):
            part = places[start : start + POINTS_AT_ONCE]
            points = geopandas.GeoSeries(shapely.points(centres[part]))
            distances[part] = points.hilbert_distance(total_bounds=bounds)
    return np.argsort(distances, kind="stable")


def _schema(store: StoreReader, order: _Order, thumbnails: bool) -> pa.Schema:
    embed_dim = store.settings.embed_dim
    known = chip_schema(embed_dim)
    fields = [known.field(name) for name in PLAIN_COLUMNS]
    fields.insert(2, pa.field("bbox", BBOX))
    fields += [pa.field(name, kind) for name, kind in store.property_types().items()]
    fields.append(pa.field("scene", SCENE))
    if thumbnails:
        fields.append(known.field("thumbnail"))
    fields.append(pa.field("embedding", pa.list_(pa.float32(), embed_dim)))
    texts = {
        GEO_KEY: geo_of(order.kinds, order.bounds),
        EMB_KEY: emb_of(store.settings),
        HARMA_KEY: harma_of(store.settings),
    }
    return pa.schema(fields, metadata=texts)


def _rows(
    store: StoreReader, ids: NDArray[np.int64], sources: pa.Table, schema: pa.Schema
) -> pa.Table:
    """Chips by their row ids, in this order, with the columns of the file."""
    names = [*PLAIN_COLUMNS, *store.property_types(), "embedding"]
    if "thumbnail" in schema.names:
        names.append("thumbnail")
    taken = store.take(ids, names)
    embeddings = pa.array(embeddings_of(taken).reshape(-1))
    made = {
        "embedding": pa.FixedSizeListArray.from_arrays(embeddings, store.settings.embed_dim),
        "bbox": _bbox(read_outlines(taken["geometry"].to_pylist(), str(store.home))),
        "scene": _scenes(taken["source"], sources),
    }
    if "thumbnail" in schema.names and not store.settings.thumbnails:
        made["thumbnail"] = _made_thumbnails(store, ids)
    columns = [made[name] if name in made else taken[name] for name in schema.names]
    return pa.table(columns, schema=schema)


def _made_thumbnails(store: StoreReader, ids: NDArray[np.int64]) -> pa.Array:
    """Thumbnails of chips by their row ids, made of their scenes; null where these are gone."""
    # Reading scenes needs much that an export does not.
    from harma.index.pictures import small_pictures

    chips = [ShownChip(**row) for row in store.take(ids, SHOWN_COLUMNS).to_pylist()]
    thumbnails = small_pictures(store, [hit_of(chip, 0.0, NO_STANDINGS) for chip in chips])
    return pa.array([thumbnails[chip.id] or None for chip in chips], pa.binary())


def _bbox(footprints: NDArray[Any]) -> pa.StructArray:
    """The covering of footprints: their bounds, null where there are none."""
    # Of nothing shapely gives bounds of one dimension.
    bounds = shapely.bounds(footprints).reshape(-1, 4)
    sides = [pa.array(np.ascontiguousarray(bounds[:, column])) for column in range(4)]
    return pa.StructArray.from_arrays(
        sides, fields=list(BBOX), mask=pa.array(np.isnan(bounds).any(axis=1))
    )


def _scenes(names: pa.ChunkedArray, sources: pa.Table) -> pa.StructArray:
    """What is kept of each chip's source; null where a build has not finished it."""
    at = pc.index_in(names, value_set=sources["source"].combine_chunks()).combine_chunks()
    columns = [sources[field.name].combine_chunks().take(at) for field in SCENE]
    return pa.StructArray.from_arrays(columns, fields=list(SCENE), mask=at.is_null())


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """As `replacing`, with what goes wrong on the disk told plainly."""
    try:
        with replacing(path) as temporary:
            yield temporary
    except HarmaError:
        raise
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written ({error.strerror or error}); make room, or name a file in a"
            " directory that is writable"
        ) from error
