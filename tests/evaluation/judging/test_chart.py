"""The chart of a measured search: its curve is trec_eval's, its names are those of the queries."""

import re

import ir_measures
import pytest
from tests.evaluation.judging.made import ahead, index_of

from harma.evaluation.judging import evaluate_search
from harma.evaluation.judging.chart import MOST_QUERIES, search_chart
from harma.evaluation.judging.scores import RECALLS, precision_by_recall

SCORES = {f"c{rank:02d}": 0.9 - rank / 60 for rank in range(50)}


def test_precision_by_recall(tmp_path):
    index = index_of(tmp_path / "index", SCORES)
    # Ranks 1 and 4: precision 1 up to the first half, 2/4 to the end. Rank 2: a half everywhere.
    queries = [ahead("a", {"c00": 1, "c03": 1}), ahead("b", {"c01": 1})]
    found = evaluate_search(index, queries)
    precisions = precision_by_recall(found.qrels(), found.run())
    assert precisions == pytest.approx([0.75] * 6 + [0.5] * 5)
    measures = [ir_measures.IPrec @ recall for recall in RECALLS]
    expected = ir_measures.calc_aggregate(measures, found.qrels(), found.run())
    assert precisions == [expected[measure] for measure in measures]


def test_names_of_queries_are_texts(tmp_path):
    index = index_of(tmp_path / "index", SCORES)
    long = "a very long description of a place that nobody would write like this"
    queries = [ahead("<b> & $x$\nc", {"c00": 1}), ahead(long, {"c01": 1})]
    chart = search_chart(evaluate_search(index, queries, resamples=10))
    assert chart.startswith("<svg ")
    assert "&lt;b&gt; &amp; $x$ c" in chart
    assert f"{long[:39]}…" in chart
    assert re.search("AP of each query; mean 0.750", chart)


def test_of_many_queries_the_worst_are_drawn(tmp_path):
    index = index_of(tmp_path / "index", SCORES)
    queries = [ahead(f"query {rank:02d}", {f"c{rank:02d}": 1}) for rank in range(MOST_QUERIES + 5)]
    chart = search_chart(evaluate_search(index, queries, resamples=10))
    assert f"AP of {MOST_QUERIES} queries" in chart
    assert "query 04" not in chart
    assert "query 05" in chart
