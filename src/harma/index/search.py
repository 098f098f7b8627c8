"""Finding the best chips of an index for a vector: filters first, then the nearest, exactly or by the ANN index."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.index.ann import Ann, K
from harma.index.filters import Filter
from harma.index.merge import merged
from harma.index.places import Places, places_of
from harma.index.store import FAILED, ROW_ID, Store, embeddings_of
from harma.index.vectors import best_of

SHOWN = [
    "id",
    "geometry",
    "datetime",
    "source",
    "column",
    "row",
    "width",
    "height",
    "crs",
    "gsd",
    "nodata",
]
# More than this is not asked of the ANN index: comparing all is as quick.
MOST = 3000
# So few chips are compared one by one, however they were chosen.
FEW = 1500
# Chips of the whole index that are looked through for those of an area, at most.
LOOKED_THROUGH = 10_000
# Chips that are compared exactly for each one that is asked for, at least.
REFINE = 3
# Partitions looked into for them, at least: the nearest of an area may lie in any.
WIDE = 40

Vector = NDArray[np.float32]
Row = dict[str, Any]


class Search:
    """Searches one index.

    Args:
        store: of the index.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._places: Places | None = None

    def find(
        self,
        vector: Vector,
        wanted: Filter,
        count: int,
        *,
        ann: Ann | None = None,
        overlap: float | None = None,
    ) -> list[Row]:
        """The best chips that a filter admits.

        Args:
            vector: (E,), L2-normalised.
            wanted: the filter.
            count: chips to find.
            ann: what the ANN index was tuned to; None compares all chips.
            overlap: chips of one place that share this much of the smaller one, 0 to 1, count as
                the best of them; None keeps all.

        Returns:
            Rows with the columns `SHOWN` and their `score`, the best first; fewer than `count` only
            where no more exist.
        """
        # Some of what is found overlaps, and a little of what the ANN index gives lies beside the
        # area.
        ask = (
            2 * count + 10
            if overlap is not None
            else count + 5
            if ann is not None and wanted.area
            else count
        )
        while True:
            rows = (
                None if ann is None or ask > MOST else self._approximately(vector, wanted, ask, ann)
            )
            is_all = False
            if rows is None:
                rows = self._exactly(vector, wanted, ask)
                is_all = len(rows) < ask
            kept = rows if overlap is None else merged(rows, overlap, count)
            if is_all or len(kept) >= count:
                return kept[:count]
            ask *= 4

    def _exactly(self, vector: Vector, wanted: Filter, ask: int) -> list[Row]:
        """The best of all that the filter admits; fewer than `ask` only where no more exist."""
        if wanted.area is not None and not wanted.where:
            self._places = places_of(self.store, self._places)
            near = self._places.near(wanted)
            if len(near) <= FEW:
                return _of_few(self.store, vector, wanted, near, ask)
        return _scanned(self.store, vector, wanted, ask)

    def _approximately(
        self, vector: Vector, wanted: Filter, ask: int, ann: Ann
    ) -> list[Row] | None:
        """The best of what the ANN index gives; None where all that the filter admits should be compared."""
        if wanted.area is not None and not wanted.where:
            self._places = places_of(self.store, self._places)
            near = self._places.near(wanted)
            if len(near) <= max(FEW, ask):
                return None
            enough = ask * max(REFINE, -(-ann.refine * K // ask))
            look_through = -(-3 * enough * len(self._places.ids) // (2 * len(near)))
            if look_through <= LOOKED_THROUGH:
                ids = self.store.nearest_ids(vector, look_through, max(ann.num_probes, WIDE))
                ids = ids[np.isin(ids, near, assume_unique=True)]
                if len(ids) >= enough:
                    return _of_few(self.store, vector, wanted, ids[:enough], ask)
        with _conditions_checked(wanted):
            # An ANN index finds little of what a narrow filter admits.
            if wanted.sql and self.store.count(wanted.sql) <= max(FEW, ask):
                return None
            refine = max(REFINE, -(-ann.refine * K // ask))
            table = self.store.nearest(
                vector, ask, ann.num_probes, refine, wanted.sql, [*SHOWN, "embedding"]
            )
        return None if table.num_rows < ask else _ranked(table, vector, wanted)


def _of_few(
    store: Store, vector: Vector, wanted: Filter, ids: NDArray[np.int64], ask: int
) -> list[Row]:
    """The best `ask` of some chips that the area admits."""
    if not len(ids):
        return []
    scores = embeddings_of(store.take(ids, ["embedding"])) @ vector
    ids, scores = best_of(ids, scores, len(ids))
    found: list[Row] = []
    # Nearly all lie in the area.
    for start in range(0, len(ids), ask):
        part = slice(start, start + ask)
        rows = _with_scores(store, ids[part], scores[part])
        admits = wanted.matches([row["geometry"] for row in rows])
        found += [row for row, admitted_one in zip(rows, admits, strict=True) if admitted_one]
        if len(found) >= ask:
            break
    return found[:ask]


def _ranked(table: pa.Table, vector: Vector, wanted: Filter) -> list[Row]:
    """Rows that an area admits, scored as the exact search does it, so that scores do not depend on the way."""
    if wanted.area is not None:
        table = table.filter(pa.array(wanted.matches(table["geometry"].to_pylist())))
    ids, scores = table[ROW_ID].to_numpy(), embeddings_of(table) @ vector
    rows = table.select(SHOWN).to_pylist()
    return [{**rows[i], "score": float(scores[i])} for i in np.lexsort((ids, -scores))]


def _scanned(store: Store, vector: Vector, wanted: Filter, ask: int) -> list[Row]:
    """Compare every chip that the filter admits, a block at a time."""
    ids, scores = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    for batch in admitted(store, wanted, ["embedding"]):
        block = embeddings_of(batch) @ vector
        ids, scores = best_of(
            np.append(ids, batch[ROW_ID].to_numpy()),
            np.append(scores, block),
            ask,
        )
    return _with_scores(store, ids, scores)


def _with_scores(store: Store, ids: NDArray[np.int64], scores: NDArray[np.float32]) -> list[Row]:
    rows = take(store, ids.tolist(), SHOWN)
    return [{**row, "score": float(score)} for row, score in zip(rows, scores, strict=True)]


def admitted(store: Store, wanted: Filter, columns: list[str]) -> Iterator[pa.Table]:
    """Blocks of the chips that a filter admits, with their `ROW_ID`.

    Raises:
        ConfigError: the filter's condition is not SQL on the columns.
    """
    names = list(dict.fromkeys([*columns, *(["geometry"] if wanted.area is not None else [])]))
    with _conditions_checked(wanted):
        for table in store.blocks(names, wanted.sql):
            if table.num_rows and wanted.area is not None:
                table = table.filter(pa.array(wanted.matches(table["geometry"].to_pylist())))
            if table.num_rows:
                yield table


def take(store: Store, ids: list[int], columns: list[str]) -> list[Row]:
    """Rows by their row ids, in this order; an id may be there several times."""
    if not ids:
        return []
    distinct, places = np.unique(np.array(ids, dtype=np.int64), return_inverse=True)
    rows = store.take(distinct, columns).to_pylist()
    return [rows[place] for place in places]


@contextmanager
def _conditions_checked(wanted: Filter) -> Iterator[None]:
    """Say that it is the condition which is wrong, where Lance only says what it does not understand."""
    try:
        yield
    except FAILED as error:
        if wanted.where:
            reason = str(error).splitlines()[0][:200]
            raise ConfigError(
                f"the condition {wanted.where!r} cannot be used ({reason})"
            ) from error
        raise
