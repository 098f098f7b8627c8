"""The search itself: the best chips that a filter admits, all compared, or by the ANN index."""

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import QueryError
from harma.index.ann import RECALL_K, Ann
from harma.index.condition_errors import is_about_condition, reason_of
from harma.index.contract import READ_ERRORS, ROW_ID, StoreReader
from harma.index.filters import Filter
from harma.index.joined_store import JoinedStore
from harma.index.merge import merged
from harma.index.near import NearChips
from harma.index.records import ShownChip
from harma.index.schema import embeddings_of
from harma.index.snapshot import Snapshot
from harma.index.unreadable import UnreadableError

# More than this is not asked of the ANN index: comparing all is as quick.
MOST_BY_ANN = 3000
# Of several indexes so many are searched at once, whoever asks.
PARTS_AT_ONCE = 4
# Chips of the whole index that are looked through for those of an area, at most.
LOOKED_THROUGH = 40_000
# How unevenly they may lie: so many times the chips that the share of an area says, and where they
# lie less evenly, this share of what was wanted is enough.
UNEVEN = 1.2
ENOUGH = 2 / 3
# Chips that are compared exactly for each one that is asked for, at least.
LEAST_REFINE = 3
# Chips whose embeddings are in memory at once.
COMPARED_AT_ONCE = 8192
# Partitions that are looked into for them, as a multiple of those for all.
MORE_PROBES = 2

Embedding = NDArray[np.float32]


@dataclass(frozen=True)
class Match:
    """A chip and its score: the cosine of query and chip."""

    chip: ShownChip
    score: float


class Search:
    """One search: a query's vector and filter, in one version of an index.

    Args:
        snapshot: of the index.
        vector: (E,), L2-normalised.
        condition: that chips must fulfil.
        is_exact: compare all chips, also where there is an ANN index.

    Raises:
        DataError: how the index is searched is damaged.
    """

    def __init__(
        self, snapshot: Snapshot, vector: Embedding, condition: Filter, *, is_exact: bool = False
    ) -> None:
        self.snapshot = snapshot
        self.store = snapshot.store
        self.vector = vector
        self.condition = condition
        self.ann: Ann | None = None
        # Of several indexes each is searched in its own way: by its ANN index, or all compared.
        self.parts = _searches(snapshot, vector, condition, is_exact)
        if not is_exact:
            self.ann = snapshot.ann

    def find(self, count: int, *, overlap: float | None = None) -> list[Match]:
        """The best chips.

        Args:
            count: chips to find.
            overlap: chips of one place that share this much of the smaller one, 0 to 1, count as
                the best of them; None keeps all.

        Returns:
            The best first; fewer than `count` only where no more exist.
        """
        ask = self._asked_first(count, overlap)
        while True:
            matches, is_all = self._best(ask)
            if overlap is not None:
                chips = [match.chip for match in matches]
                matches = [matches[position] for position in merged(chips, overlap, count)]
            if is_all or len(matches) >= count:
                return matches[:count]
            # Too many were of one place: more of them are read, not those that follow alone, as
            # each chip is compared with all better ones.
            ask *= 4

    def _best(self, ask: int) -> tuple[list[Match], bool]:
        """The best `ask`, or fewer, and whether no more exist."""
        if self.parts:
            return self._best_of_parts(ask)
        matches = self._approximately(ask)
        if matches is not None:
            return matches, False
        matches = self._exactly(ask)
        return matches, len(matches) < ask

    def _best_of_parts(self, ask: int) -> tuple[list[Match], bool]:
        """The best of several indexes: one model's scores compare."""
        matches: list[Match] = []
        for of_part in _threads().map(lambda part: part._find_as_part(ask), self.parts):
            matches += of_part
        # Stable: equal ones in the order of the indexes, so that pages fit.
        matches.sort(key=lambda match: -match.score)
        # A scene that lies in two indexes is shown once.
        once: dict[tuple[str, str], Match] = {}
        for match in matches[:ask]:
            once.setdefault((match.chip.source, match.chip.id), match)
        return list(once.values()), len(matches) < ask

    def _find_as_part(self, ask: int) -> list[Match]:
        # Says which of the indexes cannot be read.
        with self.store.reading():
            return self.find(ask)

    def _asked_first(self, count: int, overlap: float | None) -> int:
        """Chips to ask for, so that most searches need no second time."""
        if overlap is not None:
            ask = 2 * count + 10
            # Where that is nearly all there is, all are asked for at once.
            if self.snapshot.num_chips <= 2 * ask:
                return max(ask, self.snapshot.num_chips + 1)
            return ask
        if self.ann is not None and self.condition.area is not None:
            # A little of what the ANN index gives lies beside the area.
            return count + 5
        return count

    # -- exactly ------------------------------------------------------------------------------

    def _exactly(self, ask: int) -> list[Match]:
        """The best of all that the filter admits; fewer than `ask` only where no more exist."""
        near = self._near
        if near is not None and near.count <= self.snapshot.few:
            return self._of_few(near.ids(), ask)
        return self._scanned(ask)

    @cached_property
    def _near(self) -> NearChips | None:
        """Chips around the area and of the dates; None where there is more, or less."""
        return self.snapshot.near(self.condition)

    def _of_few(self, ids: NDArray[np.int64], ask: int) -> list[Match]:
        """The best `ask` of some chips that the area admits."""
        if not len(ids):
            return []
        ids, scores = best_of(ids, self._scores(ids), len(ids))
        matches: list[Match] = []
        # The outlines of the best are looked at, not those of all: nearly all lie in the area.
        for start in range(0, len(ids), ask):
            part = slice(start, start + ask)
            candidates = self._matches(ids[part], scores[part])
            admitted = self.condition.matches([match.chip.geometry for match in candidates])
            matches += [candidates[position] for position in np.flatnonzero(admitted)]
            if len(matches) >= ask:
                break
        return matches[:ask]

    def _scores(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of chips by their row ids (n,)."""
        scores = np.empty(len(ids), dtype=np.float32)
        for start in range(0, len(ids), COMPARED_AT_ONCE):
            part = slice(start, start + COMPARED_AT_ONCE)
            scores[part] = self.store.vectors(ids[part]) @ self.vector
        return scores

    def _scanned(self, ask: int) -> list[Match]:
        """Compare every chip that the filter admits, a block at a time."""
        ids = np.empty(0, dtype=np.int64)
        scores = np.empty(0, dtype=np.float32)
        for table in admitted_blocks(self.store, self.condition, ["embedding"]):
            block_scores = embeddings_of(table) @ self.vector
            ids, scores = best_of(
                np.append(ids, table[ROW_ID].to_numpy()), np.append(scores, block_scores), ask
            )
        return self._matches(ids, scores)

    def _matches(self, ids: NDArray[np.int64], scores: NDArray[np.float32]) -> list[Match]:
        chips = self.snapshot.shown_chips(ids)
        return [Match(chip, float(score)) for chip, score in zip(chips, scores, strict=True)]

    # -- by the ANN index ---------------------------------------------------------------------

    def _approximately(self, ask: int) -> list[Match] | None:
        """The best of what the ANN index gives; None where all chips should be compared."""
        if self.ann is None or ask > MOST_BY_ANN:
            return None
        # The factor was measured at RECALL_K hits: where more are asked for, fewer candidates for
        # each do.
        refine = max(LEAST_REFINE, -(-self.ann.refine * RECALL_K // ask))
        near = self._near
        few = max(self.snapshot.few, ask)
        if near is not None:
            if near.count <= few:
                return None
            ids = self._nearest_around(near, ask * refine)
            if ids is not None:
                return self._of_few(ids, ask)
        where = self.condition.sql
        with _where_checked(self.condition):
            # An ANN index finds little of what a narrow filter admits.
            if where and near is None and self.store.count(where) <= few:
                return None
            ids = self._nearest(ask * refine, self.ann.num_probes, where)
        # What is missing may lie in partitions that were not looked into.
        if len(ids) < ask:
            return None
        return self._of_few(ids, ask)

    def _nearest(self, count: int, num_probes: int, where: str = "") -> NDArray[np.int64]:
        """Row ids of the nearest chips by the ANN index alone, which knows them compressed."""
        table = self.store.nearest(self.vector, count, num_probes=num_probes, where=where)
        ids: NDArray[np.int64] = table[ROW_ID].to_numpy()
        return ids

    def _nearest_around(self, near: NearChips, enough: int) -> NDArray[np.int64] | None:
        """Row ids of the nearest chips around an area, or of all; None where both take long."""
        ids = self._nearest_of(near, enough)
        if ids is None and near.count <= self.snapshot.still_few:
            return near.ids()
        return ids

    def _nearest_of(self, near: NearChips, enough: int) -> NDArray[np.int64] | None:
        """The nearest `enough` of the chips around an area; None where that takes too long.

        A filter in the ANN index is slow: it looks into partition after partition. Where the area
        is wide, the nearest chips of the whole index hold enough of it.
        """
        assert self.ann is not None
        # More than the share of the area says, as matches are not spread evenly.
        look_through = math.ceil(UNEVEN * enough * self.snapshot.num_chips / near.count)
        # The nearest of an area may lie in any partition, farther away than the nearest of all.
        num_probes = MORE_PROBES * self.ann.num_probes
        while look_through <= LOOKED_THROUGH:
            ids = self._nearest(look_through, num_probes)
            num_seen = len(ids)
            ids = ids[near.among(ids)]
            if len(ids) >= ENOUGH * enough:
                return ids[:enough]
            if num_seen < look_through:
                break
            look_through *= 4
        return None


@cache
def _threads() -> ThreadPoolExecutor:
    """What searches several indexes at once, made with the first such search."""
    # A process that was forked has none of the threads.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_threads.cache_clear)
    return ThreadPoolExecutor(PARTS_AT_ONCE, thread_name_prefix="harma-parts")


def _searches(
    snapshot: Snapshot, vector: Embedding, condition: Filter, is_exact: bool
) -> list[Search]:
    """The same search in each of several indexes; none where there is one index."""
    if not isinstance(snapshot.store, JoinedStore):
        return []
    searches = []
    for number, part in enumerate(snapshot.parts):
        fitted = snapshot.store.fitted(number, condition)
        searches.append(Search(part, vector, fitted, is_exact=is_exact))
    return searches


def best_of(
    ids: NDArray[np.int64], scores: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` best of scores (n,) and their ids; equal ones by their ids, so that pages fit."""
    # Most fall away without being sorted, which is what takes time.
    if len(ids) > 4 * k:
        # Everything that ties with the k-th best stays for the sort.
        keep = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
        ids = ids[keep]
        scores = scores[keep]
    best = np.lexsort((ids, -scores))[:k]
    return ids[best], scores[best]


def admitted_blocks(
    store: StoreReader, condition: Filter, columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Blocks of the chips that a filter admits, with their `ROW_ID`.

    Raises:
        QueryError: the filter's condition is not SQL on the columns.
    """
    names = list(columns)
    if condition.area is not None and "geometry" not in names:
        names.append("geometry")
    with _where_checked(condition):
        for block in store.blocks(names, condition.sql):
            table = _in_area(block, condition)
            if table.num_rows:
                yield table


def _in_area(table: pa.Table, condition: Filter) -> pa.Table:
    """The rows of a table, with geometries, that the area of a filter admits."""
    if condition.area is None or not table.num_rows:
        return table
    return table.filter(pa.array(condition.matches(table["geometry"].to_pylist())))


@contextmanager
def _where_checked(condition: Filter) -> Iterator[None]:
    """Say that it is the condition which is wrong, where a store says something else."""
    try:
        yield
    except READ_ERRORS as error:
        # Without a person's condition the error is about the store itself.
        told_by_store = error.__cause__ if isinstance(error, UnreadableError) else error
        if not condition.where or told_by_store is None or not is_about_condition(told_by_store):
            raise
        raise QueryError(
            f"the condition {condition.where!r} cannot be used: {reason_of(told_by_store)}"
        ) from error
