"""What is missing of sources, as tasks."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import chip
from tests.index.parts import planned, settings, write_stripes

from harma.index.chips import chip_id
from harma.index.known_sources import KnownSources
from harma.index.plan import SOURCES_AT_ONCE, plan
from harma.index.reading import TASK_CHIPS
from harma.index.records import SourceRecord
from harma.index.store import Store
from harma.index.survey import AHEAD, survey
from harma.scenes.source import Source
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling


@pytest.fixture
def store(tmp_path):
    return Store.create(tmp_path / "index", settings())


def numbers_of(source, **options):
    return [list(task.numbers) for task in source.tasks(**options)]


def add_chips(store, item, numbers, content=None):
    """Chips of a source that are there, of its present bytes or of others."""
    content = content or item.content
    names = [chip_id(item.source.name, content, item.windows[number]) for number in numbers]
    chips = [chip(id=name, source=item.source.name, content=content) for name in names]
    store.add_chips(chips, np.ones((len(chips), 3), dtype=np.float32))


def look(store, sources):
    values = store.settings
    return list(survey(sources, KnownSources(None), values.tiling, values.reading, num_workers=1))


def test_a_new_source_is_cut_into_tasks_of_few_windows():
    source = planned(count=2 * TASK_CHIPS + 5)
    tasks = list(source.tasks())
    assert [len(task.numbers) for task in tasks] == [TASK_CHIPS, TASK_CHIPS, 5]
    assert [number for task in tasks for number in task.numbers] == list(range(2 * TASK_CHIPS + 5))
    assert {task.num_windows for task in tasks} == {2 * TASK_CHIPS + 5}
    assert {task.content for task in tasks} == {"c"}
    assert numbers_of(planned(count=5), size=2) == [[0, 1], [2, 3], [4]]


def test_known_and_failed_sources_have_no_tasks():
    source = planned(count=0)
    assert (source.num_missing, numbers_of(source)) == (0, [])


def test_of_a_source_that_was_begun_only_the_rest_is_read(store, tmp_path):
    write_stripes(tmp_path / "a.tif", range(1, 9))
    sources = find_sources([tmp_path / "a.tif"])
    (item,) = look(store, sources)
    add_chips(store, item, [0, 1, 2, 5])
    (source,) = plan(sources, store)
    assert (source.num_missing, len(source.present)) == (4, 4)
    assert numbers_of(source) == [[3, 4, 6, 7]]
    assert numbers_of(source, size=3) == [[3, 4, 6], [7]]
    assert not source.has_outdated
    add_chips(store, item, [3, 4, 6, 7])
    store = Store(store.home)
    (source,) = plan(sources, store)
    assert source.num_missing == 0
    assert numbers_of(source) == [[]], "it is opened once more, to write its record"


def test_chips_of_other_bytes_are_outdated_and_do_not_count(store, tmp_path):
    write_stripes(tmp_path / "a.tif", range(1, 5))
    sources = find_sources([tmp_path / "a.tif"])
    (item,) = look(store, sources)
    add_chips(store, item, [0, 1, 2, 3], content="before")
    add_chips(store, item, [1])
    (source,) = plan(sources, store)
    assert source.has_outdated
    assert numbers_of(source) == [[0, 2, 3]]


def test_ids_are_asked_for_many_sources_at_once_and_for_new_ones_not_at_all(
    store, tmp_path, monkeypatch
):
    count = SOURCES_AT_ONCE + 3
    for number in range(count + 5):
        write_stripes(tmp_path / f"{number:03d}.tif", [number + 1])
    sources = find_sources([tmp_path / f"{number:03d}.tif" for number in range(count + 5)])
    for item in look(store, sources[5:]):
        add_chips(store, item, [0], content="before")
    asked = []
    original = Store.chip_ids
    monkeypatch.setattr(
        Store, "chip_ids", lambda self, names: asked.append(len(names)) or original(self, names)
    )
    items = list(plan(sources, store))
    assert asked == [SOURCES_AT_ONCE, 3]
    assert [item.surveyed.source for item in items] == sources
    assert [item.has_outdated for item in items] == [False] * 5 + [True] * count


def test_records_of_the_index_come_with_their_sources(store, tmp_path):
    write_stripes(tmp_path / "a.tif", [1, 2])
    sources = find_sources([tmp_path / "a.tif"])
    (item,) = look(store, sources)
    record = SourceRecord(item.source.name, item.size, item.mtime_ns, item.content, num_chips=2)
    store.put_sources([record])
    told = []
    (source,) = plan(sources, store, progress=lambda *progress: told.append(progress))
    assert source.surveyed.is_known
    # As it was by size and time: its record is not read.
    assert source.record is None
    store.put_sources([replace(record, mtime_ns=1)])
    (touched,) = plan(sources, store)
    assert touched.surveyed.is_known
    assert touched.record == replace(record, mtime_ns=1)
    assert told == [("looking", 1, 1)]


class Counted(list):
    """A list that notes how many of its items were taken."""

    num_taken = 0

    def __iter__(self):
        for item in super().__iter__():
            self.num_taken += 1
            yield item


def test_few_sources_are_looked_at_before_their_tasks_are_asked_for(store, monkeypatch):
    monkeypatch.setattr("harma.index.survey.STATS_AT_ONCE", 10)
    sources = Counted(Source(f"/nowhere/{number}", f"/nowhere/{number}") for number in range(200))
    items = plan(sources, store, num_workers=1)
    for count in range(1, 100):
        next(items)
        assert sources.num_taken <= count + AHEAD + 10
    items.close()


def test_windows_are_not_held(tmp_path):
    """A hundred thousand windows of twenty sources would take ten megabytes."""
    small = settings(tiling=Tiling(size=1))
    store = Store.create(tmp_path / "index", small)
    for number in range(20):
        write_stripes(tmp_path / f"{number:02d}.tif", [number] * 50)
    sources = find_sources([tmp_path / f"{number:02d}.tif" for number in range(20)])
    next(plan(sources, store))  # what libraries load when they are first used
    tracemalloc.start()
    num_windows = 0
    for source in plan(sources, store):
        for task in source.tasks():
            num_windows += len(task.numbers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert num_windows == 20 * 500 * 10
    assert peak < 3e6
