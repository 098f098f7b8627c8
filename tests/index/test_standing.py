"""What scores mean."""

import numpy as np
import pytest

from harma.index.standing import Standings


def test_scores_that_stand_out():
    standings = Standings(np.random.default_rng(0).normal(0.2, 0.05, 4000))
    assert [standings.of(score) for score in (0.25, 0.34, 0.45)] == ["weak", "likely", "clear"]
    assert standings.percentile(0.2) == pytest.approx(50, abs=3)
    assert standings.percentile(1.0) == 100
    assert standings.percentile(-1.0) == 0


def test_matches_in_the_sample_do_not_hide_themselves():
    scores = np.concatenate([np.random.default_rng(0).normal(0.2, 0.05, 1000), np.full(100, 0.6)])
    assert Standings(scores).of(0.6) == "clear"


def test_ties_count_half():
    assert Standings(np.array([0.1, 0.2, 0.2, 0.3])).percentile(0.2) == 50


@pytest.mark.parametrize("sample", [[], [0.1] * 10, [0.1] * 100])
def test_where_nothing_can_be_told(sample):
    assert Standings(np.array(sample)).of(0.9) == ""


def test_clear_is_four_robust_deviations_above_the_middle_and_likely_two_and_a_half():
    """Of 41 scores around 10, a twentieth apart, half lie within 0.5: a deviation is 0.7413."""
    standings = Standings(np.linspace(-1, 1, 41) + 10)
    assert standings.deviation == pytest.approx(0.7413)
    given = [12.9653, 12.9651, 11.8533, 11.8532, 10.0, -50.0]
    told = ["clear", "likely", "likely", "weak", "weak", "weak"]
    assert [standings.of(score) for score in given] == told


def test_thirty_scores_are_enough_to_tell():
    assert Standings(np.linspace(-1, 1, 29)).of(9.0) == ""
    assert Standings(np.linspace(-1, 1, 30)).of(9.0) == "clear"


def test_percentiles_of_many_are_those_of_each():
    scores = np.array([-1.0, 0.1, 0.15, 0.2, 0.3, 1.0])
    for sample in ([], [0.1, 0.2, 0.2, 0.3], np.random.default_rng(0).random(1000)):
        standings = Standings(np.array(sample))
        each = [standings.percentile(score) for score in scores]
        assert standings.percentiles(scores).tolist() == each
