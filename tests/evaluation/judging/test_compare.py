"""A search beside an earlier run: by the judgments of now, query by query."""

import logging

import pytest
from tests.evaluation.judging.made import ahead, index_of

from harma.errors import DataError, MissingFileError
from harma.evaluation.judging import (
    compared,
    evaluate_search,
    save_search,
    search_difference,
)

SCORES = {name: 0.9 - rank / 20 for rank, name in enumerate("abcdefgh")}
SOURCES = {"a": "/x/my a.tif"}


@pytest.fixture
def index(tmp_path):
    return index_of(tmp_path / "index", SCORES, SOURCES)


QUERIES = [ahead("a road", {"a": 2, "d": 1, "h": 1}), ahead("b", {"c": 1}), ahead("c", {"h": 1})]


def test_differences_are_those_of_two_evaluations(index, tmp_path):
    deep = evaluate_search(index, QUERIES)
    shallow = evaluate_search(index, QUERIES, depth=3)
    save_search(shallow, tmp_path / "shallow")
    comparison = compared(deep, tmp_path / "shallow")
    assert comparison.earlier == {name: one.mean for name, one in shallow.figures.items()}
    assert list(comparison.differences) == ["AP", "nDCG@10"]
    for name, figure in comparison.differences.items():
        assert figure == search_difference(deep, shallow, name)
        assert figure.mean > 0
    # The file itself may be named, as a run of another program is.
    assert compared(deep, tmp_path / "shallow" / "run.trec") == comparison


def test_names_with_spaces_are_the_same_again(index, tmp_path):
    queries = [ahead("a road", {"my a.tif": 1})]
    evaluation = evaluate_search(index, queries, by="source")
    save_search(evaluation, tmp_path / "out")
    assert compared(evaluation, tmp_path / "out").earlier["AP"] == 1


def test_queries_that_the_run_lacks_count_as_finding_nothing(index, tmp_path, caplog):
    save_search(evaluate_search(index, QUERIES[:2]), tmp_path / "out")
    evaluation = evaluate_search(index, QUERIES)
    with caplog.at_level(logging.WARNING):
        comparison = compared(evaluation, tmp_path / "out")
    assert "finds nothing for 1 queries: 'c'" in caplog.text
    assert comparison.differences["AP"].mean == pytest.approx(1 / 8 / 3)


def test_runs_that_do_not_compare_are_named(index, tmp_path):
    evaluation = evaluate_search(index, QUERIES)
    with pytest.raises(MissingFileError, match=r"none is not there; name a directory that"):
        compared(evaluation, tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFileError, match=r"empty/run.trec is not there"):
        compared(evaluation, tmp_path / "empty")
    (tmp_path / "run").write_text("x Q0 a 1 0.5 t\n")
    with pytest.raises(DataError, match="has none of the queries that were asked, but 'x'"):
        compared(evaluation, tmp_path / "run")
    (tmp_path / "run").write_text("b Q0 elsewhere 1 0.5 t\n")
    with pytest.raises(DataError, match="has nothing that is judged or found here"):
        compared(evaluation, tmp_path / "run")
