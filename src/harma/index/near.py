"""Chips near an area, of some dates: by boxes and moments held in memory, or by zones of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harma.index.filters import Dates, Filter

# Of so many chips from all over an index it is told about how many a filter admits, where these are
# clearly more than few.
COUNTED = 16_384
CLEARLY_MORE = 1.5

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


class ListedChips:
    """The same, where the boxes and dates of all chips are held; see `NearChips`.

    Args:
        condition: an area, dates, or both, and nothing else.
        places: of all chips; None where the condition names no area.
        moments: of all chips; None where it names no dates.
        few: so many chips are counted exactly.
    """

    def __init__(
        self, condition: Filter, places: "Places | None", moments: "Moments | None", few: int
    ) -> None:
        self._condition = condition
        self._places = places
        self._moments = moments
        self._few = few

    @cached_property
    def count(self) -> int:
        """How many there are: exactly where they are few, else about so many."""
        about = self._counted_in_a_sample()
        # Of few in the sample the number would say little.
        if about > CLEARLY_MORE * self._few:
            return about
        return len(self.ids())

    def _counted_in_a_sample(self) -> int:
        """About how many there are."""
        if self._places is None:
            assert self._moments is not None
            some, each = _spread(len(self._moments.ids))
            return round(each * int(self.among(self._moments.ids[some]).sum()))
        sample, each = self._places.sample
        near = sample.near(self._condition)
        if self._moments is None:
            return round(each * len(near))
        return round(each * int(self.among(near).sum()))

    def ids(self) -> RowIds:
        """Row ids of all, ascending."""
        return self._ids

    @cached_property
    def _ids(self) -> RowIds:
        if self._moments is None:
            assert self._places is not None
            return self._places.near(self._condition)
        assert self._condition.dates is not None
        dated = self._moments.within(self._condition.dates)
        if self._places is None:
            return dated
        near = self._places.near(self._condition)
        return near[among(near, dated)]

    def among(self, ids: RowIds) -> NDArray[np.bool_]:
        """Which of some chips of the same version are admitted."""
        are_among: NDArray[np.bool_] = np.ones(len(ids), dtype=bool)
        if self._places is not None:
            are_among &= self._places.are_near(ids, self._condition)
        if self._moments is not None:
            assert self._condition.dates is not None
            are_among &= self._moments.are_within(ids, self._condition.dates)
        return are_among


@dataclass(frozen=True)
class Places:
    """Boxes of all chips with a place: 40 bytes a chip, and an area is found in a millisecond.

    Attributes:
        ids: row ids (n,), ascending.
        boxes: west, south, east and north (4, n), degrees.
    """

    ids: RowIds
    boxes: NDArray[np.float64]

    @cached_property
    def sample(self) -> tuple["Places", float]:
        """Some of them, and how many each stands for."""
        some, each = _spread(len(self.ids))
        return Places(self.ids[some], np.ascontiguousarray(self.boxes[:, some])), each

    def near(self, condition: Filter) -> RowIds:
        """Row ids of chips whose boxes overlap those of a filter's area; ascending."""
        return self.ids[are_near(self.boxes, condition)]

    def are_near(self, ids: RowIds, condition: Filter) -> NDArray[np.bool_]:
        """Which of some chips, by row ids (n,), it is of; of those without a place none is."""
        places, are_here = found_among(ids, self.ids)
        are_here[are_here] = are_near(self.boxes[:, places[are_here]], condition)
        return are_here


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

    def are_within(self, ids: RowIds, dates: Dates) -> NDArray[np.bool_]:
        """Which of some chips, by row ids (n,), they are of; of those without a date none is."""
        places, are_here = found_among(ids, self.ids)
        places = places[are_here]
        are_here[are_here] = are_within(self.starts[places], self.ends[places], dates)
        return are_here


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
    return found_among(ids, others)[1]


def found_among(ids: RowIds, others: RowIds) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where some row ids are among others, which ascend, and whether they are."""
    if not len(others):
        return np.zeros(len(ids), dtype=np.intp), np.zeros(len(ids), dtype=bool)
    places = np.minimum(np.searchsorted(others, ids), len(others) - 1)
    return places, others[places] == ids


def _spread(count: int) -> tuple[NDArray[np.intp], float]:
    """Places of some of so many chips, always the same, and how many each of them stands for.

    At random: chips of a scene follow each other in rows, which even steps would meet or miss.
    """
    if count <= COUNTED:
        return np.arange(count), 1.0
    return np.random.default_rng(0).integers(0, count, COUNTED), count / COUNTED


def _microseconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)
