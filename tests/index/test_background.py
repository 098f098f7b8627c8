"""Mean, covariance and whitening of what an archive looks like."""

import numpy as np
import pytest

from harma.index.background import SHRINKAGE, WHITENED, background_of


def uneven(count, dim, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, dim)) * np.linspace(0.1, 2, dim) + rng.normal(size=dim)


def shrunk(sample):
    """The formula, as it is written."""
    covariance = np.cov(sample.T, bias=True)
    sphere = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return (1 - SHRINKAGE) * covariance + SHRINKAGE * sphere


@pytest.mark.parametrize("count", [500, 4, 2])
def test_mean_covariance_and_spread(count):
    """Also where there are fewer chips than dimensions."""
    sample = uneven(count, 6)
    background = background_of(sample.astype(np.float32))
    np.testing.assert_allclose(background.mean, sample.mean(axis=0), atol=1e-6)
    covariance = np.cov(sample.T, bias=True)
    direction = np.arange(6.0) - 2
    expected = covariance @ direction
    np.testing.assert_allclose(background.covaried(direction), expected, rtol=1e-4, atol=1e-5)
    assert background.spread(direction) == pytest.approx(np.sqrt(direction @ expected), rel=1e-3)


def test_whitening_is_a_power_of_the_covariance_and_scores_vary_by_one():
    sample = uneven(400, 5)
    background = background_of(sample)
    squared = background.whitening @ background.whitening
    variances, axes = np.linalg.eigh(shrunk(sample))
    power = (axes * variances**-WHITENED) @ axes.T
    np.testing.assert_allclose(squared / squared[0, 0], power / power[0, 0], atol=1e-9)
    # The mean over standard normal u of u'Λ C Λu.
    covariance = np.cov(sample.T, bias=True)
    assert np.trace(background.whitening @ covariance @ background.whitening) == pytest.approx(1)


@pytest.mark.parametrize(
    "sample", [np.empty((0, 4)), np.ones((1, 4)), np.full((50, 4), 0.5), np.ones((9, 4)) / 3]
)
def test_chips_that_do_not_differ_are_a_sphere(sample):
    background = background_of(sample)
    assert background.spread(np.eye(4)[1]) == pytest.approx(0.5)
    np.testing.assert_allclose(background.whitening, np.eye(4), atol=1e-12)
