"""What is shown of chips, held in memory: the hits of a search without a question to the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.index.contract import ROW_ID, StoreReader
from harma.index.records import SHOWN_COLUMNS, ShownChip

# Of chips, what many have in common: each value is held once.
SHARED = ("datetime", "datetime_end", "source", "width", "height", "crs", "gsd")
# Of those, what is no number: each value is made for Python once, as a moment takes long, and one
# text for all hits takes less memory.
MADE_ONCE = ("datetime", "datetime_end", "source", "crs")

RowIds = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ShownTable:
    """What is shown of all chips of a version: about 180 bytes a chip.

    Attributes:
        ids: row ids (n,), ascending.
        columns: `SHOWN_COLUMNS`, each in one piece (n).
    """

    ids: RowIds
    columns: dict[str, pa.Array]

    def chips(self, ids: RowIds) -> list[ShownChip]:
        """What is shown of chips by their row ids (n,), which are there, in this order."""
        if not len(ids):
            return []
        places = pa.array(np.searchsorted(self.ids, ids))
        return _chips([values_of(self.columns[name].take(places), name) for name in SHOWN_COLUMNS])


def shown_table(store: StoreReader) -> ShownTable:
    """Read what is shown of all chips of a version."""
    blocks: dict[str, list[pa.Array]] = {name: [] for name in (ROW_ID, *SHOWN_COLUMNS)}
    for block in store.blocks(SHOWN_COLUMNS):
        for name, pieces in blocks.items():
            column = block[name].combine_chunks()
            pieces.append(column.dictionary_encode() if name in SHARED else column)
    if not blocks[ROW_ID]:
        return ShownTable(np.empty(0, dtype=np.int64), {})
    ids = np.concatenate([piece.to_numpy() for piece in blocks.pop(ROW_ID)])
    order = np.argsort(ids)
    columns = {}
    for name in SHOWN_COLUMNS:
        # One column at a time: so no second copy of all is there at once.
        column = pa.chunked_array(blocks.pop(name)).unify_dictionaries().combine_chunks()
        columns[name] = column.take(pa.array(order))
    return ShownTable(ids[order], columns)


def shown_chips(store: StoreReader, ids: RowIds) -> list[ShownChip]:
    """What is shown of chips by row ids (n,), in this order; an id may be there several times."""
    if not len(ids):
        return []
    distinct, places = np.unique(ids, return_inverse=True)
    chips = chips_of(store.take(distinct, SHOWN_COLUMNS))
    return [chips[place] for place in places]


def chips_of(table: pa.Table) -> list[ShownChip]:
    """What is shown of the chips of a table with `SHOWN_COLUMNS`."""
    # Column by column: a row as a mapping takes three times as long.
    return _chips([values_of(table[name].combine_chunks(), name) for name in SHOWN_COLUMNS])


def _chips(columns: Sequence[Sequence[Any]]) -> list[ShownChip]:
    return [ShownChip(*values) for values in zip(*columns, strict=True)]


def values_of(column: pa.Array, name: str) -> list[Any]:
    """The values of one of `SHOWN_COLUMNS`."""
    if name not in MADE_ONCE or not len(column):
        return list(column.to_pylist())
    codes = column
    if not isinstance(codes, pa.DictionaryArray):
        codes = column.dictionary_encode()
    places = codes.indices.to_pylist()
    # Of a column of the whole index few values are here.
    values = {place: codes.dictionary[place].as_py() for place in set(places) - {None}}
    return [values.get(place) for place in places]
