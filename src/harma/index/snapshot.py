"""A snapshot: one version of an index, which a search holds from its first read to its last."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harma.index.ann import Ann, read_ann
from harma.index.background import Background, background_of
from harma.index.contract import ROW_ID, StoreReader
from harma.index.filters import Filter
from harma.index.joined_store import JoinedStore
from harma.index.near import ListedChips, Moments, NearChips, Places, RowIds
from harma.index.records import ShownChip
from harma.index.schema import BOX_COLUMNS, embeddings_of
from harma.index.shown import ShownTable, shown_chips, shown_table
from harma.index.zones import DATE_COLUMNS, ZonedChips, Zones, moments_of, zones_of

# Chips that a score is judged against.
SAMPLE_CHIPS = 4096
# Of so many chips the boxes and dates are held in memory, 64 bytes a chip; of more those of runs of
# them (`harma.index.zones`), a byte a chip.
LISTED_CHIPS = 5_000_000
# Of so many chips what is shown of them is held in memory, 180 bytes a chip, after so many searches
# or when somebody warms up: a single search need not wait for it.
SHOWN_CHIPS = 1_500_000
SEARCHES_BEFORE = 3
# So few chips are compared one by one, however they were chosen; of larger indexes a share, as the
# ANN index has a harder time with a filter the more chips there are: a chip by its row id takes two
# microseconds, a filter in the ANN index 200 milliseconds at a million chips.
FEW_CHIPS = 1500
FEW_SHARE, FEW_AT_MOST = 1 / 50, 20_000
# Of neighbours in a file of this machine one takes a microsecond.
FEW_OF_MANY, FEW_OF_MANY_AT_MOST = 1 / 100, 60_000
# So many times the few, where the other way is a filter in the ANN index.
STILL_FEW = 4


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
        self._num_shown = 0

    @classmethod
    def _of(cls, store: StoreReader) -> "Snapshot":
        """A snapshot of a store that reads one version already."""
        snapshot = cls.__new__(cls)
        snapshot.store = store
        snapshot._num_shown = 0
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

    @property
    def few(self) -> int:
        """So many chips are compared one by one."""
        few = max(FEW_CHIPS, min(FEW_SHARE * self.num_chips, FEW_AT_MOST))
        if self.store.home.is_folder:
            few = max(few, min(FEW_OF_MANY * self.num_chips, FEW_OF_MANY_AT_MOST))
        return int(few)

    @property
    def still_few(self) -> int:
        """So many are compared one by one rather than by a filter in the ANN index."""
        if self.store.home.is_folder:
            return STILL_FEW * self.few
        # A bucket would have to send them all.
        return self.few

    @property
    def is_listed(self) -> bool:
        """Whether the boxes and dates of all chips are held in memory."""
        return self.num_chips <= LISTED_CHIPS

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
        table = self.store.rows(DATE_COLUMNS, "datetime IS NOT NULL")
        ids = table[ROW_ID].to_numpy()
        order = np.argsort(ids)
        starts, ends = moments_of(table)
        return Moments(ids[order], starts.to_numpy()[order], ends.to_numpy()[order])

    @cached_property
    def zones(self) -> Zones:
        """Where and when runs of chips were taken, held in memory."""
        return zones_of(self.store)

    def near(self, condition: Filter) -> NearChips | None:
        """Chips around an area, of some dates; None where the filter says neither, or more."""
        if condition.where and condition.dates is None:
            return None
        if condition.area is None and condition.dates is None:
            return None
        if not self.is_listed:
            return ZonedChips(self.zones, self.store, condition, self.few)
        # What the filter does not say need not be held.
        places = None if condition.area is None else self.places
        moments = None if condition.dates is None else self.moments
        return ListedChips(condition, places, moments, self.few)

    def shown_chips(self, ids: RowIds) -> list[ShownChip]:
        """What is shown of chips by their row ids (n,), in this order.

        Of what is searched again and again it is held in memory, where that is not too much.
        """
        if self.num_chips > SHOWN_CHIPS:
            return shown_chips(self.store, ids)
        self._num_shown += 1
        if "shown" in vars(self) or self._num_shown > SEARCHES_BEFORE:
            return self.shown.chips(ids)
        return shown_chips(self.store, ids)

    @cached_property
    def shown(self) -> ShownTable:
        """What is shown of all chips, held in memory."""
        return shown_table(self.store)

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
        learnt = ["sample", "ann"]
        if self.num_chips <= SHOWN_CHIPS:
            learnt.append("shown")
        learnt += ["places", "moments"] if self.is_listed else ["zones"]
        for name in learnt:
            getattr(self, name)

    @cached_property
    def background(self) -> Background:
        """Mean and covariance of that sample, by which marks are judged."""
        return background_of(self.sample)

    @cached_property
    def ann(self) -> Ann | None:
        """How the ANN index is searched; None where all chips are compared."""
        return read_ann(self.store)
