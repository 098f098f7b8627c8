"""Intervals of differences."""

from dataclasses import replace

import numpy as np
import pytest

from harma.errors import ConfigError, DataError
from harma.evaluation import difference_interval, mean_over_seeds, resample
from harma.evaluation.bootstrap import ratio_interval
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


@pytest.mark.parametrize(("key", "prefix"), [("mR", ""), ("dup_mR", "dup_")])
def test_each_draw_is_of_images_with_their_captions(evaluation, key, prefix):
    """One draw at a time: captions come with their image, so each draw has its own number."""
    i2t = getattr(evaluation.hits, f"{prefix}i2t")
    t2i = getattr(evaluation.hits, f"{prefix}t2i")
    owner = evaluation.caption_to_image
    drawn = np.random.default_rng(5).integers(0, len(i2t), (200, len(i2t)))
    expected = []
    for images in drawn:
        captions = np.concatenate([np.flatnonzero(owner == image) for image in images])
        recalls = [*i2t[images].mean(axis=0), *t2i[captions].mean(axis=0)]
        expected.append(100 * np.mean(recalls))
    assert len(set(np.bincount(owner))) > 2, "captions are uneven"
    assert resample(evaluation, key, resamples=200, seed=5) == pytest.approx(np.array(expected))


def test_the_interval_is_the_middle_of_the_draws_of_both(evaluation):
    bare = evaluation.without_adapters
    drawn = resample(evaluation, resamples=600, seed=5) - resample(bare, resamples=600, seed=5)
    assert len(drawn) == 600
    _, low, high = difference_interval(evaluation, bare, resamples=600, seed=5, level=0.8)
    ordered = np.sort(drawn)
    assert ordered[59] <= low <= ordered[60]
    assert ordered[539] <= high <= ordered[540]


def test_bad_input(evaluation, split, embed):
    with pytest.raises(ConfigError, match="key is 'R@1'; allowed are mR, dup_mR"):
        difference_interval(evaluation, evaluation, "R@1")
    other = summarize_embedded(embed(1.0), split)
    other = replace(other, fingerprint="another")
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


def test_a_ratio_is_drawn_by_queries():
    parts = np.array([1.0, 0.0, 3.0])
    wholes = np.array([2.0, 0.0, 4.0])
    rng = np.random.default_rng(7)
    drawn = []
    # More than one block of draws, one by one.
    for size in (256, 44):
        for row in rng.integers(0, 3, (size, 3)):
            if wholes[row].sum():
                drawn.append(parts[row].sum() / wholes[row].sum())
    assert len(drawn) < 300
    expected = np.quantile(drawn, [0.05, 0.95])
    interval = ratio_interval(parts, wholes, resamples=300, seed=7, level=0.9)
    assert interval == pytest.approx(tuple(expected))


def test_nothing_has_no_ratio():
    assert np.isnan(ratio_interval(np.zeros(2), np.zeros(2), resamples=10)).all()
