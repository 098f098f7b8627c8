"""The approximate index of embeddings: made when it pays, its kind and parameters chosen by the recall they reach."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import DataError
from harma.ground.files import write_json
from harma.index.schema import quoted
from harma.index.store import ROW_ID, Store, embeddings_of, tables_directory
from harma.index.vectors import best_of

FILE = "search.json"
# Fewer chips than this are compared one by one in a tenth of a second; more of them than doubled,
# and it is made anew.
PAYS, GROWN = 50_000, 2.0
# Recall of the ten best that every kind of query has to reach.
WANTED, K = 0.99, 10
# Queries of each kind that recall is measured on.
QUERIES = 64
# From quick to thorough: partitions that are looked into, and how many times k candidates are
# compared exactly.
LADDER = ((10, 2), (20, 4), (40, 8), (80, 16), (160, 32))
# Four bits a dimension: with one, texts need 30 times as many exact comparisons (docs/results.md).
# Whole vectors where that is not enough.
KINDS = (("IVF_RQ", 4), ("IVF_FLAT", 16))
# Lance makes IVF_RQ of embeddings whose length is a multiple of this.
RQ_UNIT = 8
# Kept where nothing reached the recall: the number of chips then.
TRIED = "tried_with"
# Share of the chips that a filtered query of the measurement admits.
ADMITTED = 0.05

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Ann:
    """What was made, and what it reaches.

    Attributes:
        kind: "IVF_RQ" or "IVF_FLAT", as Lance names it.
        num_bits: of each dimension.
        num_probes: partitions looked into, at least.
        refine: candidates compared exactly, as a multiple of k.
        num_chips: that it was made and measured with.
        recall: of the ten best, by kind of query: "text", "image", and "filtered" (both, in a part
            of the index).
        milliseconds: median of one query when it was measured.
    """

    kind: str
    num_bits: int
    num_probes: int
    refine: int
    num_chips: int
    recall: dict[str, float]
    milliseconds: float

    def __str__(self) -> str:
        recalls = ", ".join(f"{kind} {value:.3f}" for kind, value in self.recall.items())
        return (
            f"{self.kind} of {self.num_bits} bits, {self.num_probes} probes, refine {self.refine};"
            f" recall@{K}: {recalls} at {self.milliseconds:.0f} ms, measured with"
            f" {self.num_chips:,} chips"
        )


def read_ann(store: Store) -> Ann | None:
    """What an index was tuned to, or None where it is searched exactly.

    Raises:
        DataError: the file is damaged.
    """
    values = _read(store)
    if values is None or TRIED in values:
        return None
    try:
        return Ann(**values)
    except TypeError as error:
        raise DataError(
            f"{_path(store)} is damaged ({error}); run `harma index optimize`"
        ) from error


def pays(store: Store) -> bool:
    """Whether an index has grown so that its ANN index should be made, made anew, or tried again."""
    values, count = _read(store), store.count()
    before = 0 if values is None else int(values.get("num_chips", values.get(TRIED, 0)))
    return bool(count >= PAYS and count >= GROWN * before)


def forget_ann(store: Store) -> None:
    """Search exactly from now on, until the ANN index is made anew."""
    _path(store).unlink(missing_ok=True)


def _path(store: Store) -> Path:
    return tables_directory(store.directory, store.settings) / FILE


def _read(store: Store) -> dict[str, Any] | None:
    if not _path(store).is_file():
        return None
    try:
        return dict(json.loads(_path(store).read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{_path(store)} is damaged ({error}); run `harma index optimize`"
        ) from error


def make_ann(store: Store, texts: Vectors | None, *, wanted: float = WANTED) -> Ann | None:
    """Make the ANN index of an index, and choose its parameters.

    Recall is measured on embedded texts, on chips of the index (each without itself), and on both
    with a filter, against comparing all. The first kind and the quickest parameters that reach
    `wanted` on all of them are taken.

    Args:
        store: of the index.
        texts: embedded texts (n, E); None where there is no model to embed any.
        wanted: recall of the ten best, 0 to 1.

    Returns:
        What was made; None where nothing reaches `wanted`: the index is then searched exactly.
    """
    path = _path(store)
    probes = _Probes(store, texts)
    # Without the file a reader searches exactly, so that nobody meets parameters of another index.
    path.unlink(missing_ok=True)
    for kind, num_bits in KINDS:
        if kind == "IVF_RQ" and store.settings.embed_dim % RQ_UNIT:
            continue
        store.create_ann(kind, num_bits)
        for num_probes, refine in LADDER:
            recall, milliseconds = probes.measure(num_probes, refine)
            if min(recall.values()) >= wanted:
                ann = Ann(
                    kind,
                    num_bits,
                    num_probes,
                    refine,
                    store.count(),
                    recall,
                    milliseconds,
                )
                write_json(path, asdict(ann))
                return ann
    store.drop_ann()
    write_json(path, {TRIED: store.count()})
    return None


class _Probes:
    """Queries with their true answers."""

    def __init__(self, store: Store, texts: Vectors | None) -> None:
        self.store = store
        chips = _sampled(store, ["embedding"], QUERIES)
        images = embeddings_of(chips)
        texts = (
            np.empty((0, images.shape[1]), dtype=np.float32) if texts is None else texts[:QUERIES]
        )
        self.vectors = np.concatenate([texts, images])
        self.num_texts = len(texts)
        self.own = [-1] * len(texts) + chips[ROW_ID].to_pylist()
        self.part = _part_of(store)
        self.truth = {where: self._truth(where) for where in ("", self.part)}

    def _truth(self, where: str) -> list[set[int]]:
        """Row ids of the best of every query, its own chip left out."""
        best = [(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)) for _ in self.vectors]
        for batch in self.store.blocks(["embedding"], where):
            rows, scores = (
                batch[ROW_ID].to_numpy(),
                embeddings_of(batch) @ self.vectors.T,
            )
            best = [
                best_of(np.append(ids, rows), np.append(kept, scores[:, number]), K + 1)
                for number, (ids, kept) in enumerate(best)
            ]
        return [self._others(number, ids.tolist()) for number, (ids, _) in enumerate(best)]

    def _others(self, number: int, rows: Sequence[int]) -> set[int]:
        return set([row for row in rows if row != self.own[number]][:K])

    def measure(self, num_probes: int, refine: int) -> tuple[dict[str, float], float]:
        """Recall by kind of query, 0 to 1, and the median time of one, milliseconds."""
        found: dict[str, list[float]] = {}
        times = []
        for where, truths in self.truth.items():
            for number, truth in enumerate(truths):
                start = time.perf_counter()
                rows = self.store.nearest(
                    self.vectors[number], K + 1, num_probes, refine, where, ["id"]
                )
                times.append(time.perf_counter() - start)
                kind = "filtered" if where else "text" if number < self.num_texts else "image"
                got = self._others(number, rows[ROW_ID].to_pylist())
                found.setdefault(kind, []).append(len(got & truth) / max(1, len(truth)))
        return {kind: float(np.mean(values)) for kind, values in found.items()}, 1000 * float(
            np.median(times)
        )


def _sampled(store: Store, columns: list[str], count: int) -> pa.Table:
    """Chips from all over the index."""
    rng = np.random.default_rng(0)
    num_chips = store.count()
    offsets = np.sort(rng.choice(num_chips, min(count, num_chips), replace=False)).tolist()
    return store.at(offsets, columns)


def _part_of(store: Store) -> str:
    """SQL that admits about a twentieth of the chips: a strip of the Earth; some sources where chips have no place."""
    chips = _sampled(store, ["xmin", "source"], 4096)
    column = "xmin" if chips["xmin"].null_count < chips.num_rows / 2 else "source"
    values = sorted(value for value in chips[column].to_pylist() if value is not None)
    first, last = (
        values[int(share * (len(values) - 1))] for share in ((1 - ADMITTED) / 2, (1 + ADMITTED) / 2)
    )
    low, high = (
        quoted(value) if isinstance(value, str) else repr(value) for value in (first, last)
    )
    return f"{column} >= {low} AND {column} <= {high}"
