"""A snapshot: one version of an index, which a search holds from its first read to its last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from harma.index.ann import Ann, read_ann
from harma.index.background import Background, background_of
from harma.index.contract import ROW_ID, StoreReader
from harma.index.filters import Dates, Filter
from harma.index.joined_store import JoinedStore
from harma.index.schema import BOX_COLUMNS, embeddings_of

# Chips that a score is judged against.
SAMPLE_CHIPS = 4096
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


@dataclass(frozen=True)
class Moments:
    """When all dated chips were taken: 24 bytes a chip, and dates are found in milliseconds.

    Attributes:
        ids: row ids (n,), ascending.
        starts: first moments (n,), microseconds since 1970.
        ends: last moments (n,).
    """

    ids: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def within(self, dates: Dates) -> NDArray[np.int64]:
        """Row ids of chips of which any moment lies in a range; ascending."""
        first, last = dates
        is_within = np.ones(len(self.ids), dtype=bool)
        if first is not None:
            is_within &= self.ends >= _microseconds(first)
        if last is not None:
            is_within &= self.starts <= _microseconds(last)
        return self.ids[is_within]


def among(ids: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of some row ids are among others, which ascend; quicker than `np.isin`."""
    if not len(others):
        return np.zeros(len(ids), dtype=bool)
    places = np.minimum(np.searchsorted(others, ids), len(others) - 1)
    are_among: NDArray[np.bool_] = others[places] == ids
    return are_among


def _microseconds(when: datetime) -> int:
    return (when - EPOCH) // timedelta(microseconds=1)


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

    @classmethod
    def _of(cls, store: StoreReader) -> "Snapshot":
        """A snapshot of a store that reads one version already."""
        snapshot = cls.__new__(cls)
        snapshot.store = store
        return snapshot

    @classmethod
    def joined(cls, snapshots: Sequence["Snapshot"]) -> "Snapshot":
        """Those of several indexes as one: what they have learnt is used, and not read again.

        Raises:
            ConfigError: an index is there twice, or a property is of two types.
            ModelMismatchError: they are of several models.
        """
        snapshot = cls._of(JoinedStore([one.store for one in snapshots]))
        # Fills the cached property.
        snapshot.parts = list(snapshots)
        return snapshot

    @cached_property
    def parts(self) -> list["Snapshot"]:
        """Where several indexes are searched as one, a snapshot of each; of one index none."""
        if not isinstance(self.store, JoinedStore):
            return []
        return [self._of(part) for part in self.store.parts]

    @cached_property
    def num_chips(self) -> int:
        """Chips of this version."""
        return self.store.count()

    @cached_property
    def places(self) -> Places:
        """Where all chips are, held in memory."""
        if isinstance(self.store, JoinedStore):
            # The ids of each index ascend, and so do those of one after the other.
            of_parts = [part.places for part in self.parts]
            joined_ids = self.store.joined_ids([places.ids for places in of_parts])
            return Places(joined_ids, np.concatenate([one.boxes for one in of_parts], axis=1))
        table = self.store.rows(BOX_COLUMNS, "xmin IS NOT NULL")
        ids = table[ROW_ID].to_numpy()
        order = np.argsort(ids)
        boxes = np.stack([table[side].to_numpy()[order] for side in BOX_COLUMNS])
        return Places(ids[order], boxes)

    @cached_property
    def moments(self) -> Moments:
        """When all chips were taken, held in memory."""
        table = self.store.rows(["datetime", "datetime_end"], "datetime IS NOT NULL")
        ids = table[ROW_ID].to_numpy()
        order = np.argsort(ids)
        # Without an end, the first moment is the last.
        ends = pc.coalesce(table["datetime_end"], table["datetime"])
        starts = table["datetime"].cast("int64").to_numpy()[order]
        return Moments(ids[order], starts, ends.cast("int64").to_numpy()[order])

    def near(self, condition: Filter) -> NDArray[np.int64] | None:
        """Row ids of chips around an area, of some dates, ascending.

        None where the filter says neither, or more.
        """
        if condition.where and condition.dates is None:
            return None
        near: NDArray[np.int64] | None = None
        if condition.area is not None:
            near = self.places.near(condition)
        if condition.dates is None:
            return near
        dated = self.moments.within(condition.dates)
        if near is None:
            return dated
        return near[among(near, dated)]

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
        if self.store.tuning() != other.store.tuning():
            return False
        parts = zip(self.parts, other.parts, strict=True)
        return all(part.is_as(of_other) for part, of_other in parts)

    def warm_up(self) -> None:
        """Learn what searches will need, before the first of them does."""
        if self.parts:
            for part in self.parts:
                part.warm_up()
            # The places and the dates are looked up in each of them alone.
            _ = self.sample
            return
        for learnt in ("places", "moments", "sample", "ann"):
            getattr(self, learnt)

    @cached_property
    def background(self) -> Background:
        """Mean and covariance of that sample, by which marks are judged."""
        return background_of(self.sample)

    @cached_property
    def ann(self) -> Ann | None:
        """How the ANN index is searched; None where all chips are compared."""
        return read_ann(self.store)
