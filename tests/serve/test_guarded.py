"""A store that tells when it cannot be read, and is as the store else."""

import inspect
from pathlib import Path

import pytest

from harma.errors import BusyError, DataError, ModelMismatchError
from harma.index.contract import StoreReader
from harma.index.store import Store
from harma.serve.guarded import GuardedStore


@pytest.fixture
def told():
    return []


@pytest.fixture
def guarded(archive, told):
    return GuardedStore(Store(archive), "archive", lambda: told.append("broke"))


def names_of(protocol):
    return [name for name in vars(protocol) if not name.startswith("_")]


def test_it_has_all_that_a_store_has(guarded):
    for name in names_of(StoreReader):
        real = getattr(StoreReader, name)
        own = getattr(GuardedStore, name)
        if callable(real):
            assert list(inspect.signature(own).parameters) == list(
                inspect.signature(real).parameters
            ), name


def test_it_reads_what_the_store_reads(guarded, archive, told):
    store = Store(archive)
    assert guarded.snapshot().versions == store.versions
    assert guarded.settings == store.settings
    assert guarded.home.folder == archive
    assert guarded.count() == 27
    assert guarded.sources().keys() == store.sources().keys()
    rows = guarded.rows(["id"])
    assert rows["id"].to_pylist() == store.rows(["id"])["id"].to_pylist()
    assert sum(len(block) for block in guarded.blocks(["id"])) == 27
    assert guarded.at([0], ["id"])["id"].to_pylist() == rows["id"].to_pylist()[:1]
    with guarded.reading():
        assert guarded.tuning() == ""
    assert told == []


class Broken:
    """A store of which every reading fails."""

    home = Path("/somewhere/secret")

    def __init__(self, error):
        self.error = error

    def rows(self, *_):
        raise self.error

    def blocks(self, *_):
        yield 1
        raise self.error


@pytest.mark.parametrize(
    "error", [OSError("x"), ValueError("x"), RuntimeError("x"), DataError("x")]
)
def test_what_cannot_be_read_is_told(error, told, caplog):
    guarded = GuardedStore(Broken(error), "coast", lambda: told.append("broke"))
    with pytest.raises(BusyError, match="the index coast cannot be searched") as raised:
        guarded.rows(["id"])
    assert "secret" not in str(raised.value)
    assert "/somewhere/secret cannot be read" in caplog.text
    blocks = guarded.blocks(["id"])
    assert next(blocks) == 1
    with pytest.raises(BusyError):
        next(blocks)
    assert told == ["broke", "broke"]


@pytest.mark.parametrize("error", [ModelMismatchError("x"), BusyError("x"), KeyError("x")])
def test_what_says_something_else_is_passed_on(error, told):
    guarded = GuardedStore(Broken(error), "coast", lambda: told.append("broke"))
    with pytest.raises(type(error)):
        guarded.rows(["id"])
    assert told == []


def test_what_is_done_with_a_block_is_nothing_of_the_store(told):
    guarded = GuardedStore(Broken(OSError()), "coast", lambda: told.append("broke"))
    blocks = guarded.blocks(["id"])
    next(blocks)
    with pytest.raises(OSError, match="of the caller"):
        blocks.throw(OSError("of the caller"))
    assert told == []
