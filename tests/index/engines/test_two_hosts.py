"""Two hosts in network namespaces, an index in a bucket: its builder is killed, and then a host."""

import subprocess
import sys
import time

import pytest
from benchmarks.two_hosts import TwoHosts, can_be_made, kill
from tests.buckets import BucketServer
from tests.index.engines.same_rows import check_same, rows

from harma.index.store import Store

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not can_be_made(), reason="network namespaces need root and iproute2"),
]
NUM_SCENES = 24
NUM_CHIPS = 9 * NUM_SCENES
# A build that is not done after so many seconds hangs; a busy machine takes a minute of them.
PATIENCE = 400
# Small shards and a commit for each, so that there is something to kill, and a lease that lapses
# soon.
LEASE_SECONDS = 4.0
COMMAND = f"""
import sys
from harma.cli import main
from harma.ground.storage import lease
lease.LEASE_SECONDS = {LEASE_SECONDS}
from harma.index.engines import shards
shards.FIRST_CHIPS = shards.MOST_CHIPS = 9
from harma.index.engines.ray_engine import RayEngine
from harma.index.writer import Pace
RayEngine.pace = Pace(18, 5.0)
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def hosts(monkeypatch):
    """Two hosts with a cluster, and a server of buckets beside them."""
    with TwoHosts() as made:
        server = BucketServer(made.gateway)
        try:
            server.make_bucket("archive")
            for name, value in server.environment().items():
                monkeypatch.setenv(name, value)
                made.environment[name] = value
            made.start()
            yield made
        finally:
            server.close()


class Build:
    """The command on the first host, and what it says."""

    def __init__(self, hosts, place, scenes, model, folder):
        command = [*hosts.inside(0), sys.executable, "-c", COMMAND, "index", "build", place]
        command += [str(scenes), "--model", model, "--size", "32", "--engine", "ray"]
        command += ["--address", hosts.address]
        self.place = place
        self.log = folder / "build.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=hosts.environment)

    def wait_for(self, num_chips):
        """Wait until there are more chips than these; how many there are."""
        deadline = time.monotonic() + PATIENCE
        while (there := count(self.place)) <= num_chips:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)
        return there

    def kill(self):
        kill(self.process.pid)
        self.process.wait()

    def said(self):
        """All that it says, when it is done."""
        self.process.wait(PATIENCE)
        return self.log.read_text()


def count(place):
    try:
        return Store(place).count()
    except Exception:
        return 0


def test_builder_and_host_are_killed_and_every_chip_is_there_once(
    hosts, write_scenes, build_index, model, tmp_path
):
    scenes, place = tmp_path / "scenes", "s3://archive/index"
    write_scenes(scenes, NUM_SCENES)
    build_index(scenes, directory=tmp_path / "local")
    first = Build(hosts, place, scenes, model[1], tmp_path)
    first.wait_for(0)
    first.kill()
    there = count(place)
    assert there < NUM_CHIPS
    # Whoever comes before its lease has lapsed, is told who writes the index.
    time.sleep(LEASE_SECONDS)
    second = Build(hosts, place, scenes, model[1], tmp_path)
    assert second.wait_for(there) < NUM_CHIPS
    assert hosts.kill(1, "raylet")
    said = second.said()
    assert second.process.returncode == 0, said
    assert f"{NUM_CHIPS - there:,} chips added" in said
    check_same(place, rows(tmp_path / "local"))
