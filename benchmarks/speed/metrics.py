"""Metrics against the original's loop, which sorts every row."""

from functools import partial

import numpy as np
from benchmarks.metrics import CAPTIONS_EACH, IMAGES, loop_with_argsort
from benchmarks.speed.measuring import in_turn

from harma.metrics import retrieval_metrics

PART = "metrics"


def main():
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(IMAGES), CAPTIONS_EACH)
    similarity = rng.standard_normal((IMAGES, len(owners)), dtype=np.float32)
    similarity[owners, np.arange(len(owners))] += 2
    size = f"{IMAGES:,} × {len(owners):,}"
    recalls = partial(retrieval_metrics, similarity, owners)
    loop = partial(loop_with_argsort, similarity, owners)
    in_turn(recalls, loop).row(PART, f"recalls of {size}", "the original's loop").print()
    with_ap = partial(retrieval_metrics, similarity, owners, ap=True)
    turns = in_turn(with_ap, recalls)
    turns.row(PART, f"recalls and mAP of {size}", "the recalls alone", 0.5).print()


if __name__ == "__main__":
    main()
