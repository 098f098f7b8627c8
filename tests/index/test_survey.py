"""Looking at sources before they are read."""

import os
from dataclasses import replace

import pytest
from tests.index.made import made_settings
from tests.index.memory_store import MemoryStore
from tests.index.parts import write_stripes

from harma.index.known_sources import KnownSources
from harma.index.records import SourceRecord
from harma.index.survey import AHEAD, survey
from harma.scenes.reading import Reading
from harma.scenes.source import Source
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling


def look(sources, known=(), num_workers=1):
    store = MemoryStore(made_settings(8))
    store.put_sources(known)
    known = KnownSources(store)
    return survey(sources, known, Tiling(size=10), Reading(), num_workers=num_workers)


def record_of(item):
    return SourceRecord(item.source.name, item.size, item.mtime_ns, item.content, num_chips=4)


@pytest.mark.parametrize("num_workers", [0, 3])
def test_sources_come_in_their_order_with_their_windows(tmp_path, num_workers):
    for number in range(30):
        write_stripes(tmp_path / f"{number:02d}.tif", range(1, number + 2))
    looked = list(look(find_sources([tmp_path]), num_workers=num_workers))
    assert [len(item.windows) for item in looked] == list(range(1, 31))
    assert len({item.content for item in looked}) == 30
    assert [item.facts.width for item in looked][:3] == [10, 20, 30]


def test_few_sources_are_looked_at_ahead(monkeypatch):
    monkeypatch.setattr("harma.index.survey.STATS_AT_ONCE", 10)
    taken = []

    def sources():
        for number in range(1000):
            taken.append(number)
            yield Source(f"/nowhere/{number}.tif", f"/nowhere/{number}.tif")

    looked = look(sources(), num_workers=2)
    for asked in range(1, 100):
        next(looked)
        assert len(taken) <= asked + 2 * AHEAD + 10
    looked.close()


def test_what_is_known_touched_changed_or_failed_before(tmp_path):
    path = write_stripes(tmp_path / "a.tif", [1, 2])
    sources = find_sources([path])
    (first,) = look(sources)
    assert not first.is_known
    known = record_of(first)
    (again,) = look(sources, [known])
    assert (again.is_known, again.windows, again.content) == (True, None, "")
    os.utime(path, ns=(1, 1))
    (touched,) = look(sources, [known])
    assert (touched.is_known, touched.mtime_ns) == (True, 1), "other time, the same bytes"
    (failed,) = look(sources, [replace(known, mtime_ns=1, problem="it failed")])
    assert not failed.is_known, "what failed before is tried again, though it is as it was"
    assert failed.problem == ""
    write_stripes(path, [1, 3])
    (changed,) = look(sources, [known])
    assert not changed.is_known
    assert changed.content != first.content


def test_the_same_size_and_time_are_taken_as_the_same_bytes(tmp_path):
    """As every tool of this kind does: to hash all files at each call would take hours."""
    path = write_stripes(tmp_path / "a.tif", [1, 2])
    (first,) = look(find_sources([path]))
    size, mtime_ns = first.size, first.mtime_ns
    write_stripes(path, [2, 1])
    os.utime(path, ns=(mtime_ns, mtime_ns))
    assert path.stat().st_size == size
    (again,) = look(find_sources([path]), [record_of(first)])
    assert again.is_known


def test_problems_are_told_without_the_name_of_their_source(tmp_path):
    (tmp_path / "empty.tif").write_bytes(b"")
    gone = tmp_path / "gone.tif"
    sources = [*find_sources([tmp_path / "empty.tif"]), Source(str(gone), str(gone))]
    empty, missing = look(sources)
    assert empty.problem.startswith("it cannot be read as a raster or picture")
    assert missing.problem == "it is not there"
    assert missing.size == -1
    assert missing.windows is None


def test_many_files_are_looked_at_in_processes_in_their_order(tmp_path, monkeypatch):
    monkeypatch.setattr("harma.index.survey.MANY_FILES", 10)
    monkeypatch.setattr("harma.index.survey.GROUP_FILES", 4)
    for number in range(25):
        write_stripes(tmp_path / f"{number:02d}.tif", range(1, number + 2))
    (tmp_path / "07.tif").write_bytes(b"")
    sources = find_sources([tmp_path])
    alone = list(look(sources, num_workers=0))
    known = [record_of(item) for item in alone[10:12]]
    gone = Source("/nowhere/gone.tif", "/nowhere/gone.tif")
    expected = [*look([*sources, gone], known, num_workers=0)]
    got = list(look([*sources, gone], known, num_workers=2))
    for one, other in zip(expected, got, strict=True):
        assert list(one.windows or ()) == list(other.windows or ())
        fields = ("source", "size", "mtime_ns", "content", "facts", "problem", "is_known")
        for name in fields:
            assert getattr(one, name) == getattr(other, name)
    assert [item.is_known for item in got].count(True) == 2
    assert "it is not there" in got[-1].problem
