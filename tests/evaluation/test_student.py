"""Quantiles of Student's t against tables."""

import pytest

from harma.evaluation.student import student_quantile


@pytest.mark.parametrize(
    ("share", "freedom", "expected"),
    [
        (0.975, 1, 12.7062),
        (0.975, 2, 4.30265),
        (0.975, 4, 2.77645),
        (0.975, 30, 2.04227),
        (0.8, 4, 0.940965),
        (0.5, 3, 0.0),
        (0.975, 1000, 1.96234),
    ],
)
def test_quantiles_are_those_of_tables(share, freedom, expected):
    assert student_quantile(share, freedom) == pytest.approx(expected, abs=1e-4)
