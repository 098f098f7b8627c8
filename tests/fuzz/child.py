"""A child that makes and judges inputs, one after another, as its parent asks."""

import os
import resource
import shutil
import sys
import tempfile
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.edge import RIGHT, Edge, Verdict, chance_of, edge
from tests.fuzz.judging import judge_error

# Of the address space; the parent looks at what is really used, and this holds what is quicker.
ADDRESSES = 24 << 30


def names_in(folder: Path) -> list[str]:
    """Names of the files in a folder, by which an error may name its own."""
    # A file that is not there is named by its path.
    return [str(folder), *(path.name for path in folder.rglob("*"))]


def one(wanted: Edge, seed: int, number: int, folder: Path) -> Verdict:
    """Make an input, and judge what comes of it."""
    made = wanted.make(chance_of(wanted.name, seed, number), folder)
    names = names_in(folder)
    if wanted.names is not None:
        names = wanted.names(folder, made)
    try:
        return wanted.judge(folder, made) or Verdict(RIGHT)
    except Exception as error:
        return judge_error(error, names)


def serve(name: str, seed: int, work: Path, connection: Connection) -> None:
    """Take numbers, answer with verdicts, until the parent closes.

    Args:
        name: of the edge.
        seed: of the run.
        work: a folder for those of the inputs.
        connection: to the parent.
    """
    # Of a group of its own, so that what it starts ends with it.
    os.setsid()
    work.mkdir(parents=True, exist_ok=True)
    log = os.open(work / f"log-{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # What a killed child leaves of libraries' own files goes with the folder.
    os.environ["TMPDIR"] = str(work)
    tempfile.tempdir = None
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        wanted = edge(name)
        wanted.start()
    except BaseException:
        traceback.print_exc()
        connection.send("cannot start: " + traceback.format_exc())
        return
    connection.send("ready")
    while True:
        try:
            number = connection.recv()
        except EOFError:
            return
        folder = work / f"{name}-{seed}-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        verdict = _told(wanted, seed, number, folder)
        if verdict.passes:
            shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()
        connection.send(verdict)


def _told(wanted: Edge, seed: int, number: int, folder: Path) -> Verdict:
    try:
        return one(wanted, seed, number, folder)
    except MemoryError:
        return Verdict("memory", "MemoryError", traceback.format_exc())
    except BaseException as error:
        return judge_error(error, [])
