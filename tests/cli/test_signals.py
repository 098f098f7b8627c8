"""SIGINT and SIGTERM end a command in seconds, whatever it is in the middle of."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import atexit, ctypes, hashlib, multiprocessing, os, sys, threading, time
from types import ModuleType
import harma.cli
from harma.cli import signals

signals.PATIENCE_S = 1.0

def say():
    print("begun", flush=True)

def waits(args):
    say()
    time.sleep(60)

def catches_all(args):
    say()
    while True:
        try:
            time.sleep(0.05)
        except:
            pass

def makes_another_error_of_it(args):
    say()
    try:
        time.sleep(60)
    except BaseException as error:
        raise RuntimeError("something of a library") from error

def computes_in_a_library(args):
    say()
    hashlib.pbkdf2_hmac("sha512", b"", b"", 2**31 - 1)

def waits_for_a_thread(args):
    thread = threading.Thread(target=time.sleep, args=[60])
    thread.start()
    say()
    thread.join()

def loses_it(args):
    class Loses:
        def __del__(self):
            say()
            time.sleep(60)
    lost = Loses()
    del lost
    time.sleep(60)

def hangs_at_the_end(args):
    atexit.register(time.sleep, 60)
    waits(args)

def has_a_child(args):
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=[60])
    child.start()
    print(child.pid, flush=True)
    time.sleep(60)

def has_readers(args):
    from harma.index.processes import worker_context
    child = worker_context().Process(target=time.sleep, args=[60])
    child.start()
    from multiprocessing.forkserver import _forkserver
    print(_forkserver._forkserver_pid, child.pid, flush=True)
    time.sleep(60)

def has_forked(args):
    # What a child is told is not told to its parent.
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=[60])
    child.start()
    child.terminate()
    child.join()
    print(child.exitcode, flush=True)
    time.sleep(3)
    return 0

def ends(args):
    say()
    return 0

if __name__ == "__main__":
    module = ModuleType("probe", "A probe.")
    module.EPILOG = ""
    module.run = globals()[sys.argv[1]]
    sys.modules["harma.cli.probe"] = module
    harma.cli.VERBS["probe"] = ("probe", "a probe")
    sys.argv = ["harma", "probe"]
    sys.exit(harma.cli.main())
"""
# What a process needs to end that the watch has to end by force, on a busy machine.
SECONDS = 20


@pytest.fixture
def start(tmp_path):
    """Start a process that runs a command, and wait for the first line of it."""
    (tmp_path / "program.py").write_text(PROGRAM)
    started = []

    def make(what, **options):
        process = subprocess.Popen(
            [sys.executable, str(tmp_path / "program.py"), what],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield make
    for process in started:
        process.kill()
        process.communicate()


def ended(process):
    """Exit status, and lines on the error stream."""
    _, told = process.communicate(timeout=SECONDS)
    return process.returncode, told.splitlines()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    "what",
    [
        "waits",
        "catches_all",
        "makes_another_error_of_it",
        "computes_in_a_library",
        "waits_for_a_thread",
        "loses_it",
        "hangs_at_the_end",
    ],
)
def test_a_signal_ends_whatever_goes_on(start, what, number, status):
    process, _ = start(what)
    process.send_signal(number)
    got, told = ended(process)
    assert got == status
    assert told == [
        f"interrupted ({number.name}): files are written whole or not at all, so none is half"
        " written; go on with: harma probe"
    ]


def test_the_second_signal_ends_at_once(start):
    process, _ = start("catches_all")
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    got, told = ended(process)
    assert got == 130
    assert len(told) == 1


@pytest.mark.parametrize("what", ["has_a_child", "has_readers"])
def test_no_process_stays_behind(start, what):
    process, children = start(what)
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143
    assert children
    left = {Path("/proc") / child for child in children.split()}
    # What is killed goes in a moment, also where its parent has gone before.
    deadline = time.monotonic() + 2
    while left and time.monotonic() < deadline:
        left = {one for one in left if one.exists()}
        time.sleep(0.02)
    assert left == set()


def test_signals_of_forked_processes_are_their_own(start):
    process, exit_code = start("has_forked")
    assert exit_code == str(-signal.SIGTERM)
    assert ended(process) == (0, [])


def test_what_is_ignored_stays_ignored(start):
    process, _ = start("ends", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    process.send_signal(signal.SIGINT)
    assert ended(process) == (0, [])


def test_who_calls_a_command_keeps_the_signals():
    from harma.cli import main

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert main(["recipes"]) == 0
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    assert os.getpid() > 0
