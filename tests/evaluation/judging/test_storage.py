"""What is left of a measured search: figures as they are, a run that gives them again."""

import json

import ir_measures
import pytest
from tests.evaluation.judging.made import ahead, index_of

from harma.errors import ConfigError
from harma.evaluation.judging import MEASURES, compared, evaluate_search, save_search

SCORES = {name: 0.9 - rank / 50 for rank, name in enumerate("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ")}


@pytest.fixture
def evaluation(tmp_path):
    # Two score alike, so that a reader that sorts them by names has other figures.
    index = index_of(tmp_path / "index", {**SCORES, "c": SCORES["b"], "z": SCORES["y"]})
    queries = [ahead("a road", {"b": 2, "c": 0, "z": 1}), ahead("b", {"c": 1, "J": 1})]
    return evaluate_search(index, queries, resamples=200)


def test_figures_and_settings_are_written(evaluation, tmp_path):
    save_search(evaluation, tmp_path / "out" / "deep")
    values = json.loads((tmp_path / "out" / "deep" / "search.json").read_text())
    for name, figure in evaluation.figures.items():
        assert values["figures"][name] == vars(figure)
    assert values["settings"]["model_id"] == "made"
    assert values["settings"]["index_version"] == list(evaluation.settings.index_version)
    assert values["settings"]["by"] == "chip"
    assert values["against"] is None
    assert [query["id"] for query in values["queries"]] == ["a road", "b"]
    first = values["queries"][0]
    assert (first["judged"], first["relevant"], first["ranked"]) == (3, 2, 36)
    assert first["figures"] == evaluation.queries[0].figures
    of_queries = [query["standings"]["weak"]["hits"] for query in values["queries"]]
    assert values["standings"]["weak"]["hits"] == sum(of_queries)


def test_run_and_qrels_give_the_same_figures_to_the_last_digit(evaluation, tmp_path):
    save_search(evaluation, tmp_path)
    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    qrels = ir_measures.read_trec_qrels(str(tmp_path / "qrels.trec"))
    run = ir_measures.read_trec_run(str(tmp_path / "run.trec"))
    again = ir_measures.calc_aggregate(measures, qrels, run)
    assert {str(measure): value for measure, value in again.items()} == {
        name: figure.mean for name, figure in evaluation.figures.items()
    }


def test_an_earlier_run_stands_beside(evaluation, tmp_path):
    save_search(evaluation, tmp_path / "a")
    save_search(evaluation, tmp_path / "b", compared(evaluation, tmp_path / "a"))
    against = json.loads((tmp_path / "b" / "search.json").read_text())["against"]
    assert against["run"] == str(tmp_path / "a" / "run.trec")
    assert against["differences"]["AP"] == {"mean": 0, "low": 0, "high": 0}
    assert against["figures"]["AP"] == evaluation.figures["AP"].mean


def test_what_cannot_be_written_is_named(evaluation):
    with pytest.raises(ConfigError, match="is an address"):
        save_search(evaluation, "s3://bucket/x")
