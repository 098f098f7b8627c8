"""Chips that overlap show one place: the best of them stands for all."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from harma.index.records import ShownChip
from harma.index.well_known import read_outlines

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
TICK = dt.timedelta(microseconds=1)
A_DAY = dt.timedelta(days=1) // TICK
# Of a chip that has no date: no other has it.
NO_DAY = -1
# Chips that are compared at once: few at first, as each that is left out saves its comparisons.
FEWEST_AT_ONCE = 256
MOST_AT_ONCE = 1024
# Boxes that cover less of what is needed cannot hold outlines that cover enough: for rounding.
SLACK = 0.999

Positions = NDArray[np.intp]


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
    places = _places_of(chips)
    kept = np.empty(0, dtype=np.intp)
    start = 0
    while start < len(chips) and len(kept) < count:
        stop = start + min(max(FEWEST_AT_ONCE, len(kept) // 4), MOST_AT_ONCE)
        block = np.arange(start, min(stop, len(chips)))
        # What is left out is not compared with those that follow.
        block = np.setdiff1d(block, places.hidden(block, kept, overlap, any_date))
        block = np.setdiff1d(block, _left_out(places.same(block, block, overlap, any_date)))
        kept = np.append(kept, block)
        start = stop
    return [int(position) for position in kept[:count]]


def _left_out(pairs: Positions) -> list[int]:
    """Which chips go, of pairs (2, n) of one place: a chip that goes itself leaves out none."""
    gone: set[int] = set()
    # By the worse ones: what becomes of a chip is known before those that are worse are asked.
    for worse, better in pairs[:, np.argsort(pairs[0], kind="stable")].T.tolist():
        if better not in gone:
            gone.add(worse)
    return sorted(gone)


@dataclass(frozen=True, eq=False)
class _Places:
    """Where chips lie and when they were taken, (n,) each.

    Attributes:
        outlines: on Earth, or else in their scenes.
        is_placed: whether they lie on Earth.
        sources: a number for each source.
        starts: first moments, microseconds.
        ends: last moments.
        days: numbers of their days; `NO_DAY` where no day is known.
    """

    outlines: NDArray[Any]
    is_placed: NDArray[np.bool_]
    sources: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    days: NDArray[np.int64]

    def hidden(
        self, chips: Positions, others: Positions, overlap: float, any_date: bool
    ) -> Positions:
        """Those of some chips that are of one place with any of others, which are better."""
        pairs, covered = self._candidates(chips, others, overlap, any_date)
        # The pair that covers most decides nearly always: that of each chip is looked at first.
        pairs = pairs[:, np.lexsort((-covered, pairs[0]))]
        _, first = np.unique(pairs[0], return_index=True)
        likely = pairs[:, first]
        hidden = likely[0, self._shares(likely) >= overlap]
        pairs = pairs[:, ~np.isin(pairs[0], hidden)]
        return np.append(hidden, pairs[0, self._shares(pairs) >= overlap])

    def same(
        self, chips: Positions, others: Positions, overlap: float, any_date: bool
    ) -> Positions:
        """Pairs (2, n) of one place: of some chips, and of others that are better."""
        pairs, _ = self._candidates(chips, others, overlap, any_date)
        return pairs[:, self._shares(pairs) >= overlap]

    def _candidates(
        self, chips: Positions, others: Positions, overlap: float, any_date: bool
    ) -> tuple[Positions, NDArray[np.float64]]:
        """Pairs (2, n) that may be of one place, and what area they may cover both.

        Boxes tell it: they are quick to compare, and most pairs do not cover enough.
        """
        tree = shapely.STRtree(self.outlines[others])
        chip_at, other_at = tree.query(self.outlines[chips])
        pairs = np.stack([chips[chip_at], others[other_at]])
        pairs = pairs[:, pairs[0] > pairs[1]]
        pairs = pairs[:, self._are_comparable(pairs, any_date)]
        covered = self._shared_boxes(pairs)
        is_enough = covered >= SLACK * overlap * self._smaller(pairs)
        return pairs[:, is_enough], covered[is_enough]

    def _are_comparable(self, pairs: Positions, any_date: bool) -> NDArray[np.bool_]:
        """Of which pairs (2, n) both may be of one place."""
        chips, others = pairs
        are_comparable: NDArray[np.bool_] = self.is_placed[chips] & self.is_placed[others]
        if not any_date:
            are_comparable &= self._are_of_one_day(chips, others)
        are_comparable |= self.sources[chips] == self.sources[others]
        return are_comparable

    def _are_of_one_day(self, chips: Positions, others: Positions) -> NDArray[np.bool_]:
        have_days = (self.days[chips] != NO_DAY) & (self.days[others] != NO_DAY)
        overlap = self.starts[chips] <= self.ends[others]
        overlap &= self.starts[others] <= self.ends[chips]
        of_one_day: NDArray[np.bool_] = overlap | (self.days[chips] == self.days[others])
        of_one_day &= have_days
        return of_one_day

    def _shared_boxes(self, pairs: Positions) -> NDArray[np.float64]:
        """Area that both boxes of each pair cover (n,): both outlines cover no more."""
        west, south, east, north = shapely.bounds(self.outlines[pairs]).transpose(2, 0, 1)
        width = east.min(axis=0) - west.max(axis=0)
        height = north.min(axis=0) - south.max(axis=0)
        covered: NDArray[np.float64] = np.maximum(width, 0) * np.maximum(height, 0)
        return covered

    def _shares(self, pairs: Positions) -> NDArray[np.float64]:
        """Share of the smaller outline that both of a pair cover (n,)."""
        smaller = self._smaller(pairs)
        chips, others = self.outlines[pairs]
        shares = np.zeros(len(smaller))
        do_share = (smaller > 0) & shapely.intersects(chips, others)
        covered = _covered(chips[do_share], others[do_share])
        shares[do_share] = covered / smaller[do_share]
        return shares

    def _smaller(self, pairs: Positions) -> NDArray[np.float64]:
        """Area of the smaller outline of each pair (n,)."""
        areas: NDArray[np.float64] = shapely.area(self.outlines[pairs]).min(axis=0)
        return areas


def _covered(outlines: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    """Area that both outlines of each pair cover (n,)."""
    try:
        covered = shapely.intersection(outlines, others)
    except GEOSException:
        # Outlines that cross themselves, as other programs write them.
        covered = shapely.intersection(shapely.make_valid(outlines), shapely.make_valid(others))
    areas: NDArray[np.float64] = shapely.area(covered)
    return areas


# -- what is compared of chips --------------------------------------------------------------------


def _places_of(chips: Sequence[ShownChip]) -> _Places:
    outlines, is_placed = _outlines(chips)
    names = {chip.source: number for number, chip in enumerate(chips)}
    times = np.array([_times(chip) for chip in chips], dtype=np.int64).reshape(-1, 3)
    return _Places(
        outlines,
        is_placed,
        np.array([names[chip.source] for chip in chips], dtype=np.int64),
        *times.T,
    )


def _outlines(chips: Sequence[ShownChip]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Outlines of chips, and whether they lie on Earth."""
    outlines = read_outlines([chip.geometry for chip in chips])
    # A point, of a picture with GPS, is the same for all chips of it.
    kinds = shapely.get_type_id(outlines)
    is_placed = (kinds != shapely.GeometryType.MISSING) & (kinds != shapely.GeometryType.POINT)
    unplaced = np.flatnonzero(~is_placed).tolist()
    windows = [chips[position] for position in unplaced]
    sides = [
        (chip.column, chip.row, chip.column + chip.width, chip.row + chip.height)
        for chip in windows
    ]
    outlines[unplaced] = shapely.box(*np.array(sides, dtype=np.float64).reshape(-1, 4).T)
    return outlines, is_placed


def _times(chip: ShownChip) -> tuple[int, int, int]:
    """First and last moment of a chip, microseconds, and the number of its day."""
    if chip.datetime is None:
        return 0, 0, NO_DAY
    start = (chip.datetime - EPOCH) // TICK
    end = start
    if chip.datetime_end is not None:
        end = (chip.datetime_end - EPOCH) // TICK
    # Two mosaics of one month may be of different weeks.
    if end - start > A_DAY:
        return start, end, NO_DAY
    return start, end, chip.datetime.toordinal()
