"""Change between dates: places that match more now than they did."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from harma.errors import QueryError
from harma.index.ask import Page
from harma.index.contract import ROW_ID, StoreReader
from harma.index.filters import Filter
from harma.index.hits import Hit, hit_of
from harma.index.merge import merged
from harma.index.schema import embeddings_of
from harma.index.search import admitted_blocks
from harma.index.shown import shown_chips
from harma.index.standing import NO_STANDINGS, Standings
from harma.index.well_known import read_outlines

# Two chips show the same place where they share this much of the smaller one, and are of about one
# size: of two grids with equal chips, however they lie, each chip has such a partner.
SAME_PLACE = 0.25
# The smaller area as a share of the larger one, at least.
SAME_SIZE = 0.25
# Where there are partners that share more than this, the others are not compared.
WELL_SHARED = 0.5
# A share of exactly a quarter counts, though areas are rounded.
ROUNDING = 1e-9


class NothingComparedError(QueryError):
    """There is no chip of one of the two times: of a watch, not yet."""


@dataclass(frozen=True)
class Changes:
    """Pairs of chips of one place.

    Attributes:
        now: row ids of the later chips (n,).
        then: row ids of the earlier ones (n,).
        now_scores: cosine of query and later chip (n,).
        then_scores: of query and earlier chip (n,).
        usual: what chips score that have nothing to do with the query.
    """

    now: NDArray[np.int64]
    then: NDArray[np.int64]
    now_scores: NDArray[np.float32]
    then_scores: NDArray[np.float32]
    usual: float

    @property
    def gains(self) -> NDArray[np.float32]:
        """How much more each place matches now (n,), as `Hit.change` says it."""
        return self.now_scores - np.maximum(self.then_scores, np.float32(self.usual))

    def sorted(self) -> "Changes":
        """The largest gain first; equal ones in the order of ids, so that pages fit together."""
        order = np.lexsort((self.now, -self.gains))
        return Changes(
            self.now[order],
            self.then[order],
            self.now_scores[order],
            self.then_scores[order],
            self.usual,
        )


@dataclass(frozen=True)
class _DatedChips:
    """Chips with a place and a date, (n,) each: row ids, scores, first and last moments (µs)."""

    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    dates: NDArray[np.int64]
    ends: NDArray[np.int64]
    footprints: NDArray[Any]

    def part(self, which: NDArray[np.bool_]) -> "_DatedChips":
        """Some of them."""
        return _DatedChips(
            self.ids[which],
            self.scores[which],
            self.dates[which],
            self.ends[which],
            self.footprints[which],
        )


def find_changes(
    store: StoreReader,
    vector: NDArray[np.float32],
    condition: Filter,
    before: datetime,
    after: datetime,
    *,
    usual: float = -np.inf,
) -> Changes:
    """Compare what matched until one date with what matches from another on.

    A later chip is compared with the chips of the latest earlier scene that show the same place:
    they share half of the smaller one, or a quarter where none shares more. Of several the one that
    matches best is taken, so that an object at the edge of a chip is no change. How far an earlier
    score lies below the usual one says nothing, and would bring places to the top that never
    matched. Footprints of all admitted chips are held in memory.

    Args:
        store: of the index.
        vector: (E,), L2-normalised.
        condition: that both chips must fulfil.
        before: last moment of the earlier time.
        after: first moment of the later time.
        usual: what chips score that have nothing to do with the query; an earlier score below it
            counts as it.

    Raises:
        QueryError: the times overlap, or one of them has no chips with a place.
    """
    if before >= after:
        raise QueryError(
            f"before is {before:%Y-%m-%d} and after {after:%Y-%m-%d}; the first must be the"
            " earlier one"
        )
    chips = _load(store, vector, condition)
    # Wholly before, and wholly after: a chip of a month may be of any day of it.
    then = chips.part(chips.ends <= _microseconds(before))
    _check_any(then, "before", before)
    now = chips.part(chips.dates >= _microseconds(after))
    _check_any(now, "after", after)
    now_at, then_at = _same_places(now, then)
    pairs = Changes(
        now.ids[now_at], then.ids[then_at], now.scores[now_at], then.scores[then_at], usual
    )
    return pairs.sorted()


def _check_any(chips: _DatedChips, name: str, when: datetime) -> None:
    """Check that there are chips of one of the times."""
    if not len(chips.ids):
        raise NothingComparedError(
            f"no chip with a place and a date {name} {when:%Y-%m-%d} matches; see `harma index"
            " info`"
        )


def changed_hits(store: StoreReader, changes: Changes, page: Page) -> list[Hit]:
    """The places of the largest gains.

    Args:
        store: of the index.
        changes: found in it.
        page: which of them; places that overlap count as the best of them.
    """
    count = page.k + page.offset
    ask = count
    while True:
        chips = shown_chips(store, changes.now[:ask])
        pairs = list(range(len(chips)))
        if page.overlap is not None:
            pairs = merged(chips, page.overlap, count, any_date=True)
        if len(pairs) >= count or ask >= len(changes.now):
            break
        # Too many were of one place.
        ask *= 4
    shown = pairs[page.offset : count]
    earlier = shown_chips(store, changes.then[shown])
    standings = Standings(changes.gains)
    hits = []
    for pair, chip in zip(shown, earlier, strict=True):
        then = hit_of(chip, changes.then_scores[pair], NO_STANDINGS)
        score = changes.now_scores[pair]
        hits.append(hit_of(chips[pair], score, standings, then=then, usual=changes.usual))
    return hits


def _load(store: StoreReader, vector: NDArray[np.float32], condition: Filter) -> _DatedChips:
    """All admitted chips with a place and a date."""
    condition = condition.also("geometry IS NOT NULL AND datetime IS NOT NULL")
    ids = []
    scores = []
    dates = []
    ends = []
    footprints = []
    columns = ["embedding", "geometry", "datetime", "datetime_end"]
    for table in admitted_blocks(store, condition, columns):
        ids.append(table[ROW_ID].to_numpy())
        scores.append(embeddings_of(table) @ vector)
        dates.append(table["datetime"].cast("int64").to_numpy())
        last = pc.coalesce(table["datetime_end"], table["datetime"])
        ends.append(last.cast("int64").to_numpy())
        footprints.append(read_outlines(table["geometry"].to_pylist(), str(store.home)))
    if not ids:
        raise NothingComparedError("no chip with a place and a date matches; a change needs both")
    return _DatedChips(
        np.concatenate(ids),
        np.concatenate(scores),
        np.concatenate(dates),
        np.concatenate(ends),
        np.concatenate(footprints),
    )


def _same_places(
    now: _DatedChips, then: _DatedChips
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of later chips that were seen before, and of the chips they are compared with."""
    now_at, then_at = shapely.STRtree(then.footprints).query(now.footprints, predicate="intersects")
    now_areas = shapely.area(now.footprints[now_at])
    then_areas = shapely.area(then.footprints[then_at])
    smaller = np.minimum(now_areas, then_areas)
    larger = np.maximum(now_areas, then_areas)
    overlaps = shapely.intersection(now.footprints[now_at], then.footprints[then_at])
    shared = shapely.area(overlaps)
    same = (shared >= SAME_PLACE * smaller * (1 - ROUNDING)) & (smaller >= SAME_SIZE * larger)
    poorly = shared[same] < WELL_SHARED * smaller[same]
    now_at = now_at[same]
    then_at = then_at[same]
    # The latest scene first, and of it the chip that matches best: each later chip keeps its first
    # pair.
    order = np.lexsort((-then.scores[then_at], poorly, -then.dates[then_at], now_at))
    now_at = now_at[order]
    then_at = then_at[order]
    _, first = np.unique(now_at, return_index=True)
    return now_at[first], then_at[first]


def _microseconds(when: datetime) -> int:
    return round(when.timestamp() * 1e6)
