"""Intervals of differences."""

from dataclasses import replace

import numpy as np
import pytest

from harma.errors import ConfigError, DataError
from harma.evaluation import difference_interval, mean_over_seeds, resample
from harma.evaluation.retrieval import summarize_embedded


@pytest.mark.parametrize("key", ["mR", "dup_mR"])
def test_the_point_is_the_difference_of_the_figures(evaluation, key):
    bare = evaluation.without_adapters
    point, low, high = difference_interval(evaluation, bare, key, resamples=500)
    assert point == pytest.approx(evaluation.metrics[key] - bare.metrics[key], abs=1e-9)
    assert low < point < high


def test_a_model_does_not_differ_from_itself(evaluation):
    assert difference_interval(evaluation, evaluation, resamples=100) == (0, 0, 0)


def test_the_order_changes_the_sign_only(evaluation):
    bare = evaluation.without_adapters
    forth = difference_interval(evaluation, bare, resamples=2000, seed=1)
    back = difference_interval(bare, evaluation, resamples=2000, seed=1)
    assert forth == pytest.approx((-back[0], -back[2], -back[1]))


def test_the_same_seed_gives_the_same_interval_and_level_widens_it(evaluation):
    pair = (evaluation, evaluation.without_adapters)
    assert difference_interval(*pair, seed=3, resamples=300) == difference_interval(
        *pair, seed=3, resamples=300
    )
    _, low95, high95 = difference_interval(*pair, resamples=2000)
    _, low50, high50 = difference_interval(*pair, resamples=2000, level=0.5)
    assert low95 < low50 < high50 < high95


def test_the_interval_is_that_of_a_loop_over_images(evaluation):
    """Drawing images with their captions, one resample at a time."""
    a, b = evaluation.hits, evaluation.without_adapters.hits
    rng, drawn = np.random.default_rng(5), []
    for _ in range(3000):
        images = rng.integers(0, evaluation.num_images, evaluation.num_images)
        captions = np.concatenate(
            [np.flatnonzero(evaluation.caption_to_image == n) for n in images]
        )
        means = [(h.i2t[images].mean(0).sum() + h.t2i[captions].mean(0).sum()) / 6 for h in (a, b)]
        drawn.append(100 * (means[0] - means[1]))
    _, low, high = difference_interval(evaluation, evaluation.without_adapters, resamples=3000)
    spread = high - low
    assert [low, high] == pytest.approx(list(np.quantile(drawn, [0.025, 0.975])), abs=0.12 * spread)


def test_bad_input(evaluation, split, embed):
    with pytest.raises(ConfigError, match="key is 'R@1'; allowed are mR, dup_mR"):
        difference_interval(evaluation, evaluation, "R@1")
    other = summarize_embedded(embed(1.0), split)
    other = type(other)(**{**other.__dict__, "fingerprint": "another"})
    with pytest.raises(DataError, match="the evaluations are of different data"):
        difference_interval(evaluation, other)


@pytest.mark.parametrize("key", ["mR", "dup_mR"])
def test_draws_of_two_evaluations_differ_by_the_draws_of_the_difference(evaluation, key):
    bare = evaluation.without_adapters
    drawn = resample(evaluation, key, resamples=700, seed=2) - resample(
        bare, key, resamples=700, seed=2
    )
    _, low, high = difference_interval(evaluation, bare, key, resamples=700, seed=2)
    assert list(np.quantile(drawn, [0.025, 0.975])) == pytest.approx([low, high])
    with pytest.raises(ConfigError, match="key is 'R'; allowed are mR, dup_mR"):
        resample(evaluation, "R")


def test_hits_are_averaged_over_seeds(evaluation):
    bare = evaluation.without_adapters
    mean = mean_over_seeds([evaluation, bare, bare])
    assert mean.hits.i2t == pytest.approx((evaluation.hits.i2t + 2 * bare.hits.i2t) / 3)
    for key in ("mR", "dup_mR"):
        point = difference_interval(mean, bare, key, resamples=10)[0]
        assert point == pytest.approx((evaluation.metrics[key] - bare.metrics[key]) / 3)
    with pytest.raises(DataError, match="mean over seeds needs one split"):
        mean_over_seeds([evaluation, replace(bare, fingerprint="other")])
