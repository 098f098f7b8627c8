"""Where all chips of an index are, held in memory: 40 bytes a chip, so that an area is looked up in a millisecond."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.index.filters import Filter
from harma.index.schema import SIDES
from harma.index.store import ROW_ID, Store


@dataclass(frozen=True)
class Places:
    """Boxes of all chips with a place.

    Attributes:
        version: of the table that they are of.
        ids: row ids (n,), ascending.
        boxes: west, south, east and north (4, n), degrees.
    """

    version: int
    ids: NDArray[np.int64]
    boxes: NDArray[np.float64]

    def near(self, wanted: Filter) -> NDArray[np.int64]:
        """Row ids of chips whose boxes overlap that of a filter's area, or of one of its parts; ascending."""
        west, south, east, north = self.boxes
        found = np.zeros(len(self.ids), dtype=bool)
        for left, lower, right, upper in wanted.boxes():
            found |= (west <= right) & (east >= left) & (south <= upper) & (north >= lower)
        return self.ids[found]


def places_of(store: Store, known: Places | None) -> Places:
    """The places of an index as it is now.

    Args:
        store: of the index.
        known: what was read before; it is given back if the table has not changed.
    """
    version = store.version
    if known is not None and known.version == version:
        return known
    table = store.rows(SIDES, "xmin IS NOT NULL")
    ids = table[ROW_ID].to_numpy()
    order = np.argsort(ids)
    boxes = np.stack([table[side].to_numpy()[order] for side in SIDES])
    return Places(version, ids[order], boxes)
