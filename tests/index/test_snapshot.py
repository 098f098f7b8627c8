"""A search holds one version of the index, whatever is written and refreshed meanwhile."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from tests.index.made import all_chips, chip, make_store

from harma.errors import ModelMismatchError, StorageError
from harma.index.ann_tuning import make_ann
from harma.index.ask import Where
from harma.index.filters import Filter, filter_of
from harma.index.index import Index
from harma.index.near import Places, among
from harma.index.records import SourceRecord
from harma.index.settings import write_settings
from harma.index.snapshot import Snapshot
from harma.index.store import Store

SECONDS = 6.0
BOX = (-40, -40, 40, 40)


@pytest.fixture
def store(tmp_path):
    """1,500 chips of 38 sources."""
    return make_store(tmp_path / "index", 1500, dim=16)


def vectors(count):
    made = np.random.default_rng(5).standard_normal((count, 16)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def ids(hits):
    return [hit.id for hit in hits]


def test_a_snapshot_goes_on_reading_its_version(store):
    snapshot = store.snapshot()
    version = snapshot.version
    chips = all_chips(store)
    store.drop_sources([chips[0].source])
    store.add_chips([replace(chips[0], id="new")], vectors(1))
    store.compact()
    assert snapshot.version == version
    assert snapshot.count() == 1500
    assert store.count() == 1461
    assert snapshot.snapshot().count() == 1461
    with pytest.raises(StorageError, match="cannot be written"):
        snapshot.drop_sources([chips[1].source])


@pytest.mark.parametrize(
    ("west", "south"), [(1, 0), (0, 1), (1, 1), (-1, 0), (0, -1), (-1, -1), (0.5, 0.5)]
)
def test_boxes_that_only_touch_are_near(west, south):
    places = Places(np.array([7, 8]), np.array([[0, 50], [0, 50], [1, 51], [1, 51]], dtype=float))
    touching = Filter(shapely.box(west, south, west + 1, south + 1))
    assert places.near(touching).tolist() == [7]
    beside = Filter(shapely.box(west * 1.01, south * 1.01, west * 1.01 + 1, south * 1.01 + 1))
    expected = [7] if (west, south) == (0.5, 0.5) else []
    assert places.near(beside).tolist() == expected


class Interrupted:
    """A store that does something once, just before the chips that were found are taken."""

    def __init__(self, store, act):
        self.store = store
        self.acts = [act]

    def __getattr__(self, name):
        return getattr(self.store, name)

    def take(self, row_ids, columns):
        while self.acts:
            self.acts.pop()()
        return self.store.take(row_ids, columns)


@pytest.mark.parametrize("bbox", [None, BOX])
def test_a_refresh_in_the_midst_of_a_search_changes_nothing_for_it(store, bbox):
    index = Index(store)
    vector = vectors(1)[0]
    before = ids(index.search(like=[vector], bbox=bbox, overlap=None))
    best = next(chip for chip in all_chips(store) if chip.id == before[0])

    def write_and_refresh():
        store.drop_sources([best.source])
        store.compact()
        index.refresh()

    index._snapshot.store = Interrupted(index._snapshot.store, write_and_refresh)
    assert ids(index.search(like=[vector], bbox=bbox, overlap=None)) == before
    after = ids(index.search(like=[vector], bbox=bbox, overlap=None))
    assert before[0] not in after
    assert len(after) == len(before)


@pytest.mark.parametrize("with_ann", [False, True])
def test_threads_search_while_one_refreshes_and_one_writes(store, with_ann):
    if with_ann:
        make_ann(store, None, least_recall=0.5)
    index = Index(store)
    chips = [chip for chip in all_chips(store) if chip.source == "/scenes/0003.tif"]
    stop = threading.Event()
    problems, answers = [], []

    def guarded(act):
        try:
            while not stop.is_set():
                act()
        except Exception as error:
            problems.append(repr(error))
            stop.set()

    def write():
        writer = Store(store.home)
        writer.drop_sources(["/scenes/0003.tif"])
        writer.add_chips(chips, vectors(len(chips)))
        writer.compact()

    def search():
        for vector in vectors(4):
            hits = index.search(like=[vector], k=30, bbox=BOX, overlap=None)
            answers.append(ids(hits))
            answers.append(ids(index.search(like=[vector], k=30, overlap=None)))

    acts = [write, index.refresh, search, search, search]
    threads = [threading.Thread(target=guarded, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    stop.wait(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(answers) > 50
    assert all(len(set(answer)) == 30 for answer in answers), "thirty, none of them twice"


def test_an_index_that_was_embedded_again_is_to_be_opened_again(store):
    index = Index(store)
    write_settings(store.home, replace(store.settings, model_id="other"))
    with pytest.raises(ModelMismatchError, match="embedded again with the model none .*open it"):
        index.refresh()


def test_a_tuning_of_a_later_ann_index_is_not_used(store):
    """What a snapshot searches by is what was kept when it was taken."""
    make_ann(store, None, least_recall=0.5)
    index = Index(store)
    store.write_tuning("")
    assert index._snapshot.ann is not None
    index.refresh()
    assert index._snapshot.ann is None


def test_a_tuning_that_changes_while_a_snapshot_is_taken_is_not_used(store, monkeypatch):
    """Nobody knows then whether it is of the ANN index that is read: all chips are compared."""
    make_ann(store, None, least_recall=0.5)
    opening = Store._open_tables

    def writing_meanwhile(self):
        opening(self)
        store.write_tuning(store.tuning().replace("IVF_RQ", "IVF_FLAT"))

    monkeypatch.setattr(Store, "_open_tables", writing_meanwhile)
    assert Index(store)._snapshot.ann is None
    monkeypatch.undo()
    assert Index(store)._snapshot.ann.kind == "IVF_FLAT"


def test_what_was_written_is_seen_and_what_was_not_costs_nothing(store):
    index = Index(store)
    assert not index.refresh_if_changed()
    before = index._snapshot
    store.drop_sources([all_chips(store)[0].source])
    assert index.refresh_if_changed()
    assert len(index) == 1460
    # Learnt before anybody asked.
    assert {"places", "sample", "ann"} <= vars(index._snapshot).keys()
    assert index._snapshot is not before
    assert not index.refresh_if_changed()


def test_a_change_of_sources_alone_is_a_change(store):
    record = SourceRecord("a.tif", 1, 2, "c")
    store.put_sources([record])
    index = Index(store)
    versions = index.store.versions
    store.put_sources([replace(record, sensor="another")])
    assert index.refresh_if_changed()
    assert index.store.versions[0] == versions[0]
    assert index.store.versions[1] > versions[1]
    assert index.store.sources()["a.tif"].sensor == "another"


def test_another_tuning_is_a_change(store):
    index = Index(store)
    store.write_tuning("")
    assert not index.refresh_if_changed()
    make_ann(store, None)
    assert index.refresh_if_changed()


DAY = datetime(2010, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize("first", [None, DAY, datetime(1990, 1, 1, tzinfo=UTC)])
@pytest.mark.parametrize("last", [None, DAY + timedelta(days=400), DAY + timedelta(seconds=1)])
def test_dates_in_memory_are_those_of_the_store(store, first, last):
    if first is None and last is None:
        return
    ends = [chip(id="a", datetime=DAY - timedelta(days=9), datetime_end=DAY), chip(id="b")]
    store.add_chips(ends, vectors(2))
    snapshot = Snapshot(store)
    # With an area, both must hold.
    for box in (None, BOX):
        condition = filter_of(Where(date=(first, last), bbox=box))
        expected = np.sort(store.rows(["id"], condition.sql)["row_id"].to_numpy())
        assert snapshot.near(condition).ids().tolist() == expected.tolist()


def test_what_is_more_than_places_and_dates_is_for_the_store(store):
    snapshot = Snapshot(store)
    assert snapshot.near(Filter()) is None
    assert snapshot.near(Filter(where="gsd < 1")) is None
    assert snapshot.near(filter_of(Where(date=(None, None)))) is None
    dated = filter_of(Where(date=(DAY, None)))
    assert snapshot.near(dated) is not None
    assert snapshot.near(dated.also("gsd < 1")) is None
    assert snapshot.near(filter_of(Where(date=(DAY, None), source="*1.tif"))) is None


def test_ids_among_others():
    assert among(np.array([3, 9, 1]), np.array([1, 2, 3])).tolist() == [True, False, True]
    assert among(np.array([3]), np.array([], dtype=np.int64)).tolist() == [False]
