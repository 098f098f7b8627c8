"""Chips that overlap show one place: the best of them stands for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from harma.index.records import ShownChip

A_DAY = timedelta(days=1)


def merged(
    chips: Sequence[ShownChip], overlap: float, count: int, *, any_date: bool = False
) -> list[int]:
    """Leave out each chip that overlaps a better one.

    Chips are of one place where they are of one source, or of one day, and have a footprint each.
    What is dated to a month or year is not known to be of one day.
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
    places: list[_Outlined] = []
    # The boxes of those places: few chips are near enough to look at their outlines.
    boxes = np.empty((count, 4))
    for position, chip in enumerate(chips):
        if len(places) == count:
            break
        outlined = _outlined(position, chip)
        near = _overlapping(boxes[: len(places)], outlined.outline.bounds)
        better = [places[index] for index in near]
        if not any(_is_same_place(outlined, other, overlap, any_date) for other in better):
            boxes[len(places)] = outlined.outline.bounds
            places.append(outlined)
    return [outlined.position for outlined in places]


@dataclass(frozen=True, eq=False)
class _Outlined:
    """A chip, its position, and where it lies: on Earth, or else in its scene."""

    position: int
    chip: ShownChip
    outline: BaseGeometry
    is_placed: bool


def _overlapping(
    boxes: NDArray[np.float64], bounds: tuple[float, float, float, float]
) -> NDArray[np.intp]:
    """Which boxes (n, 4) overlap one."""
    west, south, east, north = bounds
    overlaps = (boxes[:, 0] < east) & (boxes[:, 2] > west)
    overlaps &= (boxes[:, 1] < north) & (boxes[:, 3] > south)
    return np.flatnonzero(overlaps)


def _is_same_place(one: _Outlined, other: _Outlined, overlap: float, any_date: bool) -> bool:
    if not _is_comparable(one, other, any_date):
        return False
    return _share(one.outline, other.outline) >= overlap


def _outlined(position: int, chip: ShownChip) -> _Outlined:
    if chip.geometry is not None:
        footprint = shapely.from_wkb(chip.geometry)
        # A point, of a picture with GPS, is the same for all chips of it.
        if footprint.geom_type != "Point":
            return _Outlined(position, chip, footprint, is_placed=True)
    window = shapely.box(chip.column, chip.row, chip.column + chip.width, chip.row + chip.height)
    return _Outlined(position, chip, window, is_placed=False)


def _is_comparable(one: _Outlined, other: _Outlined, any_date: bool) -> bool:
    if one.chip.source == other.chip.source:
        return True
    if not (one.is_placed and other.is_placed):
        return False
    return any_date or _is_same_day(one.chip, other.chip)


def _is_same_day(chip: ShownChip, other: ShownChip) -> bool:
    taken = chip.taken
    of_other = other.taken
    if taken is None or of_other is None:
        return False
    # Two mosaics of one month may be of different weeks.
    if max(taken.end - taken.start, of_other.end - of_other.start) > A_DAY:
        return False
    return taken.start.date() == of_other.start.date() or taken.overlaps(of_other)


def _share(outline: BaseGeometry, other: BaseGeometry) -> float:
    """Share of the smaller outline that both cover."""
    smaller = min(outline.area, other.area)
    if smaller <= 0 or not outline.intersects(other):
        return 0.0
    return float(outline.intersection(other).area / smaller)
