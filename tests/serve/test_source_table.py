"""The sources of an index by id and page, made once for each version."""

import pytest
from tests.index.made import make_store

from harma.errors import NotFoundError
from harma.index.index import Index
from harma.index.records import SourceRecord
from harma.index.source_ids import source_id
from harma.serve.live import LiveIndex, OpenIndex
from harma.serve.source_table import SourceTable, SourceTables


@pytest.fixture
def store(tmp_path):
    store = make_store(tmp_path / "index", 400, dim=4)
    names = [f"/scenes/{number:04d}.tif" for number in range(10)]
    records = [SourceRecord(name, 1, 1, "c", num_chips=40, width=9, height=9) for name in names]
    # One could not be read, and one is placed by its camera.
    records.append(SourceRecord("/scenes/bad.tif", 1, 1, "", problem="it is damaged"))
    records.append(
        SourceRecord("/scenes/photo.jpg", 1, 1, "c", width=9, placed_by="GPS of the camera")
    )
    store.put_sources(records)
    return store


def test_pages_hold_every_source_once(store):
    table = SourceTable(store, store.versions)
    seen = []
    after = ""
    while page := table.after(after, 4):
        seen += page
        after = page[-1].id
    assert len({source.id for source in seen}) == len(seen) == 11
    assert [source.id for source in seen] == sorted(source.id for source in seen)
    assert "/scenes/bad.tif" not in {source.record.source for source in seen}


def test_by_id(store):
    table = SourceTable(store, store.versions)
    found = table.get(source_id("/scenes/0003.tif"))
    assert found.record.source == "/scenes/0003.tif"
    assert found.extent.num_chips == 40
    assert found.has_tiles
    assert not table.get(source_id("/scenes/photo.jpg")).has_tiles
    assert table.find("none") is None
    with pytest.raises(NotFoundError, match="no source none"):
        table.get("none")


def test_a_table_is_made_once_for_each_version(store):
    tables = SourceTables()
    index = LiveIndex("archive", store.home.folder)
    index.state = "ready"
    index._settings_written = index._looked.now()
    index._open = OpenIndex(Index(store), 0)
    table = tables.of(index)
    assert tables.of(index) is table
    store.put_sources([SourceRecord("/scenes/new.tif", 1, 1, "c")])
    index.refresh()
    assert tables.of(index).find(source_id("/scenes/new.tif"))
    made = []
    assert table.once("x", lambda it: made.append(it) or b"1") == b"1"
    assert table.once("x", lambda it: made.append(it) or b"2") == b"1"
    assert made == [table]
