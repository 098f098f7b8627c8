"""Processes that read for an index."""

import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import pytest

from harma.index.processes import WorkerStart, worker_context

BEGUN = """
import sys, time
from multiprocessing import forkserver
from harma.index.processes import prepare_workers

prepare_workers()
print(forkserver._forkserver._forkserver_pid, flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.skipif(os.name != "posix", reason="there is no fork server")
@pytest.mark.parametrize("seconds", [0.0, 0.2, 0.6])
def test_ctrl_c_while_the_fork_server_imports_shows_no_traceback(seconds):
    process = subprocess.Popen(
        [sys.executable, "-c", BEGUN],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert int(process.stdout.readline()) > 0
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said


def test_a_worker_has_the_environment_of_who_starts_it_now(monkeypatch):
    """The fork server has that of the time when it was started."""
    monkeypatch.setenv("HARMA_TRIED_BEFORE", "1")
    assert value_in_worker("HARMA_TRIED_BEFORE") == "1"
    monkeypatch.setenv("HARMA_TRIED_AFTER", "2")
    monkeypatch.delenv("HARMA_TRIED_BEFORE")
    assert value_in_worker("HARMA_TRIED_AFTER") == "2"
    assert value_in_worker("HARMA_TRIED_BEFORE") is None


def value_in_worker(name):
    return in_worker(os.getenv, name)


def in_worker(function, *arguments):
    start = WorkerStart.here()
    with ProcessPoolExecutor(1, mp_context=worker_context(), initializer=start) as pool:
        return pool.submit(function, *arguments).result()


def test_a_worker_logs_as_who_starts_it_does(monkeypatch):
    logger = logging.getLogger("harma")
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    assert in_worker(levels_there) == (logging.DEBUG, True)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    assert in_worker(levels_there) == (logging.NOTSET, False)


def levels_there():
    return logging.getLogger("harma").level, bool(logging.getLogger().handlers)
