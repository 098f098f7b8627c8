"""Results over folds: means, differences, and intervals against short references."""

import math
import statistics

import numpy as np
import pytest
from tests.comparison.made_up import finish_folds, write_folds_of

from harma.comparison.compare import collect
from harma.comparison.differences import between
from harma.comparison.folds import fold_plans
from harma.comparison.over_folds import IMAGES, IMAGES_AND_RUNS, chosen_rates, half_width
from harma.evaluation import load_evaluation

LEVELS = {
    "none": (0.2, 0.25, 0.2),
    "harma": (0.5, 0.55, 0.6),
    "lora": (0.6, 0.6, 0.75),
    "full": (0.5, 0.5, 0.5),
}


@pytest.fixture
def plan(make, tiny_data, tmp_path):
    folds = write_folds_of(tiny_data, tmp_path / "folds")
    methods = dict.fromkeys(LEVELS)
    plan = make(methods, folds=str(folds), seeds=[1, 2], learning_rates=[0.01, 0.1])
    finish_folds(plan, LEVELS, ("none", "harma", "lora"))
    return plan


def of_kind(outcome, over):
    return [pair for pair in outcome.shown if pair.over == over]


def fold_values(result, metric):
    """A row's mean over seeds in each fold, from its files."""
    values = []
    for fold in result.folds:
        if not fold.test_runs:
            continue
        of_seeds = [load_evaluation(path).metrics[metric] for path in fold.test_runs]
        values.append(statistics.fmean(of_seeds))
    return values


def test_a_row_is_the_mean_over_its_folds(plan):
    outcome = collect(plan)
    assert outcome.split == "test"
    none, harma, lora, full = outcome.results
    for result in (none, harma, lora):
        for metric in ("mR", "dup_mR"):
            spread = result.figures["test"][metric]
            values = fold_values(result, metric)
            assert spread.values == pytest.approx(values)
            assert spread.mean == pytest.approx(statistics.fmean(values))
            assert spread.deviation == pytest.approx(statistics.stdev(values))
    assert (harma.status, full.status) == ("done", "waiting")
    assert (len(harma.runs), harma.wanted_runs, harma.planned, harma.ended) == (6, 6, 9, 9)
    assert (len(none.runs), none.cost.trained) == (3, 0)
    assert chosen_rates(harma) == {0.01: 3}
    assert chosen_rates(full) == {}
    assert lora.notes == (
        "folds 1, 2, 3: the best rate is the lowest of the grid; a lower one may serve it better",
    )


def test_the_interval_over_images_and_runs_is_students(plan):
    outcome = collect(plan)
    _, harma, lora, _ = outcome.results
    for metric in ("mR", "dup_mR"):
        gaps = np.subtract(fold_values(lora, metric), fold_values(harma, metric))
        pair = between(of_kind(outcome, IMAGES_AND_RUNS), metric, "lora", "harma")
        half = 4.302653 * statistics.stdev(gaps.tolist()) / math.sqrt(3)
        assert pair.point == pytest.approx(gaps.mean())
        assert (pair.low, pair.high) == pytest.approx(
            (pair.point - half, pair.point + half), rel=1e-5
        )


def test_the_interval_over_images_is_that_of_a_loop_over_folds_and_draws(plan):
    outcome = collect(plan)
    _, harma, lora, _ = outcome.results
    rng = np.random.default_rng(5)
    drawn = np.zeros(2000)
    for fold_a, fold_b in zip(lora.folds, harma.folds, strict=True):
        hits = []
        for fold in (fold_a, fold_b):
            seeds = [load_evaluation(path) for path in fold.test_runs]
            hits.append([np.mean([getattr(s.hits, k) for s in seeds], 0) for k in ("i2t", "t2i")])
        owner = seeds[0].caption_to_image
        for draw in range(2000):
            images = rng.integers(0, len(hits[0][0]), len(hits[0][0]))
            captions = np.concatenate([np.flatnonzero(owner == image) for image in images])
            a, b = (100 * (i[images].mean() + t[captions].mean()) / 2 for i, t in hits)
            drawn[draw] += (a - b) / 3
    expected = np.quantile(drawn, [0.025, 0.975])
    pair = between(of_kind(outcome, IMAGES), "mR", "lora", "harma")
    tolerance = 0.06 * (expected[1] - expected[0])
    assert [pair.low, pair.high] == pytest.approx(expected, abs=tolerance)


def test_every_pair_has_both_intervals_and_a_row_that_waits_has_none(plan):
    outcome = collect(plan)
    assert len(of_kind(outcome, IMAGES)) == len(of_kind(outcome, IMAGES_AND_RUNS)) == 6
    assert between(outcome.shown, "mR", "full", "harma") is None
    back = between(of_kind(outcome, IMAGES_AND_RUNS), "mR", "harma", "lora")
    assert back.over == IMAGES_AND_RUNS


def test_pairs_are_compared_on_the_folds_that_both_have(plan):
    last = fold_plans(plan)[2]
    (last.output / "final.json").write_text('{"rows": {}}')
    outcome = collect(plan)
    _, harma, lora, _ = outcome.results
    gaps = np.subtract(fold_values(lora, "mR"), fold_values(harma, "mR"))
    pair = between(of_kind(outcome, IMAGES_AND_RUNS), "mR", "lora", "harma")
    assert pair.point == pytest.approx(gaps.mean())
    second = fold_plans(plan)[1]
    (second.output / "final.json").write_text('{"rows": {}}')
    assert collect(plan).shown == [], "one fold has no scatter"


def test_half_of_an_interval():
    # The mean of 1, 2, 3 has the error 1/√3, and t of two degrees of freedom 4.3027.
    assert half_width([1.0, 2.0, 3.0]) == pytest.approx(4.302653 / math.sqrt(3), rel=1e-5)
