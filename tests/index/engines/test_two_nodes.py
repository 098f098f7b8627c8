"""A real Ray cluster of two nodes on this machine: the rows of the local build, whatever dies."""

import os
import signal
from pathlib import Path

import pytest
from tests.index.engines.same_rows import check_same, rows

from harma.index.engines import shards
from harma.index.engines.ray_cluster import connected
from harma.index.engines.ray_engine import RayEngine
from harma.index.writer import Pace

pytest.importorskip("ray")
pytestmark = pytest.mark.cluster


@pytest.fixture
def cluster():
    """A head without cores, and two nodes of one core each."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(2):
            made.add_node(num_cpus=1)
        yield made
    finally:
        made.shutdown()


class Disturbed:
    """An engine, and what happens after so many answers."""

    def __init__(self, engine, deeds):
        self.engine = engine
        self.deeds = deeds
        self.num_done = 0

    def __getattr__(self, name):
        return getattr(self.engine, name)

    def run(self, work, tasks):
        for done in self.engine.run(work, tasks):
            self.num_done += 1
            self.deeds.get(self.num_done, lambda: None)()
            yield done


def raylet_of(node):
    return node.all_processes["raylet"][0].process.pid


def workers_of(node):
    """Processes of a node that do shards."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
            command = (path.parent / "cmdline").read_text()
        except OSError:
            continue
        if int(parent) == raylet_of(node) and command.startswith("ray::ShardWorker"):
            found.append(int(path.parent.name))
    return found


def kill_worker(node):
    (worker,) = workers_of(node)
    os.kill(worker, signal.SIGKILL)


def test_a_worker_and_a_node_die_and_every_chip_is_there_once(
    cluster, write_scenes, build_index, tmp_path, monkeypatch
):
    monkeypatch.setattr(shards, "FIRST_CHIPS", 9)
    monkeypatch.setattr(shards, "MOST_CHIPS", 9)
    monkeypatch.setattr(RayEngine, "pace", Pace(9, 5.0))
    scenes = tmp_path / "scenes"
    write_scenes(scenes, 30)
    build_index(scenes, directory=tmp_path / "local")
    first, second = cluster.worker_nodes

    def lose_node():
        cluster.remove_node(second, allow_graceful=False)

    deeds = {4: lambda: kill_worker(first), 16: lose_node}
    with connected(cluster.address) as ray:
        engine = RayEngine(ray, device="cpu")
        assert ray.cluster_resources()["CPU"] == 2
        # Both work, before one of them is lost.
        disturbed = Disturbed(engine, deeds)
        outcome = build_index(scenes, directory=tmp_path / "there", engine=disturbed)
    assert (outcome.num_added, outcome.num_new, outcome.problems) == (270, 30, {})
    assert disturbed.num_done >= 30
    check_same(tmp_path / "there", rows(tmp_path / "local"))
