"""Indexes that cannot be made, or are of another HarMA, are told as such."""

import lancedb
import pytest
from tests.index.made import make_store
from tests.index.parts import settings

from harma.errors import DataError, StorageError
from harma.index.store import Store

FULL = "lance error: LanceError(IO): Unable to copy data to file: No space left on device"


@pytest.mark.parametrize("error", [RuntimeError(FULL), OSError(28, "No space left on device")])
def test_a_disk_that_is_full_when_an_index_is_made(tmp_path, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(lancedb.db.LanceDBConnection, "create_table", fail)
    with pytest.raises(StorageError, match=r"cannot be written \(.*No space left"):
        Store.create(tmp_path / "archive", settings())


@pytest.mark.parametrize("name", ["addEd", "x"])
def test_sources_of_which_an_index_says_other_things(tmp_path, name):
    store = make_store(tmp_path / "index", 9)
    store._sources.alter_columns({"path": "added", "rename": name})
    with pytest.raises(DataError, match="index says other things of its sources"):
        Store(tmp_path / "index")
