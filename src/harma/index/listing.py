"""Listing of chips: those of an area or time in a fixed order, page by page; and their number.

Nothing is ranked. The order is that of the table, so that a page costs the same wherever it lies:
row ids of all chips that match are found once, and pages are taken from them.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from harma.index.contract import ROW_ID, StoreReader
from harma.index.filters import Filter
from harma.index.near import RowIds
from harma.index.records import SHOWN_COLUMNS, ShownChip
from harma.index.schema import BOX_COLUMNS
from harma.index.snapshot import Snapshot

# Filters whose chips are remembered: a map and a few programs that turn pages at once.
REMEMBERED = 8
# Footprints that are looked at in one go.
LOOKED_AT = 50_000


@dataclass(frozen=True)
class ListedPage:
    """A page of chips.

    Attributes:
        chips: in the order of the table.
        last: row id of the last one, after which the next page begins; None where there is none.
    """

    chips: list[ShownChip]
    last: int | None


class Listing:
    """The chips of one version of an index, in the order of its table. Threads share it.

    Args:
        snapshot: of the index.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._found: OrderedDict[tuple[str, bytes], RowIds] = OrderedDict()
        self._lock = threading.Lock()

    def ids(self, condition: Filter) -> RowIds:
        """Row ids of all chips that a filter admits, ascending."""
        if condition.area is None and not condition.where:
            return self._all
        area = b"" if condition.area is None else shapely.to_wkb(condition.area)
        key = (f"{condition.within} {condition.where}", area)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        ids = self._matching(condition)
        with self._lock:
            self._found[key] = ids
            if len(self._found) > REMEMBERED:
                self._found.popitem(last=False)
        return ids

    def page(self, condition: Filter, count: int, *, after: int | None = None) -> ListedPage:
        """A page of the chips that a filter admits.

        Args:
            condition: which.
            count: chips, at most.
            after: row id of the last chip of the page before; None begins.
        """
        ids = self.ids(condition)
        start = 0
        if after is not None:
            start = int(np.searchsorted(ids, after, side="right"))
        chosen = ids[start : start + count]
        if not len(chosen):
            return ListedPage([], None)
        table = self.snapshot.store.take(chosen, SHOWN_COLUMNS)
        chips = [ShownChip(**row) for row in table.to_pylist()]
        has_more = start + len(chosen) < len(ids)
        return ListedPage(chips, int(chosen[-1]) if has_more else None)

    @cached_property
    def _all(self) -> RowIds:
        return _row_ids(self.snapshot.store)

    def _matching(self, condition: Filter) -> RowIds:
        if condition.area is None:
            return _row_ids(self.snapshot.store, condition.sql)
        ids = self._in_area(condition)
        if not condition.where:
            return ids
        return np.intersect1d(ids, self.ids(Filter(where=condition.where)), assume_unique=True)

    def _in_area(self, condition: Filter) -> RowIds:
        """Row ids of chips that an area admits: footprints are looked at on its edge alone."""
        ids, boxes = self._near(condition)
        west, south, east, north = boxes
        is_sure = np.zeros(len(ids), dtype=bool)
        for box in _inner_boxes(condition.area):
            is_inside = (west >= box[0]) & (south >= box[1]) & (east <= box[2]) & (north <= box[3])
            is_sure |= is_inside
        unsure = np.flatnonzero(~is_sure)
        for start in range(0, len(unsure), LOOKED_AT):
            part = unsure[start : start + LOOKED_AT]
            outlines = self.snapshot.store.take(ids[part], ["geometry"])["geometry"].to_pylist()
            is_sure[part] = condition.matches(outlines)
        return ids[is_sure]

    def _near(self, condition: Filter) -> tuple[RowIds, NDArray[np.float64]]:
        """Row ids, ascending, and boxes (4, n) of chips around an area."""
        if self.snapshot.is_listed:
            places = self.snapshot.places
            ids = places.near(condition)
            return ids, places.boxes[:, np.searchsorted(places.ids, ids)]
        table = self.snapshot.store.rows(BOX_COLUMNS, replace(condition, where="").sql)
        ids = table[ROW_ID].to_numpy()
        order = np.argsort(ids)
        return ids[order], np.stack([table[side].to_numpy()[order] for side in BOX_COLUMNS])


def _row_ids(store: StoreReader, where: str = "") -> RowIds:
    ids = [np.empty(0, dtype=np.int64)]
    # The shortest column: row ids come with any.
    for block in store.blocks(["nodata"], where):
        ids.append(block[ROW_ID].to_numpy())
    return np.sort(np.concatenate(ids))


def _inner_boxes(area: BaseGeometry | None) -> list[tuple[float, float, float, float]]:
    """Parts of an area that are boxes: what lies in one as a whole needs no other look."""
    parts = getattr(area, "geoms", [area])
    boxes = []
    for part in parts:
        is_box = part.geom_type == "Polygon" and part.equals(shapely.box(*part.bounds))
        if is_box:
            boxes.append(part.bounds)
    return boxes
