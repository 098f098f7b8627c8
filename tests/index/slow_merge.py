"""Chips of one place by the plain rule, pair by pair: what `harma.index.merge` must agree with."""

from datetime import timedelta

import shapely

A_DAY = timedelta(days=1)


def merged(chips, overlap, count, *, any_date=False):
    """Positions of what is left; see `harma.index.merge.merged`."""
    kept = []
    for position, chip in enumerate(chips):
        if len(kept) == count:
            break
        if not any(is_same_place(chip, chips[other], overlap, any_date) for other in kept):
            kept.append(position)
    return kept


def is_same_place(chip, other, overlap, any_date):
    outline, is_placed = outline_of(chip)
    of_other, other_is_placed = outline_of(other)
    if chip.source != other.source:
        if not (is_placed and other_is_placed):
            return False
        if not any_date and not is_same_day(chip, other):
            return False
    return share(outline, of_other) >= overlap


def outline_of(chip):
    if chip.geometry is not None:
        footprint = shapely.from_wkb(chip.geometry)
        if footprint.geom_type != "Point":
            return footprint, True
    right, lower = chip.column + chip.width, chip.row + chip.height
    return shapely.box(chip.column, chip.row, right, lower), False


def is_same_day(chip, other):
    taken, of_other = chip.taken, other.taken
    if taken is None or of_other is None:
        return False
    if max(taken.end - taken.start, of_other.end - of_other.start) > A_DAY:
        return False
    return taken.start.date() == of_other.start.date() or taken.overlaps(of_other)


def share(outline, other):
    smaller = min(outline.area, other.area)
    if smaller <= 0 or not outline.intersects(other):
        return 0.0
    return outline.intersection(other).area / smaller
