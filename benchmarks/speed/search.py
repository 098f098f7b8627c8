"""A query beside those of faiss, usearch and DuckDB, and beside comparing all: the same vectors.

Vectors are made (`benchmarks/index/large.py`). Each one's parameter is the quickest that reaches a
recall of 0.98 on other queries.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from benchmarks.index.large import IMAGE_SEED, TEXT_SEED, TUNING_SEED, World, varied
from benchmarks.index.peers import (
    SYSTEMS,
    TUNING,
    Chips,
    asked,
    boxes_of,
    chosen,
    recall_of,
)
from benchmarks.index.vectors import K
from benchmarks.speed.measuring import Row, say

PART = "search"
CHIPS, BASE, QUERIES = 100_000, 5_000, 100
SIDES = {None: "no filter", 5: "a box of 5°"}


class ByProducts:
    """Every chip compared, by one product of float32 in memory."""

    name, parameters = "all compared by a matrix product", (None,)

    def make(self, args, chips):
        return {}

    def load(self, directory, chips):
        self.chips = chips

    def ask(self, vector, box, _):
        scores = self.chips.vectors @ vector
        if box is not None:
            scores = np.where(self.chips.inside(box), scores, -np.inf)
        return set(self.chips.ids[np.argpartition(-scores, K)[:K]].tolist())


def main():
    world, rng = World(), np.random.default_rng(0)
    base = world.vectors(varied(rng, world.scenes(rng, BASE).astype(np.float32)), world.of_images)
    queries = {"text": world.texts(TEXT_SEED, QUERIES), "image": world.images(IMAGE_SEED, QUERIES)}
    tuning = {
        "text": world.texts(TUNING_SEED, TUNING),
        "image": world.images(TUNING_SEED, TUNING),
    }
    with tempfile.TemporaryDirectory() as folder:
        args = argparse.Namespace(output=Path(folder), size=CHIPS)
        ours, *peers = SYSTEMS
        ours.make(args, (base, tuning["text"]))
        chips = Chips(args.output)
        figures = measured(ours, args, chips, queries, tuning)
        for peer in [ByProducts(), *peers]:
            try:
                peer.make(args, chips)
            except ImportError as error:
                say(f"{peer.name} is left out ({error}).")
                continue
            beside(figures, measured(peer, args, chips, queries, tuning), peer.name)


def measured(system, args, chips, queries, tuning):
    """By filter and kind of query: recall, median milliseconds, CPU milliseconds."""
    system.load(args.output, chips)
    figures = {}
    for side in SIDES:
        try:
            parameter = chosen(system, tuning, chips, side)
        except NotImplementedError:
            continue
        for kind, vectors in queries.items():
            boxes = boxes_of(vectors, side)
            asked(system, vectors[:10], boxes[:10], parameter)
            found, times, cpu = asked(system, vectors, boxes, parameter)
            recall = recall_of(found, chips.truth(vectors, boxes))
            figures[side, kind] = recall, float(np.median(times)), cpu
    return figures


def beside(ours, theirs, name):
    for (side, kind), (recall, wall, cpu) in theirs.items():
        own_recall, own_wall, own_cpu = ours[side, kind]
        what = f"a query by {kind} of {CHIPS:,} × 512, {SIDES[side]}"
        detail = (
            f"{own_wall:.1f} against {wall:.1f} ms, recall {own_recall:.3f} against {recall:.3f}"
        )
        Row(PART, what, name, cpu / own_cpu, wall / own_wall, None, detail).print()


if __name__ == "__main__":
    main()
