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
