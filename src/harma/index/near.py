"""Chips near an area, of some dates: by boxes and moments held in memory, or by zones of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harma.index.filters import Dates, Filter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

RowIds = NDArray[np.int64]


class NearChips(Protocol):
    """The chips that a filter by area and dates admits, in one version of an index.

    Of an area its parts' boxes count, and boxes of footprints: the outlines are looked at later.
    """

    @property
    def count(self) -> int:
        """How many there are: exactly where they are few, else about so many."""

    def ids(self) -> RowIds:
        """Row ids of all, ascending."""

    def among(self, ids: RowIds) -> NDArray[np.bool_]:
        """Which of some chips of the same version, by their row ids, are admitted."""


@dataclass(frozen=True)
class ListedChips:
    """The same, where all their row ids are known; see `NearChips`.

    Attributes:
        row_ids: (n,), ascending.
    """

    row_ids: RowIds

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.row_ids)

    def ids(self) -> RowIds:
        """Row ids of all, ascending."""
        return self.row_ids

    def among(self, ids: RowIds) -> NDArray[np.bool_]:
        """Which of some chips of the same version are admitted."""
        return among(ids, self.row_ids)


@dataclass(frozen=True)
class Places:
    """Boxes of all chips with a place: 40 bytes a chip, and an area is found in a millisecond.

    Attributes:
        ids: row ids (n,), ascending.
        boxes: west, south, east and north (4, n), degrees.
    """

    ids: RowIds
    boxes: NDArray[np.float64]

    def near(self, condition: Filter) -> RowIds:
        """Row ids of chips whose boxes overlap those of a filter's area; ascending."""
        return self.ids[are_near(self.boxes, condition)]


@dataclass(frozen=True)
class Moments:
    """When all dated chips were taken: 24 bytes a chip, and dates are found in milliseconds.

    Attributes:
        ids: row ids (n,), ascending.
        starts: first moments (n,), microseconds since 1970.
        ends: last moments (n,).
    """

    ids: RowIds
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def within(self, dates: Dates) -> RowIds:
        """Row ids of chips of which any moment lies in a range; ascending."""
        return self.ids[are_within(self.starts, self.ends, dates)]


def are_near(boxes: NDArray[np.float64], condition: Filter) -> NDArray[np.bool_]:
    """Which boxes (4, n) overlap those of a filter's area; of none without a place."""
    west, south, east, north = boxes
    are: NDArray[np.bool_] = np.zeros(boxes.shape[1], dtype=bool)
    for left, lower, right, upper in condition.boxes():
        are |= (west <= right) & (east >= left) & (south <= upper) & (north >= lower)
    return are


def are_within(
    starts: NDArray[np.int64], ends: NDArray[np.int64], dates: Dates
) -> NDArray[np.bool_]:
    """Which periods (n,), microseconds since 1970, have a moment in a range of dates."""
    first, last = dates
    are: NDArray[np.bool_] = np.ones(len(starts), dtype=bool)
    if first is not None:
        are &= ends >= _microseconds(first)
    if last is not None:
        are &= starts <= _microseconds(last)
    return are


def among(ids: RowIds, others: RowIds) -> NDArray[np.bool_]:
    """Which of some row ids are among others, which ascend; quicker than `np.isin`."""
    if not len(others):
        return np.zeros(len(ids), dtype=bool)
    places = np.minimum(np.searchsorted(others, ids), len(others) - 1)
    are_among: NDArray[np.bool_] = others[places] == ids
    return are_among


def _microseconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)
