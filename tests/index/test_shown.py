"""What is shown of chips: from memory it is what the table says."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import all_chips, make_store

from harma.index import snapshot as snapshots
from harma.index.contract import ROW_ID
from harma.index.index import Index
from harma.index.shown import shown_chips, shown_table
from harma.index.snapshot import Snapshot


@pytest.fixture
def store(tmp_path):
    """1,200 chips in two files, one with a period and one without a place or a date."""
    store = make_store(tmp_path / "index", 1198, dim=16)
    chip = next(chip for chip in all_chips(store) if chip.datetime)
    odd = [
        replace(chip, id="bare", geometry=None, datetime=None, gsd=None, crs=""),
        replace(chip, id="month", datetime_end=chip.datetime.replace(year=2031)),
    ]
    store.add_chips(odd, np.eye(16, dtype=np.float32)[:2])
    return store


def test_from_memory_it_is_what_the_table_says(store):
    table = shown_table(store.snapshot())
    ids = np.random.default_rng(0).permutation(store.rows(["id"])[ROW_ID].to_numpy())
    assert table.chips(ids) == shown_chips(store, ids)
    assert {chip.id for chip in table.chips(ids)} >= {"bare", "month"}
    twice = np.append(ids[:3], ids[:3])
    assert table.chips(twice) == shown_chips(store, twice)
    assert table.chips(ids[:0]) == []


def test_of_an_empty_index_nothing_is_shown(store):
    store.drop_sources(list({chip.source for chip in all_chips(store)}))
    table = shown_table(store.snapshot())
    assert len(table.ids) == 0
    assert table.chips(np.empty(0, dtype=np.int64)) == []


def test_it_is_held_from_some_searches_on_or_when_warm(store, monkeypatch):
    monkeypatch.setattr(snapshots, "SEARCHES_BEFORE", 2)
    snapshot = Snapshot(store)
    ids = store.rows(["id"])[ROW_ID].to_numpy()[:5]
    shown = []
    for _ in range(4):
        shown.append(snapshot.shown_chips(ids))
        assert ("shown" in vars(snapshot)) == (len(shown) > 2)
    assert all(chips == shown[0] for chips in shown)
    warm = Snapshot(store)
    warm.warm_up()
    assert "shown" in vars(warm)
    monkeypatch.setattr(snapshots, "SHOWN_CHIPS", 1000)
    large = Snapshot(store)
    large.warm_up()
    assert large.shown_chips(ids) == shown[0]
    assert "shown" not in vars(large)


def test_hits_are_the_same_from_memory(store):
    index = Index(store)
    vector = np.eye(16, dtype=np.float32)[0]
    first = index.search(like=[vector], k=30)
    index.snapshot.warm_up()
    assert index.search(like=[vector], k=30) == first
