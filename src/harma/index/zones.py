"""Zones: where and when runs of chips lie, so that places are found without all boxes in memory.

Chips of a scene lie together in the table, and scenes of a place mostly do: of each run of 128 rows
the smallest and largest sides of their boxes, and dates, are kept: a byte a chip. What a filter
admits or leaves out is known of nearly all runs as a whole; the boxes of the others are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harma.index.contract import ROW_ID, StoreReader
from harma.index.filters import Dates, Filter
from harma.index.near import RowIds, among, are_near, are_within
from harma.index.schema import BOX_COLUMNS

# Rows of a zone: a scene has some hundred.
ZONE_ROWS = 128
# A zone ends where the next chip lies so many degrees away; but not where that would leave fewer
# rows than this to a zone.
FAR = 0.5
FEWEST_ROWS = 16
DATE_COLUMNS = ("datetime", "datetime_end")
# Of many chips whose boxes must be read, reading those of all is quicker: a row by its id takes as
# long as 40 rows in their order.
SCANNED = 40
# Dates of chips without one, where the earliest and the latest are looked for.
NEVER_EARLY = np.iinfo(np.int64).max
NEVER_LATE = np.iinfo(np.int64).min

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Zones:
    """Where and when all chips were taken, a run of rows at a time.

    Attributes:
        firsts: row ids (n,), ascending; the others of a zone follow without a gap.
        counts: rows (n,).
        least: of the west, south, east and north sides of boxes (4, n), degrees.
        most: of the same.
        are_placed: which zones have a place for each chip.
        starts: the first and the last of the first moments (2, n), microseconds since 1970.
        ends: of the last moments.
        are_dated: which zones have a date for each chip.
    """

    firsts: RowIds
    counts: NDArray[np.int64]
    least: NDArray[np.float64]
    most: NDArray[np.float64]
    are_placed: Mask
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    are_dated: Mask

    def sure(self, condition: Filter) -> Mask:
        """Of which zones a filter admits every chip."""
        return self._admitted(condition, is_sure=True)

    def possible(self, condition: Filter) -> Mask:
        """Of which zones a filter may admit a chip."""
        return self._admitted(condition, is_sure=False)

    def _admitted(self, condition: Filter, *, is_sure: bool) -> Mask:
        admitted = np.ones(len(self.firsts), dtype=bool)
        if condition.area is not None:
            admitted &= self._are_near(condition, is_sure)
        if condition.dates is not None:
            admitted &= self._are_within(condition.dates, is_sure)
        return admitted

    def _are_near(self, condition: Filter, is_sure: bool) -> Mask:
        if is_sure:
            # The chip that lies worst must fulfil each side, not the one that lies best.
            worst = np.concatenate([self.most[:2], self.least[2:]])
            return are_near(worst, condition) & self.are_placed
        return are_near(np.concatenate([self.least[:2], self.most[2:]]), condition)

    def _are_within(self, dates: Dates, is_sure: bool) -> Mask:
        if is_sure:
            return are_within(self.starts[1], self.ends[0], dates) & self.are_dated
        return are_within(self.starts[0], self.ends[1], dates)

    def row_ids(self, chosen: Mask) -> RowIds:
        """Row ids of the chips of some zones, ascending."""
        counts = self.counts[chosen]
        # The place of each row in its zone.
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        ids: RowIds = np.repeat(self.firsts[chosen], counts) + within
        return ids

    def zones_of(self, ids: RowIds) -> NDArray[np.intp]:
        """Which zones some chips are in, by row ids of this version."""
        return np.searchsorted(self.firsts, ids, side="right") - 1


def zones_of(store: StoreReader) -> Zones:
    """The zones of all chips of one version; a block of them is in memory."""
    parts: list[Zones] = list(_parts(store))
    if not parts:
        return _zones_of_block(store.rows([*BOX_COLUMNS, *DATE_COLUMNS]))
    joined = {}
    for field in fields(Zones):
        joined[field.name] = np.concatenate([getattr(part, field.name) for part in parts], axis=-1)
    # Blocks may come in any order.
    order = np.argsort(joined["firsts"])
    return Zones(**{name: values[..., order] for name, values in joined.items()})


def _parts(store: StoreReader) -> Iterator[Zones]:
    for block in store.blocks([*BOX_COLUMNS, *DATE_COLUMNS]):
        if block.num_rows:
            yield _zones_of_block(block)


def _zones_of_block(block: pa.Table) -> Zones:
    ids = block[ROW_ID].to_numpy()
    order = np.argsort(ids, kind="stable")
    ids = ids[order]
    boxes = np.stack([block[side].to_numpy()[order] for side in BOX_COLUMNS])
    begins = np.ones(len(ids), dtype=bool)
    begins[1:] = (np.diff(ids) != 1) | (ids[1:] % ZONE_ROWS == 0) | _are_elsewhere(boxes)
    places = np.flatnonzero(begins)
    counts = np.diff(np.append(places, len(ids)))
    starts, ends = moments_of(block)
    starts, ends = starts.take(order), ends.take(order)
    if not len(ids):
        none = np.empty((2, 0), dtype=np.int64)
        sides = np.empty((4, 0))
        flags = np.empty(0, dtype=bool)
        return Zones(ids, counts, sides, sides, flags, none, none, flags)
    return Zones(
        ids[places],
        counts,
        # A side that is missing is left out of both.
        np.fmin.reduceat(boxes, places, axis=1),
        np.fmax.reduceat(boxes, places, axis=1),
        ~np.logical_or.reduceat(np.isnan(boxes[0]), places),
        _first_and_last(starts, places),
        _first_and_last(ends, places),
        ~np.logical_or.reduceat(starts.is_null().to_numpy(zero_copy_only=False), places),
    )


def _are_elsewhere(boxes: NDArray[np.float64]) -> Mask:
    """Which boxes (4, n), but the first, lie far from the one before: another scene begins.

    None where nearly each does: zones of a row each would take more memory than the boxes.
    """
    steps = np.abs(np.diff(boxes[:2], axis=1))
    are: Mask = (steps[0] > FAR) | (steps[1] > FAR)
    if are.sum() * FEWEST_ROWS > boxes.shape[1]:
        return np.zeros_like(are)
    return are


def moments_of(table: pa.Table) -> tuple[pa.Array, pa.Array]:
    """First and last moments of chips, microseconds since 1970; null without a date."""
    # Without an end, the first moment is the last.
    ends = pc.coalesce(table["datetime_end"].cast(table["datetime"].type), table["datetime"])
    starts = table["datetime"].cast("int64").combine_chunks()
    return starts, ends.cast("int64").combine_chunks()


def _first_and_last(moments: pa.Array, places: NDArray[np.intp]) -> NDArray[np.int64]:
    """The earliest and the latest of each run."""
    earliest = np.minimum.reduceat(moments.fill_null(NEVER_EARLY).to_numpy(), places)
    latest = np.maximum.reduceat(moments.fill_null(NEVER_LATE).to_numpy(), places)
    return np.stack([earliest, latest])


class ZonedChips:
    """The chips that a filter admits, by zones; see `harma.index.near.NearChips`.

    Args:
        zones: of all chips of a version.
        store: reads that version.
        condition: an area, dates, or both, and nothing else.
        few: so many chips are counted exactly.
    """

    def __init__(self, zones: Zones, store: StoreReader, condition: Filter, few: int) -> None:
        self._zones = zones
        self._store = store
        self._condition = condition
        self._few = few
        self._sure = zones.sure(condition)
        self._unsure = zones.possible(condition) & ~self._sure

    @cached_property
    def count(self) -> int:
        """How many there are: exactly where they are few, else about so many."""
        num_sure = int(self._zones.counts[self._sure].sum())
        if num_sure <= self._few:
            return num_sure + len(self._on_the_edge)
        return num_sure + int(self._zones.counts[self._unsure].sum()) // 2

    def ids(self) -> RowIds:
        """Row ids of all, ascending."""
        return np.sort(np.append(self._zones.row_ids(self._sure), self._on_the_edge))

    def among(self, ids: RowIds) -> Mask:
        """Which of some chips of the same version, by their row ids, are admitted."""
        zones = self._zones.zones_of(ids)
        admitted: Mask = self._sure[zones]
        unsure = np.flatnonzero(self._unsure[zones])
        if len(unsure):
            admitted[unsure] = among(ids[unsure], self._checked(np.sort(ids[unsure])))
        return admitted

    @cached_property
    def _on_the_edge(self) -> RowIds:
        """Row ids of those of zones that are not sure."""
        ids = self._zones.row_ids(self._unsure)
        if len(ids) * SCANNED > self._zones.counts.sum():
            table = self._store.rows(["nodata"], self._condition.sql)
            found = np.sort(table[ROW_ID].to_numpy())
            return found[among(found, ids)]
        return self._checked(ids)

    def _checked(self, ids: RowIds) -> RowIds:
        """Those of some chips, by row ids, ascending, that the filter admits."""
        if not len(ids):
            return ids
        admitted = np.ones(len(ids), dtype=bool)
        if self._condition.area is not None:
            table = self._store.take(ids, BOX_COLUMNS)
            boxes = np.stack([table[side].to_numpy() for side in BOX_COLUMNS])
            admitted &= are_near(boxes, self._condition)
        if self._condition.dates is not None:
            starts, ends = moments_of(self._store.take(ids, DATE_COLUMNS))
            # What has no date starts after every range, and ends before it.
            earliest = starts.fill_null(NEVER_EARLY).to_numpy()
            latest = ends.fill_null(NEVER_LATE).to_numpy()
            admitted &= are_within(earliest, latest, self._condition.dates)
        return ids[admitted]
