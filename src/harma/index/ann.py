"""The ANN (approximate nearest neighbour) index: its kind and parameters, and what they reach."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from harma.errors import DataError
from harma.ground.json_text import parse_json
from harma.index.contract import StoreReader, StoreWriter

# How many of the best chips recall is measured on.
RECALL_K = 10
# Fewer chips than this are compared one by one in a tenth of a second.
PAYS = 50_000
# With so many times the chips that it was made with, it is made anew.
GROWN = 2.0
KINDS = ("IVF_RQ", "IVF_FLAT")
# Lance counts probes in 32 bits.
MOST = 2**31 - 1
# Kept where no ANN index was worth keeping: the number of chips then.
TRIED = "tried_with"


@dataclass(frozen=True)
class Ann:
    """What was made, and what it reaches.

    Attributes:
        kind: "IVF_RQ" or "IVF_FLAT", as Lance names it.
        num_bits: of each dimension.
        num_probes: partitions looked into, at least.
        refine: candidates compared exactly, as a multiple of k.
        num_chips: that it was made with.
        recall: of the ten best, by kind of query: "text", "image", and "filtered" (both, in a part
            of the index).
        milliseconds: median of one query when it was measured.
        wanted_recall: that every kind of query was to reach; 0 where an earlier version made it.
        num_partitions: that the chips were parted into; 0 where an earlier version made it.
        num_measured: chips that it was measured with last, having grown; 0 with `num_chips`.
    """

    kind: str
    num_bits: int
    num_probes: int
    refine: int
    num_chips: int
    recall: dict[str, float]
    milliseconds: float
    wanted_recall: float = 0.0
    num_partitions: int = 0
    num_measured: int = 0

    @property
    def worst_recall(self) -> float:
        """Recall of the kind of query that finds least."""
        return min(self.recall.values(), default=1.0)

    @property
    def is_reached(self) -> bool:
        """Whether every kind of query finds as much as was wanted."""
        return self.worst_recall >= self.wanted_recall

    def __str__(self) -> str:
        recalls = ", ".join(f"{kind} {value:.3f}" for kind, value in self.recall.items())
        of_all = f" of {self.num_partitions:,}" if self.num_partitions else ""
        told = (
            f"{self.kind} of {self.num_bits} bits, {self.num_probes}{of_all} probes, refine"
            f" {self.refine}; recall@{RECALL_K}: {recalls} at {self.milliseconds:.0f} ms, measured"
            f" with {self.num_measured or self.num_chips:,} chips"
        )
        if self.is_reached:
            return told
        # Rounded down, as 0.9896 is no 0.99.
        worst = math.floor(1000 * self.worst_recall) / 1000
        return f"{told}; recall {worst:g}, below {self.wanted_recall:g}"


def read_ann(store: StoreReader) -> Ann | None:
    """What an index was tuned to, or None where it is searched exactly.

    Raises:
        DataError: what is kept is damaged.
    """
    values = _read(store)
    if values is None or TRIED in values:
        return None
    try:
        ann = Ann(**values)
    except TypeError as error:
        raise _damaged(store, "a value is missing, or unknown") from error
    _check(store, ann)
    return ann


def write_ann(store: StoreWriter, ann: Ann) -> None:
    """Search with an ANN index from now on."""
    _write(store, asdict(ann))


def write_tried(store: StoreWriter) -> None:
    """Keep that no ANN index was worth keeping with as many chips as there are now."""
    _write(store, {TRIED: store.count()})


def forget_ann(store: StoreWriter) -> None:
    """Search exactly from now on, until the ANN index is made anew."""
    store.write_tuning("")


def pays(store: StoreReader) -> bool:
    """Whether an index has grown so that its ANN index should be made, or made anew."""
    before = 0
    values = _read(store)
    if values is not None:
        before = values.get("num_chips", values.get(TRIED, 0))
        if not _is_count(before):
            raise _damaged(store, f"its number of chips is {before!r}")
    count = store.count()
    return count >= PAYS and count >= GROWN * before


def _write(store: StoreWriter, values: Mapping[str, Any]) -> None:
    store.write_tuning(json.dumps(values, indent=2) + "\n")


def _read(store: StoreReader) -> dict[str, Any] | None:
    text = store.tuning()
    if not text:
        return None
    try:
        values = parse_json(text)
    except DataError as error:
        raise _damaged(store, error.problem) from error
    if not isinstance(values, dict):
        raise _damaged(store, f"it holds {type(values).__name__}, no mapping")
    return values


def _check(store: StoreReader, ann: Ann) -> None:
    """Raise DataError for values that no tuning has."""
    for name in ("num_bits", "num_probes", "refine", "num_chips", "num_partitions", "num_measured"):
        if not _is_count(getattr(ann, name)):
            raise _damaged(store, f"{name} is {getattr(ann, name)!r}")
    if ann.kind not in KINDS:
        raise _damaged(store, f"kind is {ann.kind!r}")
    recalls = ann.recall.values() if isinstance(ann.recall, dict) else [None]
    for value in (*recalls, ann.milliseconds, ann.wanted_recall):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
            raise _damaged(store, f"recall and milliseconds hold {value!r}")


def _is_count(value: object) -> bool:
    """Whether a value is a number of chips, probes or bits that a search can work with."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST


def _damaged(store: StoreReader, reason: str) -> DataError:
    return DataError(
        f"search.json is damaged ({reason}); run `harma index optimize`",
        source=str(store.home),
    )
