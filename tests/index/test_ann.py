"""When an ANN index is made, how it is chosen, and what becomes of it."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import all_chips, make_store

from harma.errors import DataError
from harma.ground.files import write_json
from harma.index import ann as anns
from harma.index import tend as tending
from harma.index.ann import make_ann, pays, read_ann
from harma.index.index import Index
from harma.index.store import tables_directory
from harma.index.tend import EXACT, tend


@pytest.fixture
def store(tmp_path):
    """1,500 chips."""
    return make_store(tmp_path / "index", 1500, dim=16)


def test_small_indices_are_searched_exactly(store, monkeypatch):
    assert tend(store, None) == EXACT
    assert read_ann(store) is None
    monkeypatch.setattr(anns, "PAYS", 1000)
    shown = tend(store, None)
    assert "recall@10" in shown
    assert store.num_unindexed() == 0


def test_the_quickest_that_reaches_the_recall_is_taken(store, monkeypatch):
    tried = []

    def measured(self, num_probes, refine):
        tried.append((num_probes, refine))
        return {"image": 0.97 if num_probes < 40 else 0.995, "filtered": 0.995}, 1.0

    monkeypatch.setattr(anns._Probes, "measure", measured)
    ann = make_ann(store, None)
    assert (ann.kind, ann.num_probes) == ("IVF_RQ", 40)
    assert tried == [(10, 2), (20, 4), (40, 8)]
    assert read_ann(store) == ann


def test_the_worst_kind_of_query_decides_and_then_search_stays_exact(store, monkeypatch):
    monkeypatch.setattr(
        anns._Probes, "measure", lambda self, probes, refine: ({"text": 0.5, "image": 1.0}, 1.0)
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
    probes = anns._Probes(store, None)
    store.create_ann("IVF_RQ", 1)
    good, _ = probes.measure(100, 100)
    assert good["image"] > 0.99
    probes.truth = {
        where: [{-1 - i for i in truth} for truth in truths]
        for where, truths in probes.truth.items()
    }
    bad, _ = probes.measure(100, 100)
    assert bad["image"] == 0


def test_it_is_made_anew_when_the_index_has_doubled(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    ann = make_ann(store, None, wanted=0.5)
    assert not pays(store)
    write_json(
        tables_directory(store.directory, store.settings) / anns.FILE,
        {**vars(ann), "num_chips": 700},
    )
    assert pays(store)
    (tables_directory(store.directory, store.settings) / anns.FILE).unlink()
    assert pays(store)


def test_what_did_not_reach_the_recall_is_not_tried_at_each_build(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    monkeypatch.setattr(anns._Probes, "measure", lambda self, probes, refine: ({"image": 0.5}, 1.0))
    made = []
    original = type(store).create_ann
    monkeypatch.setattr(
        type(store), "create_ann", lambda self, *kind: (made.append(kind), original(self, *kind))
    )
    assert tend(store, None) == EXACT
    assert len(made) == 2
    assert tend(store, None) == EXACT
    assert len(made) == 2, "not again with the same chips"
    assert tend(store, None, force=True) == EXACT
    assert len(made) == 4


def test_embeddings_of_any_length_are_indexed(tmp_path):
    store = make_store(tmp_path / "odd", 600, dim=30)
    assert make_ann(store, None, wanted=0.5).kind == "IVF_FLAT"


def test_new_chips_are_found_before_and_after_the_ann_index_knows_them(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    tend(store, None)
    record = all_chips(store)[0]
    vector = np.zeros(16, dtype=np.float32)
    vector[3] = 1
    store.add_chips(
        [replace(record, id=f"new{i}") for i in range(200)], np.repeat(vector[None], 200, axis=0)
    )
    assert store.num_unindexed() == 200
    assert Index(store).search(like=[vector], overlap=None)[0].id.startswith("new")
    assert "recall@10" in tend(store, None), "over a twentieth is not indexed: files are joined"
    assert store.num_unindexed() == 0
    assert Index(store).search(like=[vector], overlap=None)[0].id.startswith("new")


def test_many_small_files_are_joined(tmp_path, monkeypatch):
    monkeypatch.setattr(tending, "MANY_FILES", 3)
    store = make_store(tmp_path / "index", 20)
    record = all_chips(store)[0]
    for i in range(4):
        store.add_chips([replace(record, id=f"new{i}")], np.ones((1, 32), dtype=np.float32))
    assert store.num_files() == 5
    tend(store, None)
    assert store.num_files() == 1
    assert store.count() == 24


def test_a_damaged_file_is_named(store):
    make_ann(store, None, wanted=0.5)
    (tables_directory(store.directory, store.settings) / anns.FILE).write_text('{"kind": "IVF_RQ"}')
    with pytest.raises(DataError, match="search.json is damaged .* `harma index optimize`"):
        Index(store).search(like=[np.ones(16, dtype=np.float32)])
