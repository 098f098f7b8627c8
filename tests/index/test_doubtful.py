"""Chips to ask for: near the boundary between good and bad, and unlike each other."""

import numpy as np
import pytest
from tests.index.made import all_rows, make_store

from harma.errors import NotFoundError, QueryError
from harma.index.ask import Chip, Page, Query, Vector, Where
from harma.index.doubtful import boundary, different_ones
from harma.index.index import Index
from harma.index.standing import LIKELY, Standings

NONE = np.empty(0)
STANDINGS = Standings(np.linspace(0.0, 1.0, 101))


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        ([0.9, 0.8], [0.2, 0.4], 0.6),
        # One good among the bad ones: the gap above it leaves only that one behind.
        ([0.9, 0.8, 0.1], [0.2, 0.4], 0.6),
        # Bad ones are as many as they are: a share of each kind counts.
        ([0.9], [0.1, 0.2, 0.3, 0.5], 0.7),
        ([0.9, 0.5], [], 0.5),
        ([], [0.1, 0.3], 0.3),
        ([], [], 0.5 + LIKELY * 0.25 * 1.4826),
    ],
)
def test_the_boundary_leaves_fewest_on_the_wrong_side(good, bad, expected):
    found = boundary(np.array(good), np.array(bad), STANDINGS)
    assert found == pytest.approx(expected, abs=1e-6)


def test_each_is_unlike_those_before_it():
    degrees = np.radians([0, 2, 90, 88, 45])
    vectors = list(np.column_stack([np.cos(degrees), np.sin(degrees)]))
    assert different_ones(vectors, 3) == [0, 2, 4]
    assert sorted(different_ones(vectors, 9)) == [0, 1, 2, 3, 4]
    assert different_ones([], 3) == []
    # Copies are chosen last, once each.
    assert different_ones([vectors[0], vectors[0], vectors[2]], 3) == [0, 2, 1]


def test_the_first_do_not_depend_on_how_many_are_asked_for():
    """Each round chooses from the forty that are nearest then, a vector of its own first."""
    vectors = list(np.random.default_rng(2).normal(size=(100, 6)))
    chosen = different_ones(vectors, 100)
    assert sorted(chosen) == list(range(100))
    assert different_ones(vectors, 23) == chosen[:23]
    assert max(chosen[:10]) < 40
    assert chosen[10] == min(set(range(100)) - set(chosen[:10]))
    assert max(chosen[10:20]) < 50


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return Index(make_store(tmp_path_factory.mktemp("doubtful") / "index", 600, dim=16))


@pytest.fixture(scope="module")
def rows(index):
    return all_rows(index.store)


@pytest.fixture(scope="module")
def query(rows):
    """A vector, and marks on the chips around it: the best are good."""
    sought = np.array(rows[0]["embedding"], dtype=np.float32)
    scores = np.array([row["embedding"] for row in rows], dtype=np.float32) @ sought
    best = [rows[position]["id"] for position in np.argsort(-scores)]
    like = [Vector(sought), *map(Chip, best[:4])]
    return Query(like=like, unlike=[Chip(chip) for chip in best[30:34]])


def test_doubtful_chips_are_near_the_boundary_and_not_marked(index, rows, query):
    hits = index.find_doubtful(query, page=Page(k=8, overlap=None))
    assert len({hit.id for hit in hits}) == 8
    marked = {example.id for example in (*query.like[1:], *query.unlike)}
    assert marked.isdisjoint(hit.id for hit in hits)
    # All chips as the search ranks them, and the boundary between the marks.
    scores = {hit.id: hit.score for hit in index.find(query, page=Page(k=600, overlap=None))}
    worst_good = min(scores[example.id] for example in query.like[1:])
    best_bad = max(scores[example.id] for example in query.unlike)
    at = (worst_good + best_bad) / 2
    distances = sorted(abs(score - at) for chip, score in scores.items() if chip not in marked)
    assert max(abs(hit.score - at) for hit in hits) <= distances[39] + 1e-6
    assert abs(hits[0].score - at) == pytest.approx(distances[0], abs=1e-6)
    again = index.find_doubtful(query, page=Page(k=8, overlap=None))
    assert [hit.id for hit in again] == [hit.id for hit in hits]


def test_pages_filters_and_further_marks(index, query):
    hits = index.find_doubtful(query, page=Page(k=6, overlap=None))
    known = [hit.id for hit in hits[:2]]
    others = index.find_doubtful(query, page=Page(k=6, overlap=None), marked=known)
    assert set(known).isdisjoint(hit.id for hit in others)
    source = hits[0].source
    of_one = index.find_doubtful(query, Where(source=source), Page(k=50, overlap=None))
    assert {hit.source for hit in of_one} == {source}
    assert index.find_doubtful(query, Where(source="nothing"), Page(k=5)) == []
    first = index.find_doubtful(query, page=Page(k=2, overlap=None))
    assert len(first) == 2
    later = index.find_doubtful(query, page=Page(k=2, offset=2, overlap=None))
    both = index.find_doubtful(query, page=Page(k=4, overlap=None))
    assert [hit.id for hit in later] == [hit.id for hit in both][2:]


def test_what_cannot_be_asked(index):
    with pytest.raises(QueryError, match="a change has no doubtful chips; leave before and after"):
        index.find_doubtful(Query(like=[Vector(np.ones(16))]), Where(before="2015", after="2016"))
    with pytest.raises(NotFoundError, match="there is no chip 'gone' in the index"):
        index.find_doubtful(Query(like=[Chip("gone")]))
