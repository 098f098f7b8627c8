"""The ANN index in segments: by several processes it finds what one finds."""

import sys

import numpy as np
import pytest
from tests.index.made import fill, make_store

from harma.errors import MissingDependencyError
from harma.index.ann_segments import shared_out
from harma.index.ann_tuning import Probes, make_ann
from harma.index.compaction import keep_quick
from harma.index.schema import embeddings_of
from harma.index.search import best_of

DIM = 32


@pytest.fixture
def store(tmp_path):
    """In four files."""
    store = make_store(tmp_path / "index", 1500, dim=DIM)
    for number in range(3):
        fill(store, 1500, seed=number + 5)
    return store


@pytest.mark.parametrize("kind", ["IVF_RQ", "IVF_FLAT"])
def test_several_processes_make_what_one_makes(store, kind):
    pytest.importorskip("lance")
    store.create_ann(kind, 4, 12)
    probes = Probes(store, None)
    of_one = probes.measure(4)[4]
    every = probes.measure(12)[8]
    assert every["image"] > 0.99
    store.create_ann(kind, 4, 12, num_workers=2)
    assert (store.num_segments(), store.num_unindexed()) == (1, 0)
    in_parts = probes.measure(4)[4]
    every = probes.measure(12)[8]
    assert every["image"] > 0.99
    # Partitions are found from random starts, and few of them are looked into.
    assert in_parts["image"] > of_one["image"] - 0.15


def test_what_several_made_grows_as_any(store):
    pytest.importorskip("lance")
    ann = make_ann(store, None, num_workers=3)
    assert ann is not None
    fill(store, 600, seed=11)
    keep_quick(store, None)
    assert (store.num_segments(), store.num_unindexed()) == (2, 0)
    vectors = embeddings_of(store.rows(["embedding"]))
    ids = store.rows(["id"])["row_id"].to_numpy()
    best, _ = best_of(ids, vectors @ vectors[-1], 5)
    found = store.nearest(vectors[-1], 40, num_probes=ann.num_probes)
    assert len(np.intersect1d(best, found["row_id"].to_numpy())) >= 4


def test_without_pylance_one_process_makes_it(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "lance", None)
    with pytest.raises(MissingDependencyError, match=r"harma\[cluster\]"):
        make_ann(store, None, num_workers=2)
    assert make_ann(store, None) is not None


def test_files_are_shared_out_evenly():
    assert shared_out({1: 10, 2: 10, 3: 20}, 2) == [[3], [1, 2]]
    assert shared_out({1: 10, 2: 5}, 9) == [[1], [2]]
    assert shared_out({}, 3) == [[]]
    sizes = {number: number % 7 + 1 for number in range(100)}
    shares = shared_out(sizes, 8)
    assert sorted(number for share in shares for number in share) == list(range(100))
    rows = [sum(sizes[number] for number in share) for share in shares]
    assert max(rows) - min(rows) <= 7
