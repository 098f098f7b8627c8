"""When an ANN index is made, how it is chosen, and what becomes of it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import all_chips, make_store

from harma.errors import DataError
from harma.index import ann as anns
from harma.index import ann_tuning, compaction
from harma.index.ann import pays, read_ann, write_ann
from harma.index.ann_tuning import make_ann
from harma.index.compaction import EXACT, keep_quick
from harma.index.index import Index


@pytest.fixture
def store(tmp_path):
    """1,500 chips."""
    return make_store(tmp_path / "index", 1500, dim=16)


def test_small_indices_are_searched_exactly(store, monkeypatch):
    assert keep_quick(store, None) == EXACT
    assert read_ann(store) is None
    monkeypatch.setattr(anns, "PAYS", 1000)
    shown = keep_quick(store, None)
    assert "recall@10" in shown
    assert store.num_unindexed() == 0


def test_the_quickest_that_reaches_the_recall_is_taken(store, monkeypatch):
    tried = []

    def measured(self, num_probes, refine):
        tried.append((num_probes, refine))
        return {"image": 0.97 if num_probes < 40 else 0.995, "filtered": 0.995}, 1.0

    monkeypatch.setattr(ann_tuning.Probes, "measure", measured)
    ann = make_ann(store, None)
    assert (ann.kind, ann.num_probes) == ("IVF_RQ", 40)
    assert tried == [(10, 2), (20, 4), (40, 8)]
    assert read_ann(store) == ann


def test_the_worst_kind_of_query_decides_and_then_search_stays_exact(store, monkeypatch):
    monkeypatch.setattr(
        ann_tuning.Probes,
        "measure",
        lambda self, probes, refine: ({"text": 0.5, "image": 1.0}, 1.0),
    )
    assert make_ann(store, None) is None
    assert read_ann(store) is None
    assert store.num_unindexed() == 0
    assert len(Index(store).search(like=[np.ones(16, dtype=np.float32)])) == 10


def test_recall_is_measured_on_texts_images_and_with_a_filter(store):
    texts = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)
    ann = make_ann(store, texts / np.linalg.norm(texts, axis=1, keepdims=True), wanted=0.5)
    assert set(ann.recall) == {"text", "image", "filtered"}
    assert all(0.5 <= value <= 1 for value in ann.recall.values())


def test_a_bad_index_is_seen_in_its_recall(store):
    probes = ann_tuning.Probes(store, None)
    store.create_ann("IVF_RQ", 1)
    good, _ = probes.measure(100, 100)
    assert good["image"] > 0.99
    probes.probes = [
        replace(probe, truth=frozenset(-1 - i for i in probe.truth)) for probe in probes.probes
    ]
    bad, _ = probes.measure(100, 100)
    assert bad["image"] == 0


def test_it_is_made_anew_when_the_index_has_doubled(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    ann = make_ann(store, None, wanted=0.5)
    assert not pays(store)
    write_ann(store, replace(ann, num_chips=700))
    assert pays(store)
    store.write_tuning("")
    assert pays(store)


def test_what_did_not_reach_the_recall_is_not_tried_at_each_build(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    monkeypatch.setattr(
        ann_tuning.Probes, "measure", lambda self, probes, refine: ({"image": 0.5}, 1.0)
    )
    made = []
    original = type(store).create_ann
    monkeypatch.setattr(
        type(store), "create_ann", lambda self, *kind: (made.append(kind), original(self, *kind))
    )
    assert keep_quick(store, None) == EXACT
    assert len(made) == 2
    assert keep_quick(store, None) == EXACT
    assert len(made) == 2, "not again with the same chips"
    assert keep_quick(store, None, force=True) == EXACT
    assert len(made) == 4


def test_embeddings_of_any_length_are_indexed(tmp_path):
    store = make_store(tmp_path / "odd", 600, dim=30)
    assert make_ann(store, None, wanted=0.5).kind == "IVF_FLAT"


def test_new_chips_are_found_before_and_after_the_ann_index_knows_them(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    keep_quick(store, None)
    record = all_chips(store)[0]
    vector = np.zeros(16, dtype=np.float32)
    vector[3] = 1
    store.add_chips(
        [replace(record, id=f"new{i}") for i in range(200)], np.repeat(vector[None], 200, axis=0)
    )
    assert store.num_unindexed() == 200
    assert Index(store).search(like=[vector], overlap=None)[0].id.startswith("new")
    assert "recall@10" in keep_quick(store, None), (
        "over a twentieth is not indexed: files are joined"
    )
    assert store.num_unindexed() == 0
    assert Index(store).search(like=[vector], overlap=None)[0].id.startswith("new")


def test_many_small_files_are_joined(tmp_path, monkeypatch):
    monkeypatch.setattr(compaction, "MANY_FILES", 3)
    store = make_store(tmp_path / "index", 20)
    record = all_chips(store)[0]
    for i in range(4):
        store.add_chips([replace(record, id=f"new{i}")], np.ones((1, 32), dtype=np.float32))
    assert store.num_files() == 5
    keep_quick(store, None)
    assert store.num_files() == 1
    assert store.count() == 24


def test_a_damaged_file_is_named(store):
    make_ann(store, None, wanted=0.5)
    store.write_tuning('{"kind": "IVF_RQ"}')
    with pytest.raises(DataError, match="search.json is damaged .* `harma index optimize`"):
        Index(store).search(like=[np.ones(16, dtype=np.float32)])
