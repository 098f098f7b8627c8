"""Keeping an index quick."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import all_chips, make_store

from harma.index import ann as anns
from harma.index import ann_tuning, compaction
from harma.index.ann import read_ann
from harma.index.compaction import EXACT, keep_quick, texts_to_measure
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


def test_what_did_not_reach_the_recall_is_not_tried_at_each_build(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    recalls = {refine: {"image": 0.5} for refine in ann_tuning.REFINES}
    monkeypatch.setattr(ann_tuning.Probes, "measure", lambda self, *_: recalls)
    made = []
    original = type(store).create_ann
    monkeypatch.setattr(
        type(store),
        "create_ann",
        lambda self, *kind, **how: (made.append(kind), original(self, *kind, **how)),
    )
    assert keep_quick(store, None) == EXACT
    assert len(made) == 2
    assert keep_quick(store, None) == EXACT
    assert len(made) == 2, "not again with the same chips"
    assert keep_quick(store, None, force=True) == EXACT
    assert len(made) == 4


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
    store = make_store(tmp_path / "index", 20)
    record = all_chips(store)[0]
    for i in range(4):
        store.add_chips([replace(record, id=f"new{i}")], np.ones((1, 32), dtype=np.float32))
    assert store.num_files() == 5
    monkeypatch.setattr(compaction, "MANY_FILES", 5)
    keep_quick(store, None)
    assert store.num_files() == 5, "as many as there may be"
    monkeypatch.setattr(compaction, "MANY_FILES", 4)
    keep_quick(store, None)
    assert store.num_files() == 1
    assert store.count() == 24


def test_texts_are_things_alone_first_and_then_in_surroundings():
    texts = texts_to_measure()
    assert len(set(texts)) == 64
    assert texts[0] == "an airport with planes on the apron"
    assert texts[16] == "an airport with planes on the apron surrounded by green fields"


def test_progress_is_told(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    told = []
    keep_quick(store, None, lambda *what: told.append(what), force=True)
    assert told == [("joining files", 0, 1), ("making the ANN index", 0, 1)]


def more(store, number, count=100):
    """Chips of their own direction, so that they are found."""
    record = all_chips(store)[0]
    vector = np.eye(16, dtype=np.float32)[number % 16]
    chips = [replace(record, id=f"new {number} {i}") for i in range(count)]
    store.add_chips(chips, np.repeat(vector[None], count, axis=0))
    return vector


def grown(store, monkeypatch, times):
    """An ANN index that is extended again and again; how many pieces it had each time."""
    monkeypatch.setattr(anns, "PAYS", 1000)
    monkeypatch.setattr(anns, "GROWN", 9.0)
    monkeypatch.setattr(compaction, "MOST_UNINDEXED", 50)
    monkeypatch.setattr(compaction, "MANY_SEGMENTS", 3)
    keep_quick(store, None)
    pieces = []
    for number in range(times):
        vector = more(store, number)
        assert "recall@10" in keep_quick(store, None)
        assert store.num_unindexed() == 0
        assert Index(store).search(like=[vector], overlap=None)[0].id.startswith(f"new {number}")
        pieces.append(store.num_segments())
    return pieces


def made_kinds(monkeypatch, store):
    made = []
    original = type(store).create_ann
    monkeypatch.setattr(
        type(store),
        "create_ann",
        lambda self, *kind, **how: (made.append(kind), original(self, *kind, **how)),
    )
    return made


def test_an_ann_index_grows_by_pieces_that_are_merged(store, monkeypatch):
    pytest.importorskip("lance")
    made = made_kinds(monkeypatch, store)
    pieces = grown(store, monkeypatch, 8)
    assert len(made) == 1, "it was never made anew"
    assert max(pieces) == 3
    assert pieces[:3] == [2, 3, 2]
    assert store.num_files() <= 4
    ann = read_ann(store)
    assert ann.num_chips == 1500
    assert 2100 <= ann.num_measured <= 2300, "it was measured again as it grew"
    assert ann.worst_recall > 0.98


def test_without_pylance_too_many_pieces_are_made_anew(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "lance", None)
    made = made_kinds(monkeypatch, store)
    assert grown(store, monkeypatch, 4) == [2, 3, 1, 2]
    assert len(made) == 2


def test_full_files_are_not_many(store, monkeypatch):
    """An archive of 1,000 files of a million chips each is not scattered."""
    joined = []
    monkeypatch.setattr(type(store), "compact", lambda self: joined.append(1))
    monkeypatch.setattr(type(store), "count", lambda self, where="": 40 << 20)
    monkeypatch.setattr(compaction, "pays", lambda store: False)
    for num_files, times in ((72, 0), (73, 1)):
        monkeypatch.setattr(type(store), "num_files", lambda self, n=num_files: n)
        keep_quick(store, None)
        assert len(joined) == times


def plan_of(store, name):
    return store._chips.search().where(f"source = '{name}'").select(["id"]).explain_plan()


def test_chips_of_a_source_are_found_by_an_index_where_there_are_many(store, monkeypatch):
    name = all_chips(store)[700].source
    expected = store.chip_ids([name])
    keep_quick(store, None, force=True)
    assert "ScalarIndexQuery" not in plan_of(store, name), "few are looked through"
    monkeypatch.setattr(compaction, "SOURCES_INDEXED", 1500)
    keep_quick(store, None, force=True)
    assert "ScalarIndexQuery" in plan_of(store, name)
    assert store.chip_ids([name]) == expected
    # It knows nothing of the embeddings, and the ANN index comes and goes without it.
    assert store.num_segments() == 0
    store.drop_ann()
    assert "ScalarIndexQuery" in plan_of(store, name)
    # What is added later is found, before it is known to the index and after.
    store.add_chips([replace(all_chips(store)[700], id="late")], np.eye(16, dtype=np.float32)[:1])
    for _ in range(2):
        assert store.chip_ids([name])[name] == expected[name] | {"late"}
        keep_quick(store, None, force=True)
    store.drop_chips([name])
    assert store.chip_ids([name]) == {name: set()}
