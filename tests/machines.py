"""Two machines on this one, for tests: network namespaces with names and folders of their own."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
# The package as it lies here, and what a recipe of a test names.
PATHS = os.pathsep.join([*sys.path, str(TESTS / "cases")])
# Why there are none, or "".
LACKING = ""
if os.geteuid() != 0:
    LACKING = "network namespaces need root"
elif shutil.which("ip") is None or shutil.which("unshare") is None:
    LACKING = "network namespaces need iproute2 and util-linux"

cluster = pytest.mark.cluster
needs_machines = pytest.mark.skipif(bool(LACKING), reason=LACKING)


@dataclass
class Machine:
    """A machine: a name, an address and a folder that the other one does not see.

    Attributes:
        name: of the host.
        address: in the network of the two.
        folder: where its commands run.
        namespace: of the network.
    """

    name: str
    address: str
    folder: Path
    namespace: str
    started: list[subprocess.Popen] = field(default_factory=list)

    def start(self, *command: str, **environment: str) -> subprocess.Popen:
        """Start a command there; standard output and error come together."""
        renamed = ["unshare", "--uts", "sh", "-c", f'hostname {self.name}; exec "$@"', "sh"]
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *renamed, *command],
            cwd=self.folder,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": PATHS, **environment},
            stdout=(self.folder / "output.txt").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def output(self) -> str:
        """What its last command has said."""
        return (self.folder / "output.txt").read_text()

    def cut_off(self) -> None:
        """Cut its network, as a pulled cable does."""
        _ip("-n", self.namespace, "link", "set", "cable", "down")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def two_machines(folder: Path):
    """Two machines with a cable between them; afterwards nothing of them is left."""
    number = os.getpid() % 200
    machines = []
    for i, name in enumerate(("host-a", "host-b")):
        (folder / name).mkdir(parents=True)
        machines.append(
            Machine(name, f"10.79.{number}.{i + 1}", folder / name, f"{name}-{os.getpid()}")
        )
    first, second = machines
    try:
        for machine in machines:
            _ip("netns", "add", machine.namespace)
        _ip(
            "link", "add", "cable", "netns", first.namespace,
            "type", "veth", "peer", "name", "cable", "netns", second.namespace,
        )  # fmt: skip
        for machine in machines:
            _ip("-n", machine.namespace, "addr", "add", f"{machine.address}/24", "dev", "cable")
            for link in ("lo", "cable"):
                _ip("-n", machine.namespace, "link", "set", link, "up")
        yield first, second
    finally:
        for machine in machines:
            for process in machine.started:
                _end(process)
            subprocess.run(["ip", "netns", "del", machine.namespace], check=False)


def _end(process: subprocess.Popen) -> None:
    """End a command and all that it started."""
    # Its session: processes of torchrun are groups of their own in it.
    subprocess.run(["pkill", "-KILL", "-s", str(process.pid)], check=False)
    process.wait(timeout=30)


def torchrun(machine: Machine, first: Machine, *command: str, rank: int, **environment: str):
    """Take part in a training of two machines, as a person would start it on each of them."""
    return machine.start(
        sys.executable, "-m", "torch.distributed.run",
        "--nnodes", "2", "--node-rank", str(rank), "--nproc-per-node", "1",
        "--master-addr", first.address, "--master-port", "29500",
        "-m", "harma", *command,
        GLOO_SOCKET_IFNAME="cable",
        **environment,
    )  # fmt: skip


def waited(processes, seconds: float) -> list[int | None]:
    """Exit statuses of processes; None for those that still run after so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(process.poll() is None for process in processes):
        time.sleep(0.1)
    return [process.poll() for process in processes]
