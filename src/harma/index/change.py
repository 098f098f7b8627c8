"""Change between dates: places that match more now than they did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.index.filters import Filter
from harma.index.hits import Hit, hit_of
from harma.index.judge import Judge
from harma.index.merge import merged
from harma.index.search import SHOWN, admitted, take
from harma.index.store import ROW_ID, Store, embeddings_of

# Two chips show the same place where they share this much of the smaller one, and are of about one
# size: of two grids with equal chips, however they lie, each chip has such a partner.
SAME_PLACE, SAME_SIZE = 0.25, 0.25
# Where there are partners that share more than this, the others are not compared.
WELL = 0.5
NOT_JUDGED = Judge(np.empty(0))


@dataclass(frozen=True)
class Changes:
    """Pairs of chips of one place, the largest gain first.

    Attributes:
        now: row ids of the later chips (n,).
        then: row ids of the earlier ones (n,).
        now_scores: cosine of query and later chip (n,).
        then_scores: of query and earlier chip (n,).
    """

    now: NDArray[np.int64]
    then: NDArray[np.int64]
    now_scores: NDArray[np.float32]
    then_scores: NDArray[np.float32]

    @property
    def gains(self) -> NDArray[np.float32]:
        """How much more each place matches now (n,)."""
        return self.now_scores - self.then_scores


@dataclass(frozen=True)
class _Chips:
    """Chips of one side of a change: row ids, scores, dates (µs) and footprints, (n,) each."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    dates: NDArray[np.int64]
    footprints: NDArray[Any]


def find_changes(
    store: Store, vector: NDArray[np.float32], wanted: Filter, before: datetime, after: datetime
) -> Changes:
    """Compare what matched until one date with what matches from another on.

    A later chip is compared with the chips of the latest earlier scene that show the same place:
    they share half of the smaller one, or a quarter where none shares more. Of several the one that
    matches best is taken, so that an object at the edge of a chip is no change. Footprints of all
    admitted chips are held in memory.

    Args:
        store: of the index.
        vector: (E,), L2-normalised.
        wanted: the filter.
        before: last moment of the earlier time.
        after: first moment of the later time.

    Raises:
        ConfigError: the times overlap, or one of them has no chips with a place.
    """
    if before >= after:
        raise ConfigError(
            f"before is {before:%Y-%m-%d} and after {after:%Y-%m-%d}; the first must be the"
            " earlier one"
        )
    chips = _load(store, vector, wanted)
    earlier, later = chips.dates <= _microseconds(before), chips.dates >= _microseconds(after)
    for name, side, when in (("before", earlier, before), ("after", later, after)):
        if not side.any():
            raise ConfigError(
                f"no chip with a place and a date {name} {when:%Y-%m-%d} matches; see `harma index"
                " info`"
            )
    then, now = _part(chips, earlier), _part(chips, later)
    now_at, then_at = _same_places(now, then)
    gains = now.scores[now_at] - then.scores[then_at]
    order = np.lexsort((now.ids[now_at], -gains))
    now_at, then_at = now_at[order], then_at[order]
    return Changes(now.ids[now_at], then.ids[then_at], now.scores[now_at], then.scores[then_at])


def changed_hits(
    store: Store, changes: Changes, *, k: int, offset: int, overlap: float | None
) -> list[Hit]:
    """The places of the largest gains.

    Args:
        store: of the index.
        changes: found in it.
        k: hits.
        offset: hits left out before the first.
        overlap: places that share this much of the smaller one count as the best of them; None
            keeps all.
    """
    judge, count = Judge(changes.gains), k + offset
    ask, num_pairs = count, len(changes.now)
    while True:
        rows = take(store, changes.now[:ask].tolist(), SHOWN)
        numbered = [{**row, "pair": number} for number, row in enumerate(rows)]
        kept = numbered if overlap is None else merged(numbered, overlap, count, any_date=True)
        if len(kept) >= count or ask >= num_pairs:
            break
        ask *= 4
    shown = kept[offset:count]
    earlier = take(store, [int(changes.then[row["pair"]]) for row in shown], SHOWN)
    hits = []
    for row, before in zip(shown, earlier, strict=True):
        then = hit_of(before, changes.then_scores[row["pair"]], NOT_JUDGED)
        hits.append(hit_of(row, changes.now_scores[row["pair"]], judge, then=then))
    return hits


def _load(store: Store, vector: NDArray[np.float32], wanted: Filter) -> _Chips:
    parts = [
        (
            table[ROW_ID].to_numpy(),
            embeddings_of(table) @ vector,
            table["datetime"].cast("int64").to_numpy(),
            shapely.from_wkb(np.array(table["geometry"].to_pylist(), dtype=object)),
        )
        for table in admitted(
            store,
            wanted.also("geometry IS NOT NULL AND datetime IS NOT NULL"),
            ["embedding", "geometry", "datetime"],
        )
    ]
    if not parts:
        raise ConfigError("no chip with a place and a date matches; a change needs both")
    return _Chips(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _part(chips: _Chips, which: NDArray[np.bool_]) -> _Chips:
    return _Chips(
        chips.ids[which], chips.scores[which], chips.dates[which], chips.footprints[which]
    )


def _same_places(now: _Chips, then: _Chips) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each later chip that was seen before: its number, and that of the earlier chip it is compared with."""
    now_at, then_at = shapely.STRtree(then.footprints).query(now.footprints, predicate="intersects")
    ours, theirs = now.footprints[now_at], then.footprints[then_at]
    shared = shapely.area(shapely.intersection(ours, theirs))
    smaller = np.minimum(shapely.area(ours), shapely.area(theirs))
    larger = np.maximum(shapely.area(ours), shapely.area(theirs))
    same = (shared >= SAME_PLACE * smaller * (1 - 1e-9)) & (smaller >= SAME_SIZE * larger)
    now_at, then_at, poorly = now_at[same], then_at[same], (shared < WELL * smaller)[same]
    # The latest scene first, and of it the chip that matches best: each later chip keeps its first
    # pair.
    order = np.lexsort((-then.scores[then_at], poorly, -then.dates[then_at], now_at))
    now_at, then_at = now_at[order], then_at[order]
    _, first = np.unique(now_at, return_index=True)
    return now_at[first], then_at[first]


def _microseconds(when: datetime) -> int:
    return round(when.timestamp() * 1e6)
