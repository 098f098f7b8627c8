"""Tuning of the ANN index: of several kinds the quickest whose answers are as good as wanted."""

import time
from collections.abc import Iterable, Iterator
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
# Where nothing reaches that, the nearest is kept; with less than this all are compared.
KEPT_RECALL = 0.9
# Queries of each kind that it is measured on.
QUERIES = 64
# Queries that are timed against comparing all.
TIMED_QUERIES = 8
# From quick to thorough: partitions that are looked into, and how many times k candidates are
# compared exactly. It goes on, twice as many partitions each time, until all are looked into.
LADDER = ((10, 2), (20, 4), (40, 8), (80, 16), (160, 32))
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
        for ann in _climbed(probes, made):
            if nearest is None or ann.worst_recall > nearest.worst_recall:
                nearest = ann
            if ann.is_reached:
                write_ann(store, ann)
                return ann
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
    best: Ann | None = None
    for measured in _climbed(probes, replace(ann, num_measured=store.count())):
        if best is None or measured.worst_recall > best.worst_recall:
            best = measured
        if measured.is_reached:
            break
    if best is None or best.worst_recall < KEPT_RECALL:
        return make_ann(store, texts, least_recall=ann.wanted_recall or WANTED_RECALL)
    write_ann(store, best)
    return best


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


def rungs(num_partitions: int) -> Iterator[tuple[int, int]]:
    """Parameters to try, from quick to thorough: (partitions looked into, refine).

    Args:
        num_partitions: that there are; the last rung looks into all of them.
    """
    yield from LADDER
    num_probes, refine = LADDER[-1]
    while num_probes < num_partitions:
        num_probes = min(2 * num_probes, num_partitions)
        yield num_probes, refine


def _climbed(probes: "Probes", ann: Ann) -> Iterator[Ann]:
    """What an ANN index reaches on each rung, until that takes as long as comparing all.

    What is looked into less than now is left out.
    """
    for num_probes, refine in rungs(ann.num_partitions or num_partitions_of(probes.store)):
        if num_probes < ann.num_probes:
            continue
        if probes.is_slow(num_probes, refine):
            return
        recall, milliseconds = probes.measure(num_probes, refine)
        yield replace(
            ann, num_probes=num_probes, refine=refine, recall=recall, milliseconds=milliseconds
        )


def _made_again(probes: "Probes", store: StoreWriter, ann: Ann, num_workers: int) -> Ann:
    """An ANN index in whose place another kind was tried since; it may reach a little else now."""
    store.create_ann(ann.kind, ann.num_bits, num_partitions_of(store), num_workers=num_workers)
    recall, milliseconds = probes.measure(ann.num_probes, ann.refine)
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

    def recall(self, ids: list[int], store: StoreReader) -> float:
        """Share of the ten best of all that was found, 0 to 1; of a sample it is an estimate."""
        found = _others(ids, self.row_id)
        if self.share == 1:
            return len(self.truth & set(found)) / max(1, len(self.truth))
        if not found:
            return 0.0
        vectors = store.vectors(np.array(found))
        return 1 - self._num_missed(found, vectors @ self.vector) / RECALL_K

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
        self.probes = [*self._probes(""), *self._probes(filter_of_a_part(store))]

    def _probes(self, where: str) -> Iterator[_Probe]:
        """All vectors as queries with a filter."""
        share = 1.0
        count = RECALL_K + 1
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

    def measure(self, num_probes: int, refine: int) -> tuple[dict[str, float], float]:
        """Recall by kind of query, 0 to 1, and the median time of one, milliseconds."""
        recalls: dict[str, list[float]] = {}
        times = []
        # As searches read it: a version that stays.
        reader = self.store.snapshot()
        for probe in self.probes:
            start = time.perf_counter()
            ids = _asked(reader, probe, num_probes, refine)
            times.append(time.perf_counter() - start)
            recalls.setdefault(probe.kind, []).append(probe.recall(ids, reader))
        # The mean of estimates: one of them may be below 0.
        by_kind = {kind: max(0.0, float(np.mean(values))) for kind, values in recalls.items()}
        return by_kind, 1000 * float(np.median(times))

    def is_slow(self, num_probes: int, refine: int) -> bool:
        """Whether a query takes longer than comparing all chips; some of them are timed.

        Of few chips both are so quick that nobody waits, and times say nothing.
        """
        if self.store.count() < PAYS:
            return False
        unfiltered = [probe for probe in self.probes if not probe.where]
        timed = unfiltered[:: max(1, len(unfiltered) // TIMED_QUERIES)]
        times: list[float] = []
        reader = self.store.snapshot()
        # The first time reads partitions from disk; comparing all was timed twice, too.
        for _ in range(2):
            times = []
            for probe in timed:
                start = time.perf_counter()
                _asked(reader, probe, num_probes, refine)
                times.append(time.perf_counter() - start)
        return 1000 * float(np.median(times)) > self.exact_milliseconds

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


def _asked(store: StoreReader, probe: _Probe, num_probes: int, refine: int) -> list[int]:
    """Row ids that a search by the ANN index gives, the best first."""
    count = RECALL_K + 1
    table = store.nearest(probe.vector, count * refine, num_probes=num_probes, where=probe.where)
    ids = table[ROW_ID].to_numpy()
    best, _ = best_of(ids, store.vectors(ids) @ probe.vector, count)
    found: list[int] = best.tolist()
    return found


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
