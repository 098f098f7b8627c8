"""Rankings: scores that fall, depths, how many chips are looked at for sources."""

import logging

import numpy as np
import pytest
from tests.evaluation.judging.made import ahead, index_of

from harma.errors import ConfigError
from harma.evaluation.judging import ranking
from harma.evaluation.judging.ranking import Depth, ranking_of


def test_equal_scores_fall_by_the_smallest_step(tmp_path):
    scores = {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.25}
    index = index_of(tmp_path / "index", scores)
    ranked = ranking_of(index, ahead("q", {"a": 1}), Depth()).ranks
    values = [one.score for one in ranked]
    assert values[1] == np.nextafter(np.float32(values[0]), np.float32(0))
    assert values[2] == np.nextafter(np.float32(values[1]), np.float32(0))
    assert values[3] == pytest.approx(0.25)
    # Programs that read runs hold scores in float32.
    assert (np.diff(np.array(values, dtype=np.float32)) < 0).all()


def test_scores_below_zero_and_nearly_equal_ones_fall_too():
    values = [0.1, 0.1, np.nextafter(np.float32(0.1), np.float32(0)), 0.0, 0.0, -0.5, -0.5]
    falling = ranking._falling(values)
    assert (np.diff(np.array(falling, dtype=np.float32)) < 0).all()
    assert falling[0] == np.float32(0.1)
    assert falling == pytest.approx(values, abs=1e-6)


def test_sources_that_lie_too_deep_are_told(tmp_path, monkeypatch, caplog):
    scores = {f"c{number:02d}": 0.9 - number / 100 for number in range(40)}
    sources = dict.fromkeys(list(scores)[:-1], "/large.tif")
    index = index_of(tmp_path / "index", scores, sources)
    monkeypatch.setattr(ranking, "MOST_HITS", 20)
    with caplog.at_level(logging.WARNING):
        ranked = ranking_of(index, ahead("q", {"c39.tif": 1}), Depth("source", 2)).ranks
    assert [one.name for one in ranked] == ["/large.tif"]
    assert "query 'q': the best 20 chips are of 1 sources" in caplog.text


@pytest.mark.parametrize("count", [0, 100_001])
def test_depth_is_checked(count):
    with pytest.raises(ConfigError, match=f"the depth is {count}; it must be from 1 to 100,000"):
        Depth("chip", count)
