"""Rows of an index by their ids, in the order that was asked for."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def take_table(chips: Any, ids: NDArray[np.int64], columns: list[str]) -> pa.Table:
    """Rows of the table of chips.

    Args:
        chips: the table.
        ids: row ids (n,), each once.
        columns: to read.

    Returns:
        (n) rows in the order of `ids`, each column in one piece.
    """
    taken = chips.take_row_ids(ids.tolist()).select(columns).with_row_id().to_arrow()
    # Lance gives them in the order of the table.
    given = taken["_rowid"].to_numpy().astype(np.int64)
    sorter = np.argsort(given)
    return (
        taken.take(sorter[np.searchsorted(given, ids, sorter=sorter)])
        .select(columns)
        .combine_chunks()
    )
