"""Chips that overlap show one place: the best of them stands for all."""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from harma.index.records import ShownChip


def merged(
    chips: Sequence[ShownChip], overlap: float, count: int, *, any_date: bool = False
) -> list[int]:
    """Leave out each chip that overlaps a better one.

    Chips are of one place where they are of one source, or of one day, and have a footprint each.
    Without footprints the windows of one source are compared.

    Args:
        chips: the best first.
        overlap: share of the smaller chip that both cover, over 0 and up to 1, from which on they
            are one.
        count: chips to keep; the rest is not looked at.
        any_date: chips of other sources and dates merge too.

    Returns:
        Positions of what is left, ascending. What is kept of the first n chips does not depend on
        those that follow.
    """
    positions: list[int] = []
    outlines: list[BaseGeometry] = []
    # The boxes of what is kept: few chips are near enough to look at their outlines.
    boxes = np.empty((count, 4))
    for position, chip in enumerate(chips):
        if len(positions) == count:
            break
        outline = _outline(chip)
        west, south, east, north = outline.bounds
        kept = boxes[: len(positions)]
        near = (
            (kept[:, 0] < east) & (kept[:, 2] > west) & (kept[:, 1] < north) & (kept[:, 3] > south)
        )
        is_same_place = False
        for other in np.flatnonzero(near):
            if _is_comparable(chip, chips[positions[other]], any_date):
                is_same_place = is_same_place or _share(outline, outlines[other]) >= overlap
        if not is_same_place:
            boxes[len(positions)] = outline.bounds
            positions.append(position)
            outlines.append(outline)
    return positions


def _outline(chip: ShownChip) -> BaseGeometry:
    if chip.geometry is not None:
        return shapely.from_wkb(chip.geometry)
    return shapely.box(chip.column, chip.row, chip.column + chip.width, chip.row + chip.height)


def _is_comparable(chip: ShownChip, other: ShownChip, any_date: bool) -> bool:
    if chip.source == other.source:
        return True
    if chip.geometry is None or other.geometry is None:
        return False
    return any_date or _is_same_day(chip, other)


def _is_same_day(chip: ShownChip, other: ShownChip) -> bool:
    if chip.datetime is None or other.datetime is None:
        return False
    return chip.datetime.date() == other.datetime.date()


def _share(outline: BaseGeometry, other: BaseGeometry) -> float:
    """Share of the smaller outline that both cover."""
    smaller = min(outline.area, other.area)
    if smaller <= 0 or not outline.intersects(other):
        return 0.0
    return float(outline.intersection(other).area / smaller)
