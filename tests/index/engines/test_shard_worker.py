"""What a worker of another machine does with a shard."""

import socket
from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import all_chips, all_rows

from harma.errors import StorageError
from harma.index.engines.shard_worker import Orders, ShardWorker, unseen
from harma.index.fragments import CommitMark, TableAddress, commit_fragments, take_over
from harma.index.reading import Task
from harma.index.source_files import fingerprint
from harma.index.store import Store
from harma.scenes.source import Source, source_named


@pytest.fixture
def scenes(write_scenes, tmp_path):
    return write_scenes(tmp_path / "scenes", 2)


@pytest.fixture
def store(build_index, scenes, tmp_path):
    """An index of the first scene."""
    build_index(scenes[0])
    return Store(tmp_path / "index")


@pytest.fixture
def orders(store):
    return Orders(store.settings, store.chips_address(), 4, 0, "cpu", "float32")


def tasks_of(path):
    source = source_named(str(path))
    whole = Task(source, fingerprint(source), range(9), 9)
    return list(whole.pieces(5))


def test_its_rows_are_those_of_a_local_build(build_index, orders, scenes, store, tmp_path):
    worker = ShardWorker(orders)
    said = worker.prepare()
    assert (said.host, said.needs_model) == (socket.gethostname(), False)
    report = worker.do(tasks_of(scenes[1]))
    assert [tally.num_chips for tally in report.shard.tallies] == [5, 4]
    assert (report.unseen, report.host) == ([], socket.gethostname())
    assert len(report.shard.fragments) == 1
    assert store.count() == 9
    take_over(orders.table, "b")
    commit_fragments(orders.table, report.shard.fragments, CommitMark("b", 1))
    build_index(*scenes, directory=tmp_path / "whole")
    there, here = Store(tmp_path / "index"), Store(tmp_path / "whole")
    assert sorted(map(str, all_chips(there))) == sorted(map(str, all_chips(here)))
    embeddings = [
        np.array([row["embedding"] for row in sorted(all_rows(which), key=lambda row: row["id"])])
        for which in (there, here)
    ]
    np.testing.assert_allclose(*embeddings, atol=2e-3)


def test_readers_of_its_own_feed_the_model(orders, scenes):
    worker = ShardWorker(replace(orders, num_readers=1))
    worker.prepare()
    report = worker.do(tasks_of(scenes[1]))
    assert [tally.num_chips for tally in report.shard.tallies] == [5, 4]


def test_a_scene_that_cannot_be_read_is_told_and_nothing_is_written(orders, tmp_path):
    gone = tmp_path / "gone.tif"
    worker = ShardWorker(orders)
    worker.prepare()
    report = worker.do([Task(Source(str(gone), str(gone)), "c", range(2), 2)])
    (tally,) = report.shard.tallies
    assert "gone.tif" in tally.problem or "not" in tally.problem
    assert report.shard.fragments == []
    assert report.unseen == [str(gone)]


def test_addresses_and_files_that_are_there_are_seen(scenes, tmp_path):
    names = [str(scenes[0]), "https://example.com/a.tif", "/vsis3/bucket/a.tif", "/no/such.tif"]
    tasks = [Task(Source(name, name), "c", (0,), 1) for name in names]
    assert unseen(tasks) == ["/no/such.tif"]


@pytest.mark.parametrize("change", [{"model": "/no/such/model"}, {"model_id": "another"}])
def test_a_model_that_is_not_there_is_asked_for(orders, model, scenes, change):
    worker = ShardWorker(replace(orders, settings=replace(orders.settings, **change)))
    assert worker.prepare().needs_model
    assert not worker.prepare(model[0]).needs_model
    assert len(worker.do(tasks_of(scenes[1])).shard.tallies) == 2


def test_a_table_that_is_not_there_is_told_with_the_host(orders):
    worker = ShardWorker(replace(orders, table=TableAddress("/no/such/chips.lance")))
    expected = rf"the worker on {socket.gethostname()}: the table /no/such/chips.lance.*all workers"
    with pytest.raises(StorageError, match=expected):
        worker.prepare()
