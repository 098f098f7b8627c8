"""Chips that overlap show one place: the best of them stands for all."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

Row = dict[str, Any]


def merged(rows: Sequence[Row], overlap: float, count: int, *, any_date: bool = False) -> list[Row]:
    """Leave out each chip that overlaps a better one.

    Chips are of one place where they are of one source, or of one day, and have a footprint each.
    Without footprints the windows of one source are compared.

    Args:
        rows: the best first; with geometry (WKB or None), source, datetime and window.
        overlap: share of the smaller chip that both cover, over 0 and up to 1, from which on they
            are one.
        count: rows to keep; the rest is not looked at.
        any_date: chips of other sources and dates merge too.

    Returns:
        What is left, in the same order. What is kept of the first n rows does not depend on those
        that follow.
    """
    kept: list[tuple[Row, BaseGeometry]] = []
    bounds = np.empty((count, 4))
    for row in rows:
        if len(kept) == count:
            break
        outline = _outline(row)
        west, south, east, north = outline.bounds
        own = bounds[: len(kept)]
        near = (own[:, 0] < east) & (own[:, 2] > west) & (own[:, 1] < north) & (own[:, 3] > south)
        if not any(
            _is_comparable(row, kept[number][0], any_date)
            and _share(outline, kept[number][1]) >= overlap
            for number in np.flatnonzero(near)
        ):
            bounds[len(kept)] = outline.bounds
            kept.append((row, outline))
    return [row for row, _ in kept]


def _outline(row: Row) -> BaseGeometry:
    column, line = row["column"], row["row"]
    outline: BaseGeometry = (
        shapely.from_wkb(row["geometry"])
        if row["geometry"] is not None
        else shapely.box(column, line, column + row["width"], line + row["height"])
    )
    return outline


def _is_comparable(row: Row, other: Row, any_date: bool) -> bool:
    if row["source"] == other["source"]:
        return True
    placed = row["geometry"] is not None and other["geometry"] is not None
    same_day = (
        None not in (row["datetime"], other["datetime"])
        and row["datetime"].date() == other["datetime"].date()
    )
    return placed and (any_date or same_day)


def _share(a: BaseGeometry, b: BaseGeometry) -> float:
    """Share of the smaller outline that both cover."""
    smaller = min(a.area, b.area)
    return a.intersection(b).area / smaller if smaller > 0 and a.intersects(b) else 0.0
