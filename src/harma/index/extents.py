"""Extents of sources: the box (bbox) and the dates of all chips of each, for maps and coverage."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import shapely

from harma.index.contract import StoreReader
from harma.index.schema import BOX_COLUMNS, quoted
from harma.index.well_known import read_outlines

# West, south, east and north, degrees; west over east crosses the 180th meridian.
Box = tuple[float, float, float, float]
COLUMNS = ("source", *BOX_COLUMNS, "datetime", "datetime_end", "gsd")
# How each is put together, chip by chip and then block by block.
SUMMARIES = (
    ("chips", "sum"),
    ("xmin", "min"),
    ("ymin", "min"),
    ("xmax", "max"),
    ("ymax", "max"),
    ("datetime", "min"),
    ("datetime_end", "max"),
    ("gsd", "min"),
)
# Half of the Earth: what is wider goes the other way round, or around.
HALF_AROUND = 180.0


@dataclass(frozen=True)
class Extent:
    """What the chips of a source have in common.

    Attributes:
        num_chips: in the index.
        bbox: of all footprints; None without a place.
        datetime: when it was taken, the first moment, or None.
        datetime_end: the last moment; None where the first is the only one.
        gsd: metres per pixel, or None.
    """

    num_chips: int
    bbox: Box | None
    datetime: dt.datetime | None
    datetime_end: dt.datetime | None
    gsd: float | None


def extents_of(store: StoreReader) -> dict[str, Extent]:
    """The extent of each source that has chips.

    Footprints are read of those alone that reach around half of the Earth or more.
    """
    extents = {}
    for row in _summed(store):
        bbox = None
        if row["xmin"] is not None:
            bbox = _box(store, row)
        extents[row["source"]] = Extent(
            row["chips"], bbox, row["datetime"], row["datetime_end"], row["gsd"]
        )
    return extents


def around(spans: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The shortest span of longitudes that holds some, which may lie on both sides of 180.

    Args:
        spans: west and east of each, west first; -180 to 180.

    Returns:
        West and east; west over east crosses the 180th meridian.
    """
    ordered = sorted(spans)
    west, reached = ordered[0]
    # The gap that goes over the 180th meridian; the widest one is left out.
    gap = west + 360.0 - max(east for _, east in ordered)
    best = (west, max(east for _, east in ordered))
    for start, end in ordered[1:]:
        if start - reached > gap:
            gap = start - reached
            best = (start, reached)
        reached = max(reached, end)
    return best


def _summed(store: StoreReader) -> list[dict[str, Any]]:
    """A row for each source."""
    parts = []
    for block in store.blocks(COLUMNS):
        ones = pa.array([1] * len(block), pa.int64())
        parts.append(_grouped(block.append_column("chips", ones)))
    if not parts:
        return []
    # Block by block first: an index has many more chips than sources.
    rows: list[dict[str, Any]] = _grouped(pa.concat_tables(parts)).to_pylist()
    return rows


def _grouped(table: pa.Table) -> pa.Table:
    """A row for each source of some rows, with the same columns."""
    columns = ["source", *(column for column, _ in SUMMARIES)]
    made = ["source", *(f"{column}_{how}" for column, how in SUMMARIES)]
    grouped = table.group_by("source").aggregate(list(SUMMARIES))
    return grouped.select(made).rename_columns(columns)


def _box(store: StoreReader, row: dict[str, Any]) -> Box:
    west, south, east, north = (row[side] for side in BOX_COLUMNS)
    if east - west > HALF_AROUND:
        west, east = around(_spans(store, row["source"]))
    return west, south, east, north


def _spans(store: StoreReader, source: str) -> list[tuple[float, float]]:
    """West and east of all parts of the footprints of a source."""
    table = store.rows(["geometry"], f"source = {quoted(source)} AND xmin IS NOT NULL")
    footprints = read_outlines(table["geometry"].to_pylist(), str(store.home))
    bounds = shapely.bounds(shapely.get_parts(footprints))
    return [(float(west), float(east)) for west, _, east, _ in bounds]
