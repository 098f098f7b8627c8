"""Chips that overlap show one place: the best of them stands for all."""

from collections.abc import Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

Row = dict[str, Any]


def merged(rows: Sequence[Row], overlap: float, *, any_date: bool = False) -> list[Row]:
    """Leave out each chip that overlaps a better one.

    Chips are of one place where they are of one source, or of one date, and have a footprint each. Without footprints
    the windows of one source are compared.

    Args:
        rows: the best first; with geometry (WKB or None), source, datetime and window.
        overlap: share of the smaller chip that both cover, over 0 and up to 1, from which on they are one.
        any_date: chips of other sources and dates merge too.

    Returns:
        What is left, in the same order. What is kept of the first n rows does not depend on those that follow.
    """
    kept: list[tuple[Row, BaseGeometry]] = []
    for row in rows:
        outline = _outline(row)
        if not any(
            _is_comparable(row, better, any_date) and _share(outline, covered) >= overlap for better, covered in kept
        ):
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
    same_date = row["datetime"] is not None and row["datetime"] == other["datetime"]
    return placed and (any_date or same_date)


def _share(a: BaseGeometry, b: BaseGeometry) -> float:
    """Share of the smaller outline that both cover."""
    smaller = min(a.area, b.area)
    return a.intersection(b).area / smaller if smaller > 0 and a.intersects(b) else 0.0
