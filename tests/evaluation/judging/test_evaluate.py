"""Figures of a search: by hand, and to the last digit those of ir_measures on the same lists."""

import math

import ir_measures
import numpy as np
import pytest
from tests.evaluation.judging.made import AHEAD, ahead, index_of
from tests.index.made import make_store

from harma import Query, Vector, Where
from harma.errors import ConfigError, DataError, NotFoundError, QueryError
from harma.evaluation.judging import (
    MEASURES,
    JudgedQuery,
    evaluate_search,
    search_difference,
)
from harma.index.index import Index

# Ranked a b c d e f; c and d score alike.
SCORES = {"f": 0.1, "e": 0.25, "d": 0.5, "c": 0.5, "b": 0.75, "a": 0.875}


@pytest.fixture
def index(tmp_path):
    return index_of(tmp_path / "index", SCORES)


def average_precision(ranking, relevance):
    """Mean over what is relevant of the precision at its rank; 0 for what was not found."""
    relevant = {name for name, grade in relevance.items() if grade >= 1}
    precisions = []
    for rank, name in enumerate(ranking, 1):
        if name in relevant:
            precisions.append(len(relevant & set(ranking[:rank])) / rank)
    return sum(precisions) / len(relevant)


def ndcg_at_10(ranking, relevance):
    """Grades over log2(rank + 1), as a share of the best order's."""

    def gain(grades):
        return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades[:10], 1))

    ideal = sorted(relevance.values(), reverse=True)
    return gain([relevance.get(name, 0) for name in ranking]) / gain(ideal)


def test_figures_by_hand(index):
    # b is unjudged, and e is the lower of the two grades.
    relevance = {"a": 3, "d": 0, "e": 1, "f": 2}
    found = evaluate_search(index, [ahead("boats", relevance)])
    figures = found.queries[0].figures
    ranking = [ranked.name for ranked in found.queries[0].ranking]
    assert ranking[:2] + ranking[4:] == ["a", "b", "e", "f"]
    assert figures["AP"] == pytest.approx((1 / 1 + 2 / 5 + 3 / 6) / 3, abs=1e-12)
    assert figures["AP"] == pytest.approx(average_precision(ranking, relevance), abs=1e-12)
    dcg = 3 + 1 / math.log2(6) + 2 / math.log2(7)
    best = 3 + 2 / math.log2(3) + 1 / math.log2(4)
    assert figures["nDCG@10"] == pytest.approx(dcg / best, abs=1e-12)
    assert figures["P@10"] == pytest.approx(3 / 10)
    assert figures["R@100"] == 1
    assert figures["RR"] == 1
    assert figures["Judged@10"] == pytest.approx(4 / 6)
    # Of one query there is no interval.
    assert found.figures["AP"].low is None


def made_queries(index, count=7):
    """Queries on made vectors: graded, with unjudged chips, some of which are found by none."""
    rows = index.store.rows(["id", "embedding"]).to_pylist()
    rng = np.random.default_rng(3)
    queries = []
    for number in range(count):
        vector = np.array(rows[number]["embedding"], dtype=np.float32)
        relevance = {}
        for row in rows:
            if rng.random() < 0.4:
                likeness = float(np.dot(vector, np.array(row["embedding"], dtype=np.float32)))
                relevance[row["id"]] = int(np.clip(4 * likeness - rng.random(), 0, 3))
        queries.append(JudgedQuery(f"query {number}", Query(image=Vector(vector)), relevance))
    return queries


@pytest.fixture
def archive(tmp_path):
    make_store(tmp_path / "archive", 400, clusters=6)
    return Index.open(tmp_path / "archive")


def test_figures_are_those_of_ir_measures_to_the_last_digit(archive):
    queries = made_queries(archive)
    # One that finds nothing at all, and so is missing in the run.
    nothing = Where(date=("1950", "1951"))
    queries.append(JudgedQuery("nothing", queries[0].query, {"00000003": 1}, nothing))
    found = evaluate_search(archive, queries, depth=120)

    qrels = []
    run = []
    for query in queries:
        for name, grade in query.relevance.items():
            qrels.append(ir_measures.Qrel(query.id, name, grade))
        hits = archive.find(query.query, query.where, page(120))
        # Ranks as scores: the order of the search, whatever the scores.
        for rank, hit in enumerate(hits):
            run.append(ir_measures.ScoredDoc(query.id, hit.id, float(1000 - rank)))
    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    expected = ir_measures.calc(measures, qrels, run)
    assert {name: figure.mean for name, figure in found.figures.items()} == {
        str(measure): value for measure, value in expected.aggregated.items()
    }
    of_query = {query.query.id: query.figures for query in found.queries}
    assert len(expected.per_query) == len(queries) * len(MEASURES)
    for metric in expected.per_query:
        assert of_query[metric.query_id][str(metric.measure)] == metric.value
    assert set(of_query["nothing"].values()) == {0.0}
    for query in found.queries:
        ranking = [ranked.name for ranked in query.ranking]
        hand = average_precision(ranking, query.query.relevance)
        assert query.figures["AP"] == pytest.approx(hand, abs=1e-12)
        hand = ndcg_at_10(ranking, query.query.relevance)
        assert query.figures["nDCG@10"] == pytest.approx(hand, abs=1e-12)


def page(k):
    from harma import Page

    return Page(k=k, overlap=None, exact=True)


def test_equal_scores_stand_as_the_search_has_them(index):
    hits = index.find(Query(image=Vector(AHEAD)), page=page(6))
    order = [hit.id for hit in hits]
    # Of c and d one comes first, and so it does in the figures, whichever is relevant.
    first, second = order[2:4]
    better = evaluate_search(index, [ahead("q", {first: 1})]).figures["RR"].mean
    worse = evaluate_search(index, [ahead("q", {second: 1})]).figures["RR"].mean
    assert (better, worse) == (pytest.approx(1 / 3), 1 / 4)


def test_intervals_are_over_queries(archive):
    queries = made_queries(archive)
    found = evaluate_search(archive, queries, resamples=2000)
    figure = found.figures["AP"]
    assert figure.low < figure.mean < figure.high
    values = np.array([query.figures["AP"] for query in found.queries])
    assert values.min() <= figure.low
    assert figure.high <= values.max()
    again = evaluate_search(archive, queries, resamples=2000)
    assert again.figures == found.figures
    assert evaluate_search(archive, queries, resamples=2000, seed=1).figures["AP"] != figure


def test_precision_of_standings(archive):
    queries = made_queries(archive)
    found = evaluate_search(archive, queries, depth=200)
    counts = dict.fromkeys(("clear", "likely", "weak"), 0)
    relevant = dict(counts)
    for query in queries:
        for hit in archive.find(query.query, query.where, page(200)):
            counts[hit.standing] += 1
            relevant[hit.standing] += query.relevance.get(hit.id, 0) >= 1
    assert list(found.standings) == ["clear", "likely", "weak"]
    for name, standing in found.standings.items():
        assert (standing.hits, standing.relevant) == (counts[name], relevant[name])
        assert standing.judged <= standing.hits
        assert standing.precision.mean == relevant[name] / counts[name]
    assert sum(counts.values()) == 200 * len(queries)


def test_hits_without_a_standing_are_counted_apart(index):
    found = evaluate_search(index, [ahead("q", {"a": 1})])
    assert found.standings["clear"].precision is None
    assert found.standings[""].hits == 6


def test_scenes_stand_at_the_rank_of_their_best_chip(tmp_path):
    sources = {"a": "/x/one.tif", "c": "/x/one.tif", "b": "/x/two.tif", "d": "/y/two.tif"}
    index = index_of(tmp_path / "index", SCORES, sources)
    queries = [ahead("q", {"x/two.tif": 1, "f.tif": 1, "one.tif": 0})]
    found = evaluate_search(index, queries, by="source")
    names = [ranked.name for ranked in found.queries[0].ranking]
    assert names == ["/x/one.tif", "/x/two.tif", "/y/two.tif", "/scenes/e.tif", "/scenes/f.tif"]
    assert found.queries[0].figures["AP"] == pytest.approx((1 / 2 + 2 / 5) / 2)
    assert found.queries[0].query.relevance == {
        "/x/two.tif": 1,
        "/scenes/f.tif": 1,
        "/x/one.tif": 0,
    }
    few = evaluate_search(index, queries, by="source", depth=2)
    assert [ranked.name for ranked in few.queries[0].ranking] == names[:2]


def test_all_sources_are_reached_where_one_fills_the_first_hits(tmp_path):
    scores = {f"c{number:03d}": 0.9 - number / 1000 for number in range(400)}
    # All but the last few are of one scene.
    sources = dict.fromkeys(list(scores)[:-3], "/large.tif")
    index = index_of(tmp_path / "index", scores, sources)
    found = evaluate_search(index, [ahead("q", {"c399.tif": 1})], by="source", depth=4)
    names = [ranked.name for ranked in found.queries[0].ranking]
    assert names == ["/large.tif", "/scenes/c397.tif", "/scenes/c398.tif", "/scenes/c399.tif"]


def test_depth_and_filters_count_as_not_found(index):
    queries = [ahead("q", {"a": 1, "f": 1})]
    assert evaluate_search(index, queries).figures["R@100"].mean == 1
    assert evaluate_search(index, queries, depth=3).figures["R@100"].mean == 0.5
    elsewhere = [ahead("q", {"a": 1, "f": 1}, where=Where(source="*/f.tif"))]
    assert evaluate_search(index, elsewhere).figures["RR"].mean == 1
    assert evaluate_search(index, elsewhere).figures["R@100"].mean == 0.5


def test_differences_are_paired(archive):
    queries = made_queries(archive)
    deep = evaluate_search(archive, queries)
    shallow = evaluate_search(archive, queries, depth=20)
    difference = search_difference(deep, shallow)
    assert difference.mean == pytest.approx(deep.figures["AP"].mean - shallow.figures["AP"].mean)
    # All queries gain, so that the interval of their gains lies above 0, whatever their scatter.
    assert 0 < difference.low < difference.mean < difference.high
    assert search_difference(deep, deep, "nDCG@10").high == 0
    with pytest.raises(DataError, match="different queries or judgments"):
        search_difference(deep, evaluate_search(archive, queries[1:]))
    with pytest.raises(DataError, match="the measure is 'mAP'; allowed are AP, nDCG@10"):
        search_difference(deep, shallow, "mAP")


def test_settings_and_progress_are_told(index):
    told = []
    found = evaluate_search(index, [ahead("q", {"a": 1})], progress=lambda *said: told.append(said))
    assert told == [("searching", 0, 1), ("searching", 1, 1)]
    assert found.settings.model_id == "made"
    assert found.settings.index_version == index.store.versions
    assert found.settings.depth.count == 1000


def test_what_cannot_be_evaluated_is_named(index, tmp_path):
    good = ahead("q", {"a": 1})
    with pytest.raises(DataError, match="there are no queries"):
        evaluate_search(index, [])
    with pytest.raises(DataError, match="2 queries are called 'q'"):
        evaluate_search(index, [good, good])
    with pytest.raises(NotFoundError, match="2 of 3 judged chips are not in .*: 'x', 'y'"):
        evaluate_search(index, [ahead("q", {"a": 1, "x": 0, "y": 1})])
    with pytest.raises(ConfigError, match="by is 'scene'; judgments are by chip or by source"):
        evaluate_search(index, [good], by="scene")
    with pytest.raises(ConfigError, match="the depth is 0; it must be from 1 to 100,000"):
        evaluate_search(index, [good], depth=0)
    with pytest.raises(DataError, match="two of its judgments are of one source"):
        evaluate_search(index, [ahead("q", {"a.tif": 1, "scenes/a.tif": 0})], by="source")
    change = ahead("later", {"a": 1}, where=Where(before="2010", after="2012"))
    with pytest.raises(QueryError, match="query 'later': no chip with a place and a date"):
        evaluate_search(index, [change])
