"""A server in a process of its own: started as a person starts it, waited for, ended by Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

# Seconds: a loaded machine takes many for imports alone.
PATIENCE = 180


def free_port():
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class ServerProcess:
    """`harma serve …` until it is stopped; a context.

    Args:
        arguments: after `serve`, without a port.
        folder: where it is started.
        command: how HarMA is called.
    """

    def __init__(self, arguments, folder, command=(sys.executable, "-m", "harma")):
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = Path(folder) / f"server-{self.port}.log"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "serve", *arguments, "--port", str(self.port)],
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                # --open calls a program that shows nothing.
                env={**os.environ, "BROWSER": "true"},
            )

    def __enter__(self):
        try:
            self.wait()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def wait(self):
        """Wait until indexes and models are warm."""
        end = time.monotonic() + PATIENCE
        while self.ask("/readyz")[0] != 200:
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.2)

    def stop(self):
        """End it as Ctrl-C does; its exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(60)
        except subprocess.TimeoutExpired:
            # It would go on after the test that says so.
            self.kill()
            raise

    def kill(self):
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def ask(self, path, *, body=None, headers=None):
        """Status and text of an answer; status 0 where nobody answers."""
        return ask(self.base + path, body=body, headers=headers)


def ask(address, *, body=None, headers=None, context=None):
    """Status and text of an answer; status 0 where nobody answers."""
    data = None
    headers = dict(headers or {})
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(address, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except OSError:
        return 0, ""
