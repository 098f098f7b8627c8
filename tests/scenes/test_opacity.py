"""What is declared as alpha, and is one or not."""

import numpy as np
import pytest

from harma.scenes.opacity import has_data, is_measured


def nothing():
    """Colours of a picture in which nothing is to be seen."""
    return np.zeros(9, dtype=np.uint8)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 255] * 100, False),
        ([255] * 100, False),
        ([0] * 100, False),
        ([128] * 100, False),  # half transparent everywhere
        ([*range(256)] + [255] * 1000, False),  # feathered edges
        ([*range(40, 140)] * 5, True),
        ([0] * 900 + [*range(40, 140)], True),  # mostly water
        ([], False),
    ],
)
def test_alpha_and_measured_bands(values, expected):
    assert is_measured(np.array(values, dtype=np.uint8), nothing) == expected
    assert is_measured(np.array(values, dtype=np.uint16) * 257, nothing) == expected
    assert is_measured(np.array(values, dtype=np.float32) / 255, nothing) == expected


def test_empty_pixels():
    alpha = np.array([[0, 0, 255]], dtype=np.uint8)
    colors = np.array([[[0, 9, 0]], [[0, 0, 0]]], dtype=np.uint8)
    assert has_data(alpha, colors, measured=False).tolist() == [[False, False, True]]
    assert has_data(alpha, colors, measured=True).tolist() == [[False, True, True]]


def test_a_picture_below_an_alpha_that_is_nowhere_opaque():
    alpha = np.zeros(100, dtype=np.uint8)
    assert is_measured(alpha, lambda: np.arange(100))
    assert not is_measured(alpha, lambda: np.arange(100) % 3)
    opaque = np.full(100, 255, dtype=np.uint8)
    assert not is_measured(opaque, lambda: np.arange(100))
