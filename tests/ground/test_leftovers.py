"""Temporary files of killed writers go, those of living ones stay."""

import multiprocessing
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from harma.data.cache import _write_entry
from harma.ground.files import replacing, write_json, write_text
from harma.ground.leftovers import held, remove_leftovers


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write_and_die(path):
    with replacing(path) as temporary:
        temporary.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)


def killed_writer(path):
    process = multiprocessing.get_context("fork").Process(target=write_and_die, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def save(path):
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, np.zeros(3))


def write_entry(path):
    _write_entry(path, np.zeros((2, 2, 3), np.uint8))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("again.parquet", save),
        ("state.pt", save),
        ("a [1]*.json", lambda path: write_json(path, {})),
        (".hidden", lambda path: write_text(path, "")),
        ("0123.npy", write_entry),
    ],
)
def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path, name, write):
    killed_writer(tmp_path / name)
    # The next one that is killed has removed it, too.
    killed_writer(tmp_path / name)
    assert len(names(tmp_path)) == 1
    # Of another file, and what is no leftover of anything.
    killed_writer(tmp_path / "other")
    (tmp_path / f".{name}.tmp.txt").write_text("")
    write(tmp_path / name)
    left = names(tmp_path)
    assert len(left) == 3
    assert name in left
    assert sum(one.startswith(".other.") for one in left) == 1


def test_what_is_still_written_stays(tmp_path):
    path = tmp_path / "file"
    inside, go_on = threading.Event(), threading.Event()

    def write():
        with replacing(path) as temporary:
            temporary.write_text("slow")
            inside.set()
            go_on.wait(20)

    thread = threading.Thread(target=write)
    thread.start()
    assert inside.wait(20)
    write_text(path, "quick")
    assert len(names(tmp_path)) == 2
    go_on.set()
    thread.join()
    assert path.read_text() == "slow"
    assert names(tmp_path) == ["file"]


def test_folders_and_other_names_are_no_leftovers(tmp_path):
    (tmp_path / ".file.1.tmp").mkdir()
    for name in ("file.1.tmp", ".file2.1.tmp", ".file.1"):
        (tmp_path / name).write_text("")
    before = names(tmp_path)
    remove_leftovers(tmp_path / "file")
    assert names(tmp_path) == before


def test_a_file_has_the_rights_of_any_other(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "file", "")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_file_system_without_locks_is_written_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("harma.ground.leftovers.fcntl.flock", refuse)
    (tmp_path / ".file.1.tmp").write_text("")
    write_text(tmp_path / "file", "text")
    assert names(tmp_path) == [".file.1.tmp", "file"]


def test_without_locks_nothing_is_held(tmp_path, monkeypatch):
    monkeypatch.setattr("harma.ground.leftovers.HAS_LOCKS", False)
    (tmp_path / ".file.1.tmp").write_text("")
    with held(Path(tmp_path / ".file.2.tmp")):
        assert names(tmp_path) == [".file.1.tmp"]
    write_text(tmp_path / "file", "text")
    assert names(tmp_path) == ["file"]
