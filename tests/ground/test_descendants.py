"""Descendants of a process."""

import os
import subprocess
import sys
import time

import pytest

from harma.ground.descendants import own_descendants

STARTS = (
    "import subprocess, sys, time;"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print('begun', flush=True); time.sleep(60)"
)


@pytest.fixture
def started():
    """Start a process, and end it and those that it started."""
    processes = []

    def start(words):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        os.killpg(process.pid, 9)
        process.wait()


def test_children_and_theirs_are_found(started):
    process = started([sys.executable, "-c", STARTS])
    process.stdout.readline()
    deadline = time.monotonic() + 20
    # A child is another program until it has become this one.
    while len(own_descendants(process.pid)) < 1 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(own_descendants(process.pid)) == 1
    assert process.pid in own_descendants(os.getpid())
    assert set(own_descendants(process.pid)) < set(own_descendants(os.getpid()))


def test_other_programs_are_left_alone(started):
    process = started(["sleep", "60"])
    assert process.pid not in own_descendants(os.getpid())
    words = [
        sys.executable,
        "-c",
        "import time; time.sleep(60)",
        "multiprocessing.resource_tracker",
    ]
    assert started(words).pid not in own_descendants(os.getpid())


def test_who_has_gone_has_none():
    assert own_descendants(2**22 + 1) == []
