"""Fragments that workers write and one process commits, once, whatever answers are lost."""

import os
import time
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from tests.index.made import chip, made_settings

from harma.errors import BusyError, StorageError
from harma.index import fragments
from harma.index.fragments import (
    CommitMark,
    TableAddress,
    commit_fragments,
    orphans,
    table_schema,
    take_over,
    write_fragments,
)
from harma.index.orphans import drop_orphans
from harma.index.rows import chip_rows
from harma.index.store import Store


@pytest.fixture
def store(tmp_path):
    return Store.create(tmp_path / "index", made_settings(4))


@pytest.fixture
def table(store):
    address = store.chips_address()
    take_over(address, "b")
    return address


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(fragments, "WAITS", (0.0,) * 4)


def written(table, *ids, **columns):
    chips = [chip(id=name, **columns) for name in ids]
    vectors = np.tile(np.float32([1, 0, 0, 0]), (len(chips), 1))
    return write_fragments(table, chip_rows(chips, vectors, "made", table_schema(table)))


def ids(store):
    store = Store(store.home)
    return sorted(store.rows(["id"])["id"].to_pylist())


def test_what_is_written_is_no_row_until_it_is_committed(store, table):
    made = written(table, "a", "b")
    assert ids(store) == []
    commit_fragments(table, made, CommitMark("b", 1))
    assert ids(store) == ["a", "b"]
    store = Store(store.home)
    assert store.rows(["embedding"])["embedding"][0].as_py() == [1, 0, 0, 0]
    assert store.rows(["model"])["model"].to_pylist() == ["made", "made"]


def test_several_fragments_are_one_commit(store, table):
    before = store.version
    commit_fragments(table, written(table, "a") + written(table, "b"), CommitMark("b", 1))
    assert ids(store) == ["a", "b"]
    assert Store(store.home).version == before + 2  # taken over, and committed
    assert Store(store.home).num_files() == 2


def test_a_fragment_that_is_older_than_a_column_has_no_value_there(store, table):
    old = written(table, "a")
    store.prepare_columns({"owner": pa.string()})
    new = written(table, "b", properties=(("owner", "Ann"),))
    commit_fragments(table, old + new, CommitMark("b", 1))
    assert ids(store) == ["a", "b"]
    owners = Store(store.home).rows(["id", "owner"]).to_pylist()
    assert {row["id"]: row["owner"] for row in owners} == {"a": None, "b": "Ann"}


def failing(monkeypatch, plan):
    """Make commits fail: "before" they count, or "after"; anything else lets them be."""
    original = fragments._append

    def append(*args):
        step = plan.pop(0) if plan else ""
        if step == "before":
            raise OSError("503 before")
        original(*args)
        if step == "after":
            raise OSError("503 after")

    monkeypatch.setattr(fragments, "_append", append)


@pytest.mark.parametrize(
    "plan",
    [["after"], ["before"], ["before", "after"], ["before", "before", "after"], ["after", "after"]],
)
def test_a_lost_answer_is_no_second_commit(store, table, monkeypatch, plan):
    failing(monkeypatch, plan)
    commit_fragments(table, written(table, "a"), CommitMark("b", 1))
    commit_fragments(table, written(table, "b"), CommitMark("b", 2))
    assert ids(store) == ["a", "b"]


def test_a_commit_that_comes_late_is_refused(store, table, monkeypatch):
    """Its answer is lost, and it is still on its way: it finds its version taken."""
    late = []
    original = fragments._append

    def append(table, version, made, mark):
        if not late:
            late.append((version, made))
            raise OSError("timed out")
        original(table, version, made, mark)

    monkeypatch.setattr(fragments, "_append", append)
    commit_fragments(table, written(table, "a"), CommitMark("b", 1))
    version, _ = late[0]
    # It was for the version after the one that it had read.
    dataset = fragments._opened(table)
    assert fragments._mark_of(dataset, version + 1) is None
    assert ids(store) == ["a"]


def test_storage_that_stays_away_is_told(store, table, monkeypatch):
    failing(monkeypatch, ["before"] * 99)
    with pytest.raises(StorageError, match=r"cannot be written \(503 before\).*kept"):
        commit_fragments(table, written(table, "a"), CommitMark("b", 1))
    assert ids(store) == []


def test_a_build_that_was_taken_over_commits_no_more(store, table):
    made = written(table, "a")
    take_over(table, "another")
    with pytest.raises(BusyError, match="another build writes"):
        commit_fragments(table, made, CommitMark("b", 1))
    assert ids(store) == []


def test_files_that_no_version_names(store, table):
    folder = store.home.folder / "tables" / "made" / "chips.lance" / "data"
    commit_fragments(table, written(table, "a"), CommitMark("b", 1))
    committed = {path.name for path in folder.iterdir()}
    written(table, "b")
    everything = {path.name for path in folder.iterdir()}
    assert orphans(table, everything) == sorted(everything - committed)
    assert len(everything) == 2


def test_files_of_versions_that_readers_may_look_at_are_no_orphans(store, table):
    folder = store.home.folder / "tables" / "made" / "chips.lance" / "data"
    for number, name in enumerate("abc"):
        commit_fragments(table, written(table, name), CommitMark("b", number))
    Store(store.home).compact()
    names = [path.name for path in folder.iterdir()]
    assert len(names) == 4
    assert orphans(table, names) == []


def test_optimize_removes_what_workers_that_died_have_written(store, table):
    folder = store.home.folder / "tables" / "made" / "chips.lance" / "data"
    commit_fragments(table, written(table, "a"), CommitMark("b", 1))
    written(table, "b")
    (old,) = orphans(table, [path.name for path in folder.iterdir()])
    hours_ago = time.time() - 7200
    os.utime(folder / old, (hours_ago, hours_ago))
    # Its writer may be alive.
    written(table, "c")
    assert drop_orphans(table) == 1
    assert drop_orphans(table) == 0
    names = [path.name for path in folder.iterdir()]
    assert old not in names
    assert len(orphans(table, names)) == 1
    assert ids(store) == ["a"]


# -- in a bucket ----------------------------------------------------------------------------------


@pytest.fixture
def distant(bucket):
    """A table in a bucket, taken over, with one column."""
    import lance

    table = TableAddress(f"{bucket.address}/archive/chips.lance")
    schema = pa.schema([("id", pa.string())])
    lance.write_dataset(
        pa.table({"id": []}, schema=schema), table.uri, storage_options=table.storage_options()
    )
    take_over(table, "b")
    return table


def distant_ids(table):
    return sorted(fragments._opened(table).to_table()["id"].to_pylist())


def test_in_a_bucket_a_lost_answer_is_no_second_commit(distant, bucket):
    lost = []

    def loses(method, path, environ):
        if method == "PUT" and "_versions" in path and path.endswith(".manifest"):
            lost.append(path)
            return len(lost) == 1
        return False

    for number, name in enumerate("abc"):
        lost.clear()
        bucket.server.loses = loses
        commit_fragments(
            distant, write_fragments(distant, pa.table({"id": [name]})), CommitMark("b", number)
        )
        assert lost
    assert distant_ids(distant) == ["a", "b", "c"]


def test_orphans_in_a_bucket(distant, bucket):
    commit_fragments(distant, write_fragments(distant, pa.table({"id": ["a"]})), CommitMark("b", 1))
    write_fragments(distant, pa.table({"id": ["b"]}))
    data = "archive/chips.lance/data"
    assert len(bucket.keys(data)) == 2
    assert drop_orphans(distant) == 0
    assert drop_orphans(distant, timedelta(seconds=-5)) == 1
    assert len(bucket.keys(data)) == 1
    assert distant_ids(distant) == ["a"]


def test_a_bucket_that_is_away_for_a_while_is_waited_for(distant, bucket, monkeypatch):
    monkeypatch.setattr(fragments, "WAITS", (0.5,) * 8)
    bucket.server.down_until = time.monotonic() + 2
    made = write_fragments(distant, pa.table({"id": ["a"]}))
    bucket.server.down_until = time.monotonic() + 2
    commit_fragments(distant, made, CommitMark("b", 1))
    assert distant_ids(distant) == ["a"]


def test_no_table_there(tmp_path):
    with pytest.raises(StorageError, match=r"nothing.lance cannot be read"):
        table_schema(TableAddress(str(tmp_path / "nothing.lance")))
