"""What a build knows of an index's sources: enough to tell what is as it was, records on demand."""

from dataclasses import replace

import pytest
from tests.index.made import made_settings
from tests.index.memory_store import MemoryStore

from harma.index.known_sources import KnownSources
from harma.index.records import SourceRecord
from harma.index.source_files import OnDisk
from harma.index.store import Store

NEW = "https://a.example/s.tif"
OLD = [f"{NEW}?X-Amz-Signature=abc{number}" for number in range(2)]
RECORDS = [
    SourceRecord("/a.tif", 5, 6, "c", num_chips=3),
    SourceRecord("/copy.tif", 5, 7, "c", num_chips=3),
    SourceRecord("/bad.tif", 8, 9, "", problem="damaged"),
    *(SourceRecord(name, -1, 0, "s", num_chips=1) for name in OLD),
]


@pytest.fixture(params=[Store, MemoryStore])
def store(request, tmp_path):
    settings = made_settings(8)
    made = (
        MemoryStore(settings) if request.param is MemoryStore else Store.create(tmp_path, settings)
    )
    made.put_sources(RECORDS)
    return made


def test_what_is_as_it_was(store):
    known = KnownSources(store)
    assert len(known) == 5
    assert "/a.tif" in known
    assert "/b.tif" not in known
    assert known.is_unchanged("/a.tif", OnDisk(5, 6))
    assert not known.is_unchanged("/a.tif", OnDisk(5, 7))
    assert not known.is_unchanged("/a.tif", OnDisk(4, 6))
    assert not known.is_unchanged("/b.tif", OnDisk(5, 6))
    # What could not be used is looked at again.
    assert not known.is_unchanged("/bad.tif", OnDisk(8, 9))


def test_records_are_read_when_they_are_needed(store):
    known = KnownSources(store)
    assert known.records(["/a.tif", "/b.tif"]) == {"/a.tif": RECORDS[0]}
    store.put_sources([replace(RECORDS[0], size=77)])
    assert known.records(["/a.tif"])["/a.tif"].size == 77
    assert known.records([]) == {}


def test_sources_of_the_same_bytes(store):
    known = KnownSources(store)
    assert known.knows_content("c")
    assert not known.knows_content("")
    alike = known.of_contents(["c", "x", "c", ""])
    assert {content: len(records) for content, records in alike.items()} == {"c": 2}
    assert known.of_contents(["x"]) == {}


def test_names_with_signatures_are_given_once(store):
    known = KnownSources(store)
    assert known.has_signed(NEW)
    assert sorted(known.signed_names(NEW)) == OLD
    assert not known.has_signed(NEW)
    assert known.signed_names(NEW) == []


def test_of_no_index_nothing_is_known():
    known = KnownSources(None)
    assert len(known) == 0
    assert "/a.tif" not in known
    assert known.records(["/a.tif"]) == {}
    assert known.of_contents(["c"]) == {}
    assert not known.is_unchanged("/a.tif", OnDisk(1, 2))
