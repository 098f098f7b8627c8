"""A query's direction, refined by good and bad examples."""

import itertools

import numpy as np
import pytest

from harma.errors import QueryError
from harma.index.background import background_of
from harma.index.refine import (
    ODDS_VARIANCE,
    SLOPE_VARIANCE,
    STRENGTHS,
    TRUSTS,
    USUAL_ODDS,
    refine,
)

DIM = 12
NOTHING = np.empty((0, DIM))


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


@pytest.fixture(scope="module")
def archive():
    """Embeddings that vary unevenly around a mean."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(600, DIM)) * np.linspace(0.3, 1.5, DIM) + rng.normal(size=DIM)
    return unit(rows)


@pytest.fixture(scope="module")
def background(archive):
    return background_of(archive)


@pytest.fixture(scope="module")
def text():
    return unit(np.random.default_rng(1).normal(size=DIM))


def angle(first, second):
    """Degrees."""
    return np.degrees(np.arccos(np.clip(np.dot(first, second), -1, 1)))


def by_kernels(text, good, bad, archive):
    """The rule as a Gaussian process (Rasmussen and Williams, algorithms 3.1 and 5.1)."""
    mean = archive.mean(axis=0)
    covariance = np.cov(archive.T, bias=True)
    variances, axes = np.linalg.eigh(covariance)
    variances = 0.9 * variances + 0.1 * variances.mean()
    prior = (axes * variances**-0.6) @ axes.T
    prior /= np.trace(prior @ covariance)
    # Conditioned on scores that do not vary with the description's.
    across = covariance @ text
    prior -= np.outer(prior @ across, prior @ across) / (across @ prior @ across)
    rows = np.concatenate([good, bad]) - mean
    labels = np.repeat([1.0, 0.0], [len(good), len(bad)])
    spread = np.sqrt(text @ across)
    scores = rows @ text / spread
    directions, chances = [], []
    for trust, strength in itertools.product(TRUSTS, STRENGTHS):
        before = trust * scores + USUAL_ODDS
        kernel = strength * rows @ prior @ rows.T
        kernel += SLOPE_VARIANCE * np.outer(scores, scores) + ODDS_VARIANCE
        latent = np.zeros(len(rows))
        for _ in range(100):
            good_chance = 1 / (1 + np.exp(-(before + latent)))
            curvature = np.diag(good_chance * (1 - good_chance))
            to_solve = np.eye(len(rows)) + curvature @ kernel
            dual = np.linalg.solve(to_solve, curvature @ latent + labels - good_chance)
            # Half steps: whole ones may swing to and fro.
            latent = (latent + kernel @ dual) / 2
        evidence = -np.logaddexp(0, -(2 * labels - 1) * (before + latent)).sum()
        evidence -= 0.5 * dual @ latent + 0.5 * np.linalg.slogdet(to_solve)[1]
        chances.append(TRUSTS[trust] * STRENGTHS[strength] * np.exp(evidence))
        directions.append(trust * text / spread + strength * prior @ rows.T @ dual)
    return unit(np.array(chances) @ directions)


@pytest.mark.parametrize(("num_good", "num_bad"), [(1, 0), (3, 2), (0, 4), (9, 21)])
def test_the_rule_is_that_of_its_formulas(archive, background, text, num_good, num_bad):
    best = archive[np.argsort(-(archive @ text))]
    good, bad = best[:num_good], best[num_good : num_good + num_bad]
    found = refine(text, good, bad, background)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, by_kernels(text, good, bad, archive), atol=2e-4)


def test_without_marks_the_description_stays(background, text):
    np.testing.assert_allclose(refine(3 * text, NOTHING, NOTHING, background), text, atol=1e-7)


def test_good_examples_alone_are_their_mean(archive, background):
    found = refine(None, archive[:3], NOTHING, background, good_weights=np.array([1.0, 2.0, 0.5]))
    mean = unit(np.array([1.0, 2.0, 0.5]) @ archive[:3])
    np.testing.assert_allclose(found, mean, atol=1e-6)
    np.testing.assert_allclose(refine(None, archive[4:5], NOTHING, background), archive[4])


def test_bad_examples_are_left_behind_without_a_description(archive, background):
    found = refine(None, archive[:2], archive[2:5], background)
    mean = unit(archive[:2].sum(axis=0))
    assert (archive[2:5] @ found).mean() < (archive[2:5] @ mean).mean()
    assert found @ mean > 0.5


@pytest.mark.parametrize("is_good", [True, False])
def test_marks_of_one_kind_draw_near_or_push_away(archive, background, text, is_good):
    marked = archive[:4]
    found = refine(text, marked, NOTHING, background)
    if not is_good:
        found = refine(text, NOTHING, marked, background)
    # By how scores in the archive stand: a direction of its own has other cosines.
    standing = [
        ((marked - background.mean) @ direction / background.spread(direction)).mean()
        for direction in (text, found)
    ]
    assert (standing[1] > standing[0]) == is_good
    assert 0.1 < angle(found, text) < 60


def test_a_chip_that_is_good_and_bad_teaches_little(archive, background, text):
    both = refine(text, archive[:1], archive[:1], background)
    good = refine(text, archive[:1], NOTHING, background)
    assert angle(both, text) < 0.7 * angle(good, text)


def test_marks_that_are_there_twice_count_twice(archive, background, text):
    good, bad = archive[:3], archive[3:8]
    twice = refine(text, np.repeat(good, 2, axis=0), np.repeat(bad, 2, axis=0), background)
    heavy = refine(
        text, good, bad, background, good_weights=np.full(3, 2.0), bad_weights=np.full(5, 2.0)
    )
    np.testing.assert_allclose(twice, heavy, atol=1e-3)
    assert angle(twice, refine(text, good, bad, background)) > 0.1


def test_marks_of_hardly_any_weight_teach_nothing(archive, background, text):
    weights = np.full(5, 1e-9)
    found = refine(
        text, archive[:5], archive[5:10], background, good_weights=weights, bad_weights=weights
    )
    np.testing.assert_allclose(found, text, atol=1e-5)


def test_what_is_learnt_does_not_vary_with_the_description(archive, background, text):
    found = refine(text, archive[:5], archive[5:20], background).astype(np.float64)
    across = background.covaried(text)
    # The part of the description is what its scores share with those of the direction.
    learnt = found - text * (found @ across) / (text @ across)
    assert abs(learnt @ across) < 1e-6
    assert np.linalg.norm(learnt) > 0.01


def test_many_marks_are_told_apart(archive, background, text):
    """Two hundred marks of a direction that has nothing to do with the text."""
    sought = np.random.default_rng(5).normal(size=DIM)
    scores = (archive - background.mean) @ sought
    marked, rest = archive[:200], archive[200:]
    is_good = scores[:200] > 0
    found = refine(text, marked[is_good], marked[~is_good], background)
    ranked = scores[200:][np.argsort(-(rest @ found))]
    by_text = scores[200:][np.argsort(-(rest @ text))]
    assert (ranked[:50] > 0).mean() > 0.9
    assert (by_text[:50] > 0).mean() < 0.7
    again = refine(text, marked[is_good], marked[~is_good], background)
    np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize(
    "sample",
    [np.empty((0, DIM)), unit(np.ones((1, DIM))), unit(np.ones((40, DIM))), "three chips"],
)
def test_archives_that_say_little_or_nothing(archive, text, sample):
    if isinstance(sample, str):
        sample = archive[:3]
    found = refine(text, archive[:2], archive[2:4], background_of(sample))
    assert np.isfinite(found).all()
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)
    assert found @ text > 0.5


@pytest.mark.parametrize("scale", [1e-4, 1e4])
def test_weights_far_from_usual_are_borne(archive, background, text, scale):
    weights = np.full(3, scale)
    found = refine(
        text, archive[:3], archive[3:6], background, good_weights=weights, bad_weights=weights
    )
    assert np.isfinite(found).all()
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-6)


def test_what_has_no_direction_is_refused(archive, background):
    with pytest.raises(QueryError, match="nothing to look for: give a text or a good example"):
        refine(None, NOTHING, archive[:1], background)
    opposite = np.stack([archive[0], -archive[0]])
    with pytest.raises(QueryError, match="the examples to be like cancel out; leave one out"):
        refine(None, opposite, NOTHING, background)
