import numpy as np
import pytest

from harma.curation.audit import descriptors as module
from harma.curation.audit.descriptors import descriptors, frequencies, sampling
from harma.curation.audit.looks import LOOK_SIDE


def product(first, second):
    return float((descriptors(frequencies(first)) * descriptors(frequencies(second))).sum())


def test_descriptors_do_not_depend_on_brightness_and_contrast():
    grey = np.random.default_rng(0).integers(0, 100, (1, LOOK_SIDE, LOOK_SIDE), dtype=np.uint8)
    other = (2 * grey + 30).astype(np.uint8)
    assert product(grey, other) == pytest.approx(1, abs=1e-4)


def test_frequencies_are_those_of_the_cosine_transform():
    """Against the sum of the definition, over cells of 2×2 pixels."""
    grey = np.random.default_rng(1).integers(0, 256, (1, LOOK_SIDE, LOOK_SIDE), dtype=np.uint8)
    cells = grey[0].reshape(32, 2, 32, 2).mean(axis=(1, 3))
    found = frequencies(grey)[0]
    place = (np.arange(32) + 0.5) / 32
    for down, across in ((0, 0), (1, 0), (3, 5), (7, 7)):
        wave = np.outer(np.cos(np.pi * down * place), np.cos(np.pi * across * place))
        assert found[down, across] == pytest.approx((cells * wave).sum(), rel=1e-3, abs=0.5)


def test_a_part_is_what_lies_in_the_box():
    grey = np.zeros((1, LOOK_SIDE, LOOK_SIDE), np.uint8)
    grey[:, : LOOK_SIDE // 2] = 200
    assert frequencies(grey, (0, 0.5, 0, 1))[0, 0, 0] == pytest.approx(200 * 32 * 32)
    assert frequencies(grey, (0.5, 1, 0, 1))[0, 0, 0] == pytest.approx(0)


def test_weights_are_the_frequency_of_a_coefficient():
    """The mean is left out; of the others each counts by its distance from it."""
    coefficients = np.zeros((1, 8, 8), np.float32)
    coefficients[0, 0, 0] = 1000
    coefficients[0, 3, 4] = 1
    coefficients[0, 0, 2] = 1
    found = descriptors(coefficients)[0]
    assert found.shape == (63,)
    # hypot(3, 4) = 5 against 2·√½: a cosine of frequency 0 has twice the energy.
    assert found[3 * 8 + 4 - 1] / found[2 - 1] == pytest.approx(5 / (2 * np.sqrt(0.5)), rel=1e-5)
    assert np.linalg.norm(found) == pytest.approx(1)


def test_cells_average_their_part_of_a_line():
    weights = sampling(np.array([0.0]), np.array([0.5]), 2)[0]
    assert weights.shape == (2, LOOK_SIDE)
    assert np.allclose(weights[0, :16], 1 / 16)
    assert np.allclose(weights[1, 16:32], 1 / 16)
    assert weights[:, 32:].max() == 0
    # Half of the first cell lies before the line.
    hanging = sampling(np.array([-0.25]), np.array([0.75]), 2)[0]
    assert hanging.sum(axis=1).tolist() == pytest.approx([0.5, 1])


def test_portions_change_nothing(monkeypatch):
    grey = np.random.default_rng(2).integers(0, 256, (5, LOOK_SIDE, LOOK_SIDE), dtype=np.uint8)
    expected = frequencies(grey)
    assert np.abs(expected).min(axis=(1, 2)).max() > 0
    monkeypatch.setattr(module, "AT_ONCE", 2)
    assert np.allclose(frequencies(grey), expected, rtol=1e-5)
    assert np.allclose(frequencies(grey)[3], frequencies(grey[3:4])[0], rtol=1e-5)
