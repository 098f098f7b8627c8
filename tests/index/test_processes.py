"""Processes that read for an index."""

import os
import signal
import subprocess
import sys
import time

import pytest

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
