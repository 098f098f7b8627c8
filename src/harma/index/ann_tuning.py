"""Tuning of the ANN index: of several kinds the quickest whose answers are as good as wanted."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.index.ann import PAYS, RECALL_K, Ann, forget_ann, write_ann, write_tried
from harma.index.contract import BLOCK_ROWS, ROW_ID, StoreReader, StoreWriter
from harma.index.schema import embeddings_of, quoted
from harma.index.search import best_of

# Share of the ten best that every kind of query has to find.
WANTED_RECALL = 0.99
# Chips that are asked for: one may be the query itself.
FOUND = RECALL_K + 1
# Where nothing reaches that, the nearest is kept; with less than this all are compared.
KEPT_RECALL = 0.9
# Queries of each kind that it is measured on.
QUERIES = 64
# Queries that are timed against comparing all.
TIMED_QUERIES = 8
# Partitions that are looked into on the first rung of a ladder: twice as many on each next one,
# until all are. Between the first rung that finds enough and the one below it is halved so often.
FEWEST_PROBES = 5
HALVED = 2
# How many times k candidates are compared exactly: one question to the ANN index tells of each.
REFINES = (2, 3, 4, 6, 8, 12, 16, 24, 32)
# Of so many queries it is seen first whether a rung is worth measuring: recall of them that misses
# what is wanted by more than this is not made good by the others.
LOOKED_AT = 16
HOPELESS = 0.05
# Chips in a partition, as Lance has it too: said, so that the ladder knows where it ends.
CHIPS_IN_PARTITION = 4096
EVENLY_PARTED = 1 << 20
# Four bits a dimension: with one, texts need 30 times as many exact comparisons (docs/results.md).
# Whole vectors where that is not enough.
ANN_KINDS = (("IVF_RQ", 4), ("IVF_FLAT", 16))
# Lance makes IVF_RQ of embeddings whose length is a multiple of this.
RQ_UNIT = 8
# Share of the chips that a filtered query of the measurement admits, and their number at most.
ADMITTED = 0.05
MOST_ADMITTED = 200_000
# Chips that recall is measured against: of more, that many from all over the index.
TRUTH_CHIPS = 4_000_000
# The same where the ANN index was only extended.
TRUTH_CHIPS_AGAIN = 250_000
# Of a sample, so many of the best may be better than the worst that is found.
BEST_OF_SAMPLE = 64
# Chips that the filter is chosen by.
FILTER_SAMPLE = 4096

Vectors = NDArray[np.float32]
# Row ids of the best chips of a query, and their scores.
Best = tuple[NDArray[np.int64], NDArray[np.float32]]


def make_ann(
    store: StoreWriter,
    texts: Vectors | None,
    *,
    least_recall: float = WANTED_RECALL,
    num_workers: int = 1,
) -> Ann | None:
    """Make the ANN index of an index, and choose its parameters.

    Recall is measured on embedded texts, on chips of the index (each without itself), and on both
    with a filter, against comparing all. The first kind and the quickest parameters that reach
    `least_recall` on all of them are taken; where none do, those that come nearest are, and say so.
    Nothing is taken that is slower than comparing all.

    Args:
        store: of the index.
        texts: embedded texts (n, E); None where there is no model to embed any.
        least_recall: recall of the ten best, 0 to 1.
        num_workers: processes that make it.

    Returns:
        What was made; None where nothing reaches `KEPT_RECALL`: then all are compared.
    """
    probes = Probes(store, texts)
    # Without parameters a reader searches exactly, so that nobody meets those of another index.
    forget_ann(store)
    nearest: Ann | None = None
    for kind, num_bits in _kinds(store):
        store.create_ann(kind, num_bits, num_partitions_of(store), num_workers=num_workers)
        made = Ann(
            kind, num_bits, 0, 0, store.count(), {}, 0, least_recall, num_partitions_of(store)
        )
        ann = _best(probes, made, least_recall)
        if ann is not None and ann.is_reached:
            write_ann(store, ann)
            return ann
        nearest = _nearer(nearest, ann)
    if nearest is None or nearest.worst_recall < KEPT_RECALL:
        store.drop_ann()
        write_tried(store)
        return None
    if nearest.kind != ANN_KINDS[-1][0]:
        nearest = _made_again(probes, store, nearest, num_workers)
    write_ann(store, nearest)
    return nearest


def tuned_again(store: StoreWriter, texts: Vectors | None, ann: Ann) -> Ann | None:
    """Measure an ANN index that was extended, and look into more partitions where that is needed.

    Args:
        store: of the index.
        texts: embedded texts (n, E); None where there is no model to embed any.
        ann: how it was searched until now.

    Returns:
        How it is searched now; None where all are compared.
    """
    probes = Probes(store, texts, TRUTH_CHIPS_AGAIN)
    wanted = ann.wanted_recall or WANTED_RECALL
    best = _best(probes, replace(ann, num_measured=store.count()), wanted)
    if best is None or best.worst_recall < KEPT_RECALL:
        return make_ann(store, texts, least_recall=wanted)
    write_ann(store, best)
    return best


def _nearer(one: Ann | None, other: Ann | None) -> Ann | None:
    """Which of two finds more; the first where both find as much."""
    if one is None or (other is not None and other.worst_recall > one.worst_recall):
        return other
    return one


def _kinds(store: StoreReader) -> Iterator[tuple[str, int]]:
    """Kinds that embeddings of this length can have, with the bits of a dimension."""
    for kind, num_bits in ANN_KINDS:
        if kind != "IVF_RQ" or store.settings.embed_dim % RQ_UNIT == 0:
            yield kind, num_bits


def num_partitions_of(store: StoreReader) -> int:
    """Partitions that the chips of an index are parted into.

    Of more than `EVENLY_PARTED` chips their number grows as its square root does: each chip is
    compared with all of them when the ANN index is made.
    """
    count = store.count()
    if count > EVENLY_PARTED:
        return int((EVENLY_PARTED * count) ** 0.5) // CHIPS_IN_PARTITION
    return max(1, count // CHIPS_IN_PARTITION)


def rungs(num_partitions: int, fewest: int = FEWEST_PROBES) -> Iterator[int]:
    """Partitions to look into, from few to all that there are.

    Args:
        num_partitions: that there are.
        fewest: of the first rung.
    """
    num_probes = min(fewest, num_partitions)
    yield num_probes
    while num_probes < num_partitions:
        num_probes = min(2 * num_probes, num_partitions)
        yield num_probes


def _best(probes: "Probes", ann: Ann, wanted: float) -> Ann | None:
    """The quickest way to search an ANN index that reaches a recall, or what comes nearest.

    None where even the first rung takes as long as comparing all. What is looked into less than now
    is left out.
    """
    nearest: Ann | None = None
    below = 0
    fewest = max(FEWEST_PROBES, ann.num_probes)
    for num_probes in rungs(ann.num_partitions or num_partitions_of(probes.store), fewest):
        if probes.is_slow(num_probes):
            break
        reached = _measured(probes, ann, num_probes, wanted)
        if reached.worst_recall >= wanted:
            return _quickest(probes, ann, reached, below, wanted)
        nearest = _nearer(nearest, reached)
        below = num_probes
    return nearest


def _quickest(probes: "Probes", ann: Ann, reached: Ann, below: int, wanted: float) -> Ann:
    """Of what reaches a recall, the quickest: few partitions may need many candidates each.

    Args:
        probes: measure.
        ann: how it was made.
        reached: the first rung that does.
        below: partitions of the rung below, which does not; 0 where there is none.
        wanted: recall.
    """
    best = reached
    above = reached.num_probes
    # Halfway between what does and what does not, as on a ruler.
    for _ in range(HALVED if below else 0):
        between = (below + above) // 2
        if between in (below, above):
            break
        tried = _measured(probes, ann, between, wanted)
        if tried.worst_recall < wanted:
            below = between
            continue
        above = between
        if tried.milliseconds < best.milliseconds:
            best = tried
    return best


def _measured(probes: "Probes", ann: Ann, num_probes: int, wanted: float) -> Ann:
    """What an ANN index reaches with so many partitions looked into, with as few candidates as do.

    Where none do, with as few as come nearest.
    """
    nearest: Ann | None = None
    for refine, recall in probes.measure(num_probes, wanted).items():
        reached = replace(ann, num_probes=num_probes, refine=refine, recall=recall)
        nearest = _nearer(nearest, reached)
        if reached.worst_recall >= wanted:
            break
    assert nearest is not None
    return replace(nearest, milliseconds=probes.milliseconds(num_probes, nearest.refine))


def _made_again(probes: "Probes", store: StoreWriter, ann: Ann, num_workers: int) -> Ann:
    """An ANN index in whose place another kind was tried since; it may reach a little else now."""
    store.create_ann(ann.kind, ann.num_bits, num_partitions_of(store), num_workers=num_workers)
    recall = probes.measure(ann.num_probes)[ann.refine]
    milliseconds = probes.milliseconds(ann.num_probes, ann.refine)
    return replace(ann, recall=recall, milliseconds=milliseconds)


@dataclass(frozen=True)
class _Probe:
    """A query with its true answer.

    Attributes:
        kind: "text", "image" or "filtered".
        vector: (E,).
        row_id: of the chip that it is, which it must not find; -1 for a text.
        where: SQL of its filter, or "".
        best: row ids of the best of the chips that were compared, and their scores.
        share: of the chips that the filter admits, those that were compared.
    """

    kind: str
    vector: Vectors
    row_id: int
    where: str
    best: Best
    share: float

    @property
    def truth(self) -> set[int]:
        """Row ids of the ten best of those that were compared, its own chip left out."""
        return set(_others(self.best[0].tolist(), self.row_id))

    def recall(self, ids: list[int], vectors: Vectors) -> float:
        """Share of the ten best of all that was found, 0 to 1; of a sample it is an estimate.

        Args:
            ids: row ids that were found, the best first.
            vectors: their embeddings (n, E).
        """
        found = _others(ids, self.row_id)
        if self.share == 1:
            return len(self.truth & set(found)) / max(1, len(self.truth))
        if not found:
            return 0.0
        is_found = np.isin(ids, found)
        return 1 - self._num_missed(found, vectors[is_found] @ self.vector) / RECALL_K

    def _num_missed(self, found: list[int], scores: Vectors) -> float:
        """About how many of the ten best of all were not found, by those of the sample."""
        is_missed = ~np.isin(self.best[0], [*found, self.row_id])
        missed = self.best[1][is_missed]
        # How many are better: of those that were found, and of those that were missed.
        better = np.searchsorted(np.sort(-scores), -missed) + np.arange(len(missed)) / self.share
        return float((better < RECALL_K).sum() / self.share)


class Probes:
    """Queries with their true answers.

    Args:
        store: of the index.
        texts: embedded texts (n, E), or None.
        most: chips that they are compared with; of more a sample.
    """

    def __init__(self, store: StoreReader, texts: Vectors | None, most: int = TRUTH_CHIPS) -> None:
        self.store = store
        self._most = most
        chips = sampled_chips(store, ["embedding"], QUERIES)
        images = embeddings_of(chips)
        if texts is None:
            texts = np.empty((0, images.shape[1]), dtype=np.float32)
        texts = texts[:QUERIES]
        self._vectors = np.concatenate([texts, images])
        self._row_ids = [-1] * len(texts) + chips[ROW_ID].to_pylist()
        # With a filter half of them: each takes as long as several without.
        of_a_part = list(self._probes(filter_of_a_part(store)))[::2]
        self.probes = [*self._probes(""), *of_a_part]

    def _probes(self, where: str) -> Iterator[_Probe]:
        """All vectors as queries with a filter."""
        share = 1.0
        count = FOUND
        blocks = self.store.blocks(["embedding"], where)
        # A filter leaves few.
        if not where and self.store.count() > self._most:
            offsets = spread_offsets(self.store.count(), self._most)
            share = len(offsets) / self.store.count()
            count = BEST_OF_SAMPLE
            blocks = blocks_at(self.store, offsets)
        best = best_of_blocks(blocks, self._vectors, count)
        for vector, row_id, own in zip(self._vectors, self._row_ids, best, strict=True):
            kind = "image" if row_id >= 0 else "text"
            yield _Probe("filtered" if where else kind, vector, row_id, where, own, share)

    def measure(self, num_probes: int, wanted: float = 0.0) -> dict[int, dict[str, float]]:
        """Recall, 0 to 1, with so many partitions looked into: refine → kind of query → recall.

        Args:
            num_probes: partitions.
            wanted: recall; where that is out of reach only some of the queries are asked.
        """
        # As searches read it: a version that stays.
        reader = self.store.snapshot()
        by_kind: dict[str, list[_Probe]] = {}
        for probe in self.probes:
            by_kind.setdefault(probe.kind, []).append(probe)
        first = [of_kind[:LOOKED_AT] for of_kind in by_kind.values()]
        recalls = _recalls(reader, first, num_probes)
        if _worst(recalls[REFINES[-1]]) < wanted - HOPELESS:
            return recalls
        return _recalls(reader, list(by_kind.values()), num_probes)

    def milliseconds(self, num_probes: int, refine: int) -> float:
        """The median time of a query without a filter; some of them are timed."""
        reader = self.store.snapshot()
        unfiltered = [probe for probe in self.probes if not probe.where]
        timed = unfiltered[:: max(1, len(unfiltered) // TIMED_QUERIES)]
        times: list[float] = []
        # The first time reads partitions from disk.
        for _ in range(2):
            times = []
            for probe in timed:
                start = time.perf_counter()
                _asked(reader, probe, num_probes, refine)
                times.append(time.perf_counter() - start)
        return 1000 * float(np.median(times))

    def is_slow(self, num_probes: int) -> bool:
        """Whether a query takes longer than comparing all chips, with as few candidates as may be.

        Of few chips both are so quick that nobody waits, and times say nothing.
        """
        if self.store.count() < PAYS:
            return False
        return self.milliseconds(num_probes, REFINES[0]) > self.exact_milliseconds

    @cached_property
    def exact_milliseconds(self) -> float:
        """What comparing all chips with one query takes, the quicker of two times."""
        times = []
        for _ in range(2):
            start = time.perf_counter()
            compared = 0
            for block in self.store.blocks(["embedding"]):
                best_of_blocks([block], self._vectors[:1], RECALL_K + 1)
                compared += block.num_rows
                if compared >= self._most:
                    break
            # Of a large index a part is timed.
            share = compared / max(1, self.store.count())
            times.append((time.perf_counter() - start) / share)
        return 1000 * min(times)


def _recalls(
    store: StoreReader, kinds: Sequence[Sequence[_Probe]], num_probes: int
) -> dict[int, dict[str, float]]:
    """Mean recall of queries, by refine and by kind of query."""
    recalls: dict[int, dict[str, float]] = {refine: {} for refine in REFINES}
    for probes in kinds:
        rows = np.array([_recall_by_refine(store, probe, num_probes) for probe in probes])
        for refine, value in zip(REFINES, rows.mean(axis=0).tolist(), strict=True):
            # The mean of estimates: one of them may be below 0.
            recalls[refine][probes[0].kind] = max(0.0, value)
    return recalls


def _recall_by_refine(store: StoreReader, probe: _Probe, num_probes: int) -> list[float]:
    """Recall of one query with each number of candidates, the first of those that there are."""
    ids = _candidates(store, probe, num_probes, REFINES[-1])
    vectors = store.vectors(ids)
    scores = vectors @ probe.vector
    recalls = []
    for refine in REFINES:
        first = slice(0, FOUND * refine)
        best = np.lexsort((ids[first], -scores[first]))[:FOUND]
        recalls.append(probe.recall(ids[best].tolist(), vectors[best]))
    return recalls


def _worst(recall: dict[str, float]) -> float:
    return min(recall.values(), default=1.0)


def _candidates(
    store: StoreReader, probe: _Probe, num_probes: int, refine: int
) -> NDArray[np.int64]:
    """Row ids of what the ANN index gives to be compared exactly, the nearest first."""
    table = store.nearest(probe.vector, FOUND * refine, num_probes=num_probes, where=probe.where)
    ids: NDArray[np.int64] = table[ROW_ID].to_numpy()
    return ids


def _asked(store: StoreReader, probe: _Probe, num_probes: int, refine: int) -> NDArray[np.int64]:
    """Row ids that a search by the ANN index gives, the best first."""
    ids = _candidates(store, probe, num_probes, refine)
    best, _ = best_of(ids, store.vectors(ids) @ probe.vector, FOUND)
    return best


def best_of_blocks(blocks: Iterable[pa.Table], vectors: Vectors, count: int) -> list[Best]:
    """The `count` best chips of some blocks for every query (n, E), all compared."""
    best: list[Best] = []
    for _ in vectors:
        best.append((np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)))
    for table in blocks:
        row_ids = table[ROW_ID].to_numpy()
        scores = embeddings_of(table) @ vectors.T
        for query, (ids, best_scores) in enumerate(best):
            both = np.append(ids, row_ids)
            best[query] = best_of(both, np.append(best_scores, scores[:, query]), count)
    return best


def spread_offsets(num_chips: int, count: int) -> NDArray[np.int64]:
    """Places in the table of about so many chips from all over it, the same each time."""
    steps = np.arange(count) + np.random.default_rng(1).random(count)
    return np.unique((steps * (num_chips / count)).astype(np.int64))


def blocks_at(store: StoreReader, offsets: NDArray[np.int64]) -> Iterator[pa.Table]:
    """Embeddings of chips by their places in the table, in blocks."""
    for start in range(0, len(offsets), BLOCK_ROWS):
        yield store.at(offsets[start : start + BLOCK_ROWS].tolist(), ["embedding"])


def _others(row_ids: list[int], own_id: int) -> list[int]:
    """The best, a query's own chip left out."""
    return [row_id for row_id in row_ids if row_id != own_id][:RECALL_K]


def sampled_chips(store: StoreReader, columns: list[str], count: int) -> pa.Table:
    """Chips from all over the index, the same each time."""
    rng = np.random.default_rng(0)
    num_chips = store.count()
    offsets = np.sort(rng.choice(num_chips, min(count, num_chips), replace=False))
    return store.at(offsets.tolist(), columns)


def filter_of_a_part(store: StoreReader) -> str:
    """SQL that admits about a twentieth of the chips, or less of a large index.

    A strip of the Earth, or some of the sources where most chips have no place.
    """
    chips = sampled_chips(store, ["xmin", "source"], FILTER_SAMPLE)
    column = "xmin"
    if chips["xmin"].null_count >= chips.num_rows / 2:
        column = "source"
    values = sorted(value for value in chips[column].to_pylist() if value is not None)
    last = len(values) - 1
    admitted = min(ADMITTED, MOST_ADMITTED / store.count())
    low = values[int((1 - admitted) / 2 * last)]
    high = values[int((1 + admitted) / 2 * last)]
    if column == "source":
        return f"source >= {quoted(low)} AND source <= {quoted(high)}"
    # repr keeps every digit of a float.
    return f"xmin >= {low!r} AND xmin <= {high!r}"
