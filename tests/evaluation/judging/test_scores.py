"""Means and shares with intervals over queries; queries that find nothing."""

import sys

import numpy as np
import pytest

from harma.errors import MissingDependencyError
from harma.evaluation.judging.scores import (
    MEASURES,
    Draws,
    check_measures,
    mean_figure,
    scored,
    share_figure,
)

DRAWS = Draws(resamples=400)


def test_queries_that_find_nothing_count_with_zero():
    qrels = {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1}}
    means, by_query = scored(qrels, {"a": {"x": 1.0}, "b": {}})
    assert list(means) == list(MEASURES)
    assert means["AP"] == pytest.approx(1 / 3)
    assert by_query["a"]["Judged@10"] == 1
    for query in ("b", "c"):
        assert by_query[query] == dict.fromkeys(MEASURES, 0.0)


def test_what_is_found_by_queries_that_were_not_judged_does_not_count():
    means, by_query = scored({"a": {"x": 1}}, {"a": {"x": 1.0}, "z": {"x": 1.0}})
    assert means["AP"] == 1
    assert list(by_query) == ["a"]


def test_a_mean_is_drawn_over_queries():
    values = [0.0, 0.25, 0.5, 1.0]
    figure = mean_figure(values, DRAWS)
    rng = np.random.default_rng(0)
    means = []
    # As it is drawn there, but one by one.
    for size in (256, 144):
        means += [np.mean(np.array(values)[row]) for row in rng.integers(0, 4, (size, 4))]
    assert figure.mean == 0.4375
    assert [figure.low, figure.high] == pytest.approx(list(np.quantile(means, [0.025, 0.975])))


def test_a_share_is_of_all_and_drawn_over_queries():
    # The mean of the two shares would be a half.
    figure = share_figure([1, 0], [1, 9], DRAWS)
    assert figure.mean == 0.1
    assert (figure.low, figure.high) == (0, 1)
    assert share_figure([0, 0], [0, 0], DRAWS) is None
    # Draws of the second query alone share nothing.
    assert share_figure([1, 0], [2, 0], DRAWS).low == 0.5


def test_one_query_has_no_interval():
    assert mean_figure([0.5], DRAWS).low is None
    assert share_figure([1], [2], DRAWS).high is None


def test_a_missing_library_is_named(monkeypatch):
    check_measures()
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    with pytest.raises(MissingDependencyError, match=r"ir_measures: pip install 'harma\[judge\]'"):
        check_measures()
