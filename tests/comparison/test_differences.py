"""Differences of rows and their intervals."""

import json

import numpy as np
import pytest

from harma.comparison.compare import collect
from harma.comparison.differences import Difference, between
from harma.comparison.runs import seed_runs
from harma.errors import DataError
from harma.evaluation import load_evaluation


@pytest.mark.parametrize(("metric", "prefix"), [("mR", ""), ("dup_mR", "dup_")])
def test_an_interval_is_that_of_a_loop_over_drawn_images(finished, metric, prefix):
    """Images with their captions, of two rows, each the mean over its seeds."""
    outcome = collect(finished)
    hits = []
    for result in outcome.results[1:3]:
        seeds = [load_evaluation(path, "val") for path in result.directories("val")]
        i2t, t2i = (
            np.mean([getattr(one.hits, prefix + name) for one in seeds], axis=0)
            for name in ("i2t", "t2i")
        )
        hits.append((i2t, t2i))
    owner = seeds[0].caption_to_image
    rng = np.random.default_rng(4)
    drawn = []
    for _ in range(2000):
        images = rng.integers(0, len(i2t), len(i2t))
        captions = np.concatenate([np.flatnonzero(owner == image) for image in images])
        means = [100 * (a[images].mean() + b[captions].mean()) / 2 for a, b in hits]
        drawn.append(means[1] - means[0])
    found = between(outcome.shown, metric, "a_b & c", "harma")
    expected = np.quantile(drawn, [0.025, 0.975])
    width = expected[1] - expected[0]
    assert [found.low, found.high] == pytest.approx(expected, abs=0.05 * width)
    harma, other = outcome.results[1:3]
    point = other.figures["val"][metric].mean - harma.figures["val"][metric].mean
    assert found.point == pytest.approx(point)


def test_every_pair_is_there_either_way_round(finished):
    shown = collect(finished).shown
    assert len(shown) == 6, "three pairs, two metrics"
    forth = between(shown, "mR", "none", "harma")
    back = between(shown, "mR", "harma", "none")
    assert (back.point, back.low, back.high) == (-forth.point, -forth.high, -forth.low)
    assert (back.a, back.b) == ("harma", "none")
    assert forth.low < forth.point < forth.high
    assert between(shown, "mR", "lora", "harma") is None


@pytest.mark.parametrize(
    ("low", "high", "clear"), [(0.1, 2, True), (-2, -0.1, True), (-0.1, 2, False), (0, 2, False)]
)
def test_a_difference_is_clear_where_0_is_outside(low, high, clear):
    assert Difference("val", "mR", "a", "b", 1.0, low, high).clear == clear


def test_rows_of_other_data_are_refused(finished):
    for run in seed_runs(finished, finished.row("harma")):
        content = run.metrics()
        content["val"]["fingerprint"] = "other"
        run.metrics_file.write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"the rows were measured on other data \(val\)"):
        collect(finished)
