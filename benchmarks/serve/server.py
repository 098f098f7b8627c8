"""A server as a process of its own, started as people start it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

NAME = "archive"
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """`harma serve` of one index; use it in `with`.

    Args:
        index: its directory.
        options: further indexes and flags.
    """

    def __init__(self, index, *options):
        self.index = index
        self.options = options

    def __enter__(self):
        start = time.perf_counter()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "harma", "serve"),
                *(f"{NAME}={self.index}", *self.options, "--port", "0"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = ""
        while not self.address:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit("the server has ended")
            if "serving at " in line:
                self.address = line.split("serving at ")[1].split()[0].rstrip("/")
        with self.client() as client:
            while client.get("/readyz").status_code != 200:
                time.sleep(0.1)
        self.seconds_to_ready = time.perf_counter() - start
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def kill(self):
        """End it as a failure of power would."""
        self.process.kill()
        self.process.wait()

    def client(self):
        """A client of it, which keeps its connection."""
        return httpx.Client(base_url=self.address, timeout=60, trust_env=False)

    def cpu_seconds(self):
        """What it has computed so far."""
        text = Path(f"/proc/{self.process.pid}/stat").read_text()
        values = text.rpartition(")")[2].split()
        return (int(values[11]) + int(values[12])) / TICKS

    def resident_mb(self, what="VmRSS"):
        """Memory that it has now; VmHWM: had at most."""
        return resident_mb(self.process.pid, what)


def resident_mb(pid, what="VmRSS"):
    """Memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) // 1024
    return 0
