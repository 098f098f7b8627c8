"""Tuning of the ANN index: of several kinds the quickest whose answers are as good as wanted."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.index.ann import RECALL_K, Ann, forget_ann, write_ann, write_tried
from harma.index.contract import ROW_ID, StoreReader, StoreWriter
from harma.index.schema import embeddings_of, quoted
from harma.index.search import best_of

# Share of the ten best that every kind of query has to find.
WANTED_RECALL = 0.99
# Queries of each kind that it is measured on.
QUERIES = 64
# From quick to thorough: partitions that are looked into, and how many times k candidates are
# compared exactly.
LADDER = ((10, 2), (20, 4), (40, 8), (80, 16), (160, 32))
# Four bits a dimension: with one, texts need 30 times as many exact comparisons (docs/results.md).
# Whole vectors where that is not enough.
ANN_KINDS = (("IVF_RQ", 4), ("IVF_FLAT", 16))
# Lance makes IVF_RQ of embeddings whose length is a multiple of this.
RQ_UNIT = 8
# Share of the chips that a filtered query of the measurement admits.
ADMITTED = 0.05
# Chips that the filter is chosen by.
FILTER_SAMPLE = 4096

Vectors = NDArray[np.float32]


def make_ann(
    store: StoreWriter, texts: Vectors | None, *, least_recall: float = WANTED_RECALL
) -> Ann | None:
    """Make the ANN index of an index, and choose its parameters.

    Recall is measured on embedded texts, on chips of the index (each without itself), and on both
    with a filter, against comparing all. The first kind and the quickest parameters that reach
    `least_recall` on all of them are taken.

    Args:
        store: of the index.
        texts: embedded texts (n, E); None where there is no model to embed any.
        least_recall: recall of the ten best, 0 to 1.

    Returns:
        What was made; None where nothing reaches `least_recall`: then all are compared.
    """
    probes = Probes(store, texts)
    # Without parameters a reader searches exactly, so that nobody meets those of another index.
    forget_ann(store)
    for kind, num_bits in ANN_KINDS:
        if kind == "IVF_RQ" and store.settings.embed_dim % RQ_UNIT:
            continue
        store.create_ann(kind, num_bits)
        for num_probes, refine in LADDER:
            recall, milliseconds = probes.measure(num_probes, refine)
            if min(recall.values()) >= least_recall:
                ann = Ann(kind, num_bits, num_probes, refine, store.count(), recall, milliseconds)
                write_ann(store, ann)
                return ann
    store.drop_ann()
    write_tried(store)
    return None


@dataclass(frozen=True)
class _Probe:
    """A query with its true answer.

    Attributes:
        kind: "text", "image" or "filtered".
        vector: (E,).
        row_id: of the chip that it is, which it must not find; -1 for a text.
        where: SQL of its filter, or "".
        truth: row ids of its best chips.
    """

    kind: str
    vector: Vectors
    row_id: int
    where: str
    truth: frozenset[int]

    def recall(self, ids: list[int]) -> float:
        """Share of the truth that was found, 0 to 1."""
        hits = set(_others(ids, self.row_id))
        return len(hits & self.truth) / max(1, len(self.truth))


class Probes:
    """Queries with their true answers.

    Args:
        store: of the index.
        texts: embedded texts (n, E), or None.
    """

    def __init__(self, store: StoreReader, texts: Vectors | None) -> None:
        self.store = store
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
        truths = self._truths(where)
        for vector, row_id, truth in zip(self._vectors, self._row_ids, truths, strict=True):
            kind = "image" if row_id >= 0 else "text"
            yield _Probe("filtered" if where else kind, vector, row_id, where, truth)

    def _truths(self, where: str) -> list[frozenset[int]]:
        """Row ids of the best of every query, its own chip left out."""
        nothing = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
        best = [nothing for _ in self._vectors]
        for table in self.store.blocks(["embedding"], where):
            row_ids = table[ROW_ID].to_numpy()
            scores = embeddings_of(table) @ self._vectors.T
            for query, (ids, best_scores) in enumerate(best):
                both = np.append(ids, row_ids)
                best[query] = best_of(both, np.append(best_scores, scores[:, query]), RECALL_K + 1)
        pairs = zip(best, self._row_ids, strict=True)
        return [frozenset(_others(ids.tolist(), row_id)) for (ids, _), row_id in pairs]

    def measure(self, num_probes: int, refine: int) -> tuple[dict[str, float], float]:
        """Recall by kind of query, 0 to 1, and the median time of one, milliseconds."""
        recalls: dict[str, list[float]] = {}
        times = []
        for probe in self.probes:
            start = time.perf_counter()
            table = self.store.nearest(
                probe.vector,
                RECALL_K + 1,
                num_probes=num_probes,
                refine=refine,
                where=probe.where,
                columns=["id"],
            )
            times.append(time.perf_counter() - start)
            ids = table[ROW_ID].to_pylist()
            recalls.setdefault(probe.kind, []).append(probe.recall(ids))
        by_kind = {kind: float(np.mean(values)) for kind, values in recalls.items()}
        return by_kind, 1000 * float(np.median(times))


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
    """SQL that admits about a twentieth of the chips.

    A strip of the Earth, or some of the sources where most chips have no place.
    """
    chips = sampled_chips(store, ["xmin", "source"], FILTER_SAMPLE)
    column = "xmin"
    if chips["xmin"].null_count >= chips.num_rows / 2:
        column = "source"
    values = sorted(value for value in chips[column].to_pylist() if value is not None)
    last = len(values) - 1
    low = values[int((1 - ADMITTED) / 2 * last)]
    high = values[int((1 + ADMITTED) / 2 * last)]
    if column == "source":
        return f"source >= {quoted(low)} AND source <= {quoted(high)}"
    # repr keeps every digit of a float.
    return f"xmin >= {low!r} AND xmin <= {high!r}"
