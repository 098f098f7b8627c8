"""Damaged tables are told as such, in words for people, whatever reads them first."""

import inspect
import os
import shutil

import pyarrow as pa
import pytest
from tests.index.made import make_store

from harma.errors import DataError, QueryError
from harma.index.contract import StoreReader
from harma.index.index import Index
from harma.index.store import Store, reads, source_reads
from harma.index.unreadable import (
    DAMAGED,
    UnreadableError,
    check_are_files,
    is_of_store,
    reason_of_store,
)

READS = {
    "count": lambda index: len(index),
    "info": lambda index: index.info(),
    "sources": lambda index: index.store.sources(),
    "rows": lambda index: index.store.rows(["id"]),
    "blocks": lambda index: list(index.store.blocks(["embedding"])),
    "ids": lambda index: index.store.chip_ids(["/scenes/0000.tif"]),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole") / "index"
    make_store(place, 60, dim=8)
    return place


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "index")
    return tmp_path / "index"


def damage(place, pattern, kind):
    for file in place.rglob(pattern):
        content = file.read_bytes()
        file.unlink()
        if kind == "cut":
            file.write_bytes(content[: len(content) // 2])
        elif kind == "zeros":
            file.write_bytes(bytes(len(content)))
        elif kind == "folder":
            file.mkdir()


@pytest.mark.parametrize("kind", ["gone", "cut", "zeros", "folder"])
@pytest.mark.parametrize("pattern", ["*.lance/data/*.lance", "*.manifest"])
def test_every_read_tells_which_index_and_what_to_do(copy, pattern, kind):
    damage(copy, pattern, kind)
    told = 0
    for read in READS.values():
        try:
            read(Index.open(copy))
        except DataError as error:
            told += 1
            message = str(error)
            assert str(copy) in message
            assert "build it again" in message
            assert ".rs" not in message
            assert "LanceError" not in message
            assert "/root/.cargo" not in message
    assert told >= 2


def test_a_condition_over_damaged_files_is_not_to_blame(copy):
    index = Index.open(copy)
    damage(copy, "chips.lance/data/*.lance", "cut")
    with pytest.raises(UnreadableError):
        index.store.count("gsd > 1 AND id LIKE '%1'")


class RustPanic(Exception):  # noqa: N818 (as the bindings call it)
    pass


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            OSError("Not found: a/b.lance, /root/.cargo/registry/src/a/b.rs:12:3"),
            "Not found: a/b.lance",
        ),
        (RuntimeError("lance error: no, /rustc/ab/a.rs:1:2"), "no"),
        (RustPanic("rust future panicked: unknown error"), DAMAGED),
        (pa.ArrowKeyError("x"), "x"),
        (KeyError("column"), "'column'"),
        (OSError(), DAMAGED),
    ],
)
def test_reasons(error, reason):
    assert is_of_store(error)
    assert reason_of_store(error) == reason


@pytest.mark.parametrize("error", [DataError("a"), QueryError("b"), TypeError("c"), SystemExit(1)])
def test_what_is_not_of_the_store(error):
    assert not is_of_store(error)


def test_a_store_tells_it_was_damaged_after_it_was_opened(copy):
    store = Store(copy)
    shutil.rmtree(next(copy.rglob("chips.lance")))
    with pytest.raises(UnreadableError, match="cannot be read"):
        store.rows(["id"])


def test_no_read_is_forgotten():
    """What the contract of readers names reads tables, but for these."""
    names = {name for name, _ in inspect.getmembers(StoreReader) if not name.startswith("_")}
    others = {"home", "num_bytes", "reading", "settings", "snapshot", "tuning"}
    assert names - others <= {*reads.READS, *source_reads.READS}


@pytest.mark.parametrize("name", ["a.lance", "data/b.lance", "x/_versions/1.manifest"])
@pytest.mark.parametrize("kind", ["pipe", "device", "loop"])
def test_pipes_and_devices_in_an_index_are_told_before_anybody_waits(tmp_path, name, kind):
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")
    (tmp_path / "link").symlink_to(file)
    (tmp_path / "dangling").symlink_to("/nonexistent")
    check_are_files(tmp_path)
    check_are_files(tmp_path / "none")
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero" if kind == "device" else file)
    with pytest.raises(DataError, match="is a pipe or device, and no file|leads nowhere"):
        check_are_files(tmp_path)
