"""Scenes that a watch has looked at: whole ones, new ones, those that have only moved."""

import numpy as np
from tests.index.made import chip, made_settings

from harma.index.records import SourceRecord
from harma.index.store import Store
from harma.searches.watched_scenes import WatchedScene, keys_of, new_to, scenes_there

DIM = 8


def store_of(tmp_path, records, chips):
    """An index of these records, and of so many chips of each source."""
    store = Store.create(tmp_path / "index", made_settings(DIM))
    store.put_sources(records)
    for name, count in chips.items():
        rows = [chip(id=f"{name}{number}", source=name) for number in range(count)]
        store.add_chips(rows, np.eye(count, DIM, dtype=np.float32))
    return store


def test_scenes_that_are_whole(tmp_path, monkeypatch):
    # Read in blocks.
    monkeypatch.setattr("harma.index.store.source_reads.SOURCES_AT_ONCE", 1)
    records = [
        SourceRecord("/whole", 1, 2, "c", num_chips=2),
        SourceRecord("/begun", 1, 2, "c", num_chips=3),
        SourceRecord("/empty", 1, 2, "c"),
        SourceRecord("/bad", 1, 2, "c", problem="damaged"),
    ]
    there = scenes_there(store_of(tmp_path, records, {"/whole": 2, "/begun": 1, "/killed": 1}))
    whole = {WatchedScene("/whole", "c"), WatchedScene("/empty", "c")}
    assert set(there.whole) == whole
    others = {WatchedScene("/begun", "c"), WatchedScene("/killed", "c")}
    assert there.keys == {scene.key for scene in whole | others}


def test_what_moved_is_not_new(tmp_path):
    records = [SourceRecord(name, 1, 2, "c", num_chips=1) for name in ("/new", "/copy")]
    there = scenes_there(store_of(tmp_path, records, {"/new": 1, "/copy": 1}))
    looked = keys_of([WatchedScene("/old", "c")])
    found = new_to(looked, there)
    # One name that is gone stands for one that is new.
    assert list(found.moved.values()) == list(looked)
    assert len(found.scenes) == 1
    assert new_to(keys_of(there.whole), there).scenes == ()
