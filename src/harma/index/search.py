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
from harma.index.store import FAILED, Store
from harma.index.take import take_table
from harma.index.vectors import SCAN_ROWS, best_of, embeddings_of

SHOWN = ["id", "geometry", "datetime", "source", "column", "row", "width", "height", "crs", "gsd", "nodata"]
# More than this is not asked of the ANN index: comparing all is as quick.
MOST = 3000
# Candidates compared exactly for each chip that is asked for, at least.
LEAST_REFINE = 5

Vector = NDArray[np.float32]
Row = dict[str, Any]


def find(
    store: Store, vector: Vector, wanted: Filter, count: int, *, ann: Ann | None = None, overlap: float | None = None
) -> list[Row]:
    """The best chips that a filter admits.

    Args:
        store: of the index.
        vector: (E,), L2-normalised.
        wanted: the filter.
        count: chips to find.
        ann: what the ANN index was tuned to; None compares all chips.
        overlap: chips of one place that share this much of the smaller one, 0 to 1, count as the best of them; None
            keeps all.

    Returns:
        Rows with the columns `SHOWN` and their `score`, the best first; fewer than `count` only where no more exist.
    """
    # Some of what the ANN index gives lies beside the area, and some overlaps.
    ask = count if overlap is None and (ann is None or wanted.area is None) else 2 * count + 10
    while True:
        rows = None if ann is None or ask > MOST else _approximately(store, vector, wanted, ask, ann)
        is_all = False
        if rows is None:
            rows = _exactly(store, vector, wanted, ask)
            is_all = len(rows) < ask
        kept = rows if overlap is None else merged(rows, overlap)
        if is_all or len(kept) >= count:
            return kept[:count]
        ask *= 4


def _approximately(store: Store, vector: Vector, wanted: Filter, ask: int, ann: Ann) -> list[Row] | None:
    """Rows that the ANN index gives and the area admits; None where it gives fewer than asked: then few exist."""
    refine = max(LEAST_REFINE, -(-ann.refine * K // ask))
    with _conditions_checked(wanted):
        table = store.nearest(vector, ask, ann.num_probes, refine, wanted.sql, [*SHOWN, "embedding"])
    if table.num_rows < ask:
        return None
    if wanted.area is not None:
        table = table.filter(pa.array(wanted.matches(table["geometry"].to_pylist())))
    # The same arithmetic as the exact search has, so that scores do not depend on the way.
    ids, scores = table["_rowid"].to_numpy().astype(np.int64), embeddings_of(table) @ vector
    rows = table.select(SHOWN).to_pylist()
    return [{**rows[i], "score": float(scores[i])} for i in np.lexsort((ids, -scores))]


def _exactly(store: Store, vector: Vector, wanted: Filter, ask: int) -> list[Row]:
    """Compare every chip that the filter admits, a block at a time."""
    ids, scores = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    for batch in admitted(store, wanted, ["embedding"]):
        block = embeddings_of(batch) @ vector
        ids, scores = best_of(
            np.append(ids, batch["_rowid"].to_numpy().astype(np.int64)), np.append(scores, block), ask
        )
    return [
        {**row, "score": float(score)}
        for row, score in zip(take(store, ids.tolist(), SHOWN), scores, strict=True)
    ]  # fmt: skip


def admitted(store: Store, wanted: Filter, columns: list[str]) -> Iterator[pa.Table]:
    """Blocks of the chips that a filter admits, with their `_rowid`.

    Raises:
        ConfigError: the filter's condition is not SQL on the columns.
    """
    query = store.chips.search()
    query = query.where(wanted.sql) if wanted.sql else query
    names = list(dict.fromkeys([*columns, *(["geometry"] if wanted.area is not None else [])]))
    with _conditions_checked(wanted):
        for batch in query.select(names).with_row_id(True).to_batches(batch_size=SCAN_ROWS):
            table = pa.table(batch) if isinstance(batch, pa.RecordBatch) else batch
            if table.num_rows and wanted.area is not None:
                table = table.filter(pa.array(wanted.matches(table["geometry"].to_pylist())))
            if table.num_rows:
                yield table


def take(store: Store, ids: list[int], columns: list[str]) -> list[Row]:
    """Rows by their row ids, in this order; an id may be there several times."""
    if not ids:
        return []
    distinct, places = np.unique(np.array(ids, dtype=np.int64), return_inverse=True)
    rows = take_table(store.chips, distinct, columns).to_pylist()
    return [rows[place] for place in places]


@contextmanager
def _conditions_checked(wanted: Filter) -> Iterator[None]:
    """Say that it is the condition which is wrong, where Lance only says what it does not understand."""
    try:
        yield
    except FAILED as error:
        if wanted.where:
            reason = str(error).splitlines()[0][:200]
            raise ConfigError(f"the condition {wanted.where!r} cannot be used ({reason})") from error
        raise
