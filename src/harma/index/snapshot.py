"""A snapshot: one version of an index, which a search holds from its first read to its last."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harma.index.ann import Ann, read_ann
from harma.index.background import Background, background_of
from harma.index.contract import ROW_ID, StoreReader
from harma.index.filters import Filter
from harma.index.schema import BOX_COLUMNS, embeddings_of

# Chips that a score is judged against.
SAMPLE_CHIPS = 4096


@dataclass(frozen=True)
class Places:
    """Boxes of all chips with a place: 40 bytes a chip, and an area is found in a millisecond.

    Attributes:
        ids: row ids (n,), ascending.
        boxes: west, south, east and north (4, n), degrees.
    """

    ids: NDArray[np.int64]
    boxes: NDArray[np.float64]

    def near(self, condition: Filter) -> NDArray[np.int64]:
        """Row ids of chips whose boxes overlap those of a filter's area; ascending."""
        west, south, east, north = self.boxes
        is_near = np.zeros(len(self.ids), dtype=bool)
        for left, lower, right, upper in condition.boxes():
            is_near |= (west <= right) & (east >= left) & (south <= upper) & (north >= lower)
        return self.ids[is_near]


class Snapshot:
    """One version of an index, and what searches have learnt of it.

    It does not change: whoever holds it reads the same chips, whatever is written or refreshed
    meanwhile. What it learns is the same whoever asks first, so that threads share it.

    Args:
        store: of the index.

    Attributes:
        store: reads that version.
    """

    def __init__(self, store: StoreReader) -> None:
        self.store = store.snapshot()

    @cached_property
    def num_chips(self) -> int:
        """Chips of this version."""
        return self.store.count()

    @cached_property
    def places(self) -> Places:
        """Where all chips are, held in memory."""
        table = self.store.rows(BOX_COLUMNS, "xmin IS NOT NULL")
        ids = table[ROW_ID].to_numpy()
        order = np.argsort(ids)
        boxes = np.stack([table[side].to_numpy()[order] for side in BOX_COLUMNS])
        return Places(ids[order], boxes)

    @cached_property
    def sample(self) -> NDArray[np.float32]:
        """Embeddings of chips from all over the index (n, E): their scores are the usual ones."""
        count = self.num_chips
        if not count:
            return np.empty((0, self.store.settings.embed_dim), dtype=np.float32)
        offsets = np.linspace(0, count - 1, min(count, SAMPLE_CHIPS)).astype(int)
        return embeddings_of(self.store.at(np.unique(offsets).tolist(), ["embedding"]))

    def is_as(self, other: "Snapshot") -> bool:
        """Whether it is the same version as another, searched in the same way."""
        if self.store.versions != other.store.versions:
            return False
        return self.store.tuning() == other.store.tuning()

    def warm_up(self) -> None:
        """Learn what searches will need, before the first of them does."""
        for learnt in ("places", "sample", "ann"):
            getattr(self, learnt)

    @cached_property
    def background(self) -> Background:
        """Mean and covariance of that sample, by which marks are judged."""
        return background_of(self.sample)

    @cached_property
    def ann(self) -> Ann | None:
        """How the ANN index is searched; None where all chips are compared."""
        return read_ann(self.store)
