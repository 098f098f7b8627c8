"""Two hosts in network namespaces of this machine, with a Ray cluster over them (root, iproute2).

with TwoHosts() as hosts:
hosts.start()
subprocess.run([*hosts.inside(0), "harma", "index", "build", …, "--address", hosts.address])
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

PORT = 6379
NUMBERS = count()


def can_be_made():
    """Whether this process may make namespaces, and the program that does it is there."""
    if os.name != "posix" or os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    # Root of a container may not, nor make what connects them.
    name = f"hm{os.getpid() % 10**7}t"
    tried = [
        ip("netns", "add", name, check=False),
        ip("link", "add", name, "type", "bridge", check=False),
    ]
    ip("netns", "del", name, check=False)
    ip("link", "del", name, check=False)
    return not any(answer.returncode for answer in tried)


class TwoHosts:
    """Two namespaces and this machine on a bridge: 10.77.N.1, 10.77.N.2, and 10.77.N.254."""

    def __init__(self, num_cpus=1, environment=None):
        number = next(NUMBERS)
        self.num_cpus = num_cpus
        self.name = f"hm{os.getpid() % 10**7}{number}"
        self.network = f"10.77.{os.getpid() % 200 + number}"
        self.gateway = f"{self.network}.254"
        self.folder = Path(tempfile.mkdtemp(prefix="hm", dir="/tmp"))
        # Of processes, as they were seen last.
        self.ticks = {}
        # A token that lies in the home folder would be asked for by the head alone.
        self.environment = {**os.environ, "RAY_AUTH_MODE": "disabled", **(environment or {})}

    @property
    def address(self):
        return f"{self.network}.1:{PORT}"

    def __enter__(self):
        try:
            self._connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _connect(self):
        ip("link", "add", self.name, "type", "bridge")
        ip("addr", "add", f"{self.gateway}/24", "dev", self.name)
        ip("link", "set", self.name, "up")
        for host in range(2):
            space = self.space(host)
            outer = self.outer(host)
            ip("netns", "add", space)
            ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", outer, "master", self.name)
            ip("link", "set", outer, "up")
            inside = ("netns", "exec", space, "ip")
            ip(*inside, "link", "set", "lo", "up")
            ip(*inside, "addr", "add", f"{self.network}.{host + 1}/24", "dev", "eth0")
            ip(*inside, "link", "set", "eth0", "up")
            ip(*inside, "route", "add", "default", "via", self.gateway)

    def space(self, host):
        return f"{self.name}{'ab'[host]}"

    def outer(self, host):
        return f"{self.name}{'xy'[host]}"

    def inside(self, host):
        """What stands before a command that is to run on a host."""
        return ["ip", "netns", "exec", self.space(host)]

    def start(self):
        """A head on the first host, which works too, and a node on the second."""
        for host in range(2):
            self.start_node(host)
        deadline = time.monotonic() + 120
        while self._num_alive() < 2:
            if time.monotonic() > deadline:
                raise TimeoutError("the two nodes of the cluster do not come up")
            time.sleep(0.5)

    def start_node(self, host):
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block"]
        command += ["--disable-usage-stats"]
        command += [f"--node-ip-address={self.network}.{host + 1}", f"--num-cpus={self.num_cpus}"]
        command += [f"--object-store-memory={100 << 20}"]
        if host == 0:
            command += ["--head", f"--port={PORT}", "--include-dashboard=false"]
            command += [f"--temp-dir={self.folder}"]
        else:
            command += [f"--address={self.address}"]
        with (self.folder / f"node{host}.log").open("ab") as log:
            subprocess.Popen(
                [*self.inside(host), *command],
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while not self.processes(host, "raylet"):
            if time.monotonic() > deadline:
                raise TimeoutError((self.folder / f"node{host}.log").read_text())
            time.sleep(0.2)

    def _num_alive(self):
        """Nodes that the head knows."""
        program = (
            "import ray; ray.init(address='auto', logging_level='ERROR', log_to_driver=False);"
            "print(sum(node['Alive'] for node in ray.nodes()))"
        )
        answer = subprocess.run(
            [*self.inside(0), sys.executable, "-c", program],
            capture_output=True,
            check=False,
            text=True,
            env={**self.environment, "RAY_ADDRESS": self.address},
        )
        return int(answer.stdout.split()[-1]) if answer.returncode == 0 else 0

    def pids(self, host):
        """All processes of a host."""
        answer = ip("netns", "pids", self.space(host), check=False)
        return list(map(int, answer.stdout.split()))

    def processes(self, host, name):
        """Processes of a host whose command begins with, or is, a name."""
        found = []
        for pid in self.pids(host):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            first = command.split("\0")[0]
            if first.startswith(name) or Path(first).name == name:
                found.append(pid)
        return found

    def look(self):
        """Note what each process has used until now: who reaps it, may not tell."""
        for host in range(2):
            for pid in self.pids(host):
                try:
                    stat = Path(f"/proc/{pid}/stat").read_text()
                except OSError:
                    continue
                self.ticks[pid] = sum(map(int, stat.rpartition(")")[2].split()[11:13]))

    def cpu_seconds(self):
        """Of all processes of both hosts that were looked at, the dead ones too."""
        self.look()
        return sum(self.ticks.values()) / os.sysconf("SC_CLK_TCK")

    def kill(self, host, name):
        """Kill the processes of a name on a host; how many there were."""
        found = self.processes(host, name)
        for pid in found:
            kill(pid)
        return len(found)

    def cut(self, host):
        """Cut a host off, for good."""
        ip("link", "set", self.outer(host), "down")

    def close(self):
        for host in range(2):
            for pid in self.pids(host):
                kill(pid)
            ip("netns", "del", self.space(host), check=False)
            ip("link", "del", self.outer(host), check=False)
        ip("link", "del", self.name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def kill(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)
