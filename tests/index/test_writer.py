"""Committing blocks: what a kill, a failure or a change leaves in the tables."""

import datetime as dt
import json
from dataclasses import replace
from itertools import permutations

import pytest
from tests.index.made import all_rows
from tests.index.parts import block, planned, settings, surveyed

from harma.index import writer as writing
from harma.index.plan import PlannedSource
from harma.index.records import SourceRecord
from harma.index.store import Store
from harma.index.verify import verify
from harma.index.writer import Writer, write_problems


@pytest.fixture
def store(tmp_path):
    return Store.create(tmp_path / "index", settings())


class Killed(BaseException):
    """Stands for the end of the process."""


def _dying(original, calls, step):
    def write(self, *args):
        if next(calls) == step:
            raise Killed
        return original(self, *args)

    return write


def record(name="a.tif", content="c", num_chips=4, **values):
    return SourceRecord(name, 7, 8, content, num_chips=num_chips, **values)


def ids(store):
    return sorted(row["id"] for row in all_rows(store))


def committed(store, *sources, blocks=()):
    writer = Writer(store)
    for source in sources:
        writer.begin(source)
    writer.commit(blocks)
    return writer


@pytest.mark.parametrize("change", [{"mtime_ns": 99}, {"size": 6}, {"size": 6, "mtime_ns": 99}])
def test_a_file_that_was_touched_but_not_changed_is_not_hashed_again(store, change):
    known = record()
    touched = replace(surveyed(is_known=True), **change)
    committed(store, PlannedSource(replace(touched, record=known)))
    assert store.sources() == {"a.tif": replace(known, **change)}


def test_a_source_that_is_as_it_was_is_not_written_again(store):
    committed(store, PlannedSource(surveyed(is_known=True, record=record())))
    assert store.sources() == {}


def test_a_source_has_its_record_when_its_last_block_is_in_and_not_before(store):
    writer = committed(store, planned(), blocks=[block(numbers=(0, 1))])
    assert ids(store) == ["a.tif c 0", "a.tif c 1"]
    assert store.sources() == {}
    writer.commit([block(numbers=(2, 3), skipped=1)])
    expected = record(
        num_chips=3,
        num_skipped=1,
        width=40,
        height=10,
        bands="3,2,1",
        bands_reason="named",
        stretch="0-9",
    )
    written = store.sources()["a.tif"]
    assert replace(written, added=None) == expected
    assert abs(dt.datetime.now(dt.UTC) - written.added) < dt.timedelta(minutes=5)
    assert (writer.outcome.num_new, writer.outcome.num_added) == (1, 3)
    assert writer.outcome.num_skipped == 1


def test_a_source_keeps_the_time_it_was_added_until_its_bytes_change(store):
    then = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    numbers = (0, 1, 2, 3)
    # Its record had a problem, and its bytes are the same.
    before = record(problem="it cannot be read; its 4 chips are kept", added=then)
    committed(store, planned(record=before), blocks=[block(numbers=numbers)])
    assert store.sources()["a.tif"].added == then
    changed = planned(content="new", record=before, has_outdated=True)
    committed(store, changed, blocks=[block(numbers=numbers, content="new")])
    assert store.sources()["a.tif"].added > then


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_blocks_may_come_in_any_order(store, order):
    parts = [block(numbers=(0, 1)), block(numbers=(2,)), block(numbers=(3,))]
    parts.append(block("b.tif", (0,), count=1))
    writer = committed(store, planned(), planned("b.tif", 1))
    for number in order:
        writer.commit([parts[number]])
        done = {name: source.num_chips for name, source in store.sources().items()}
        counts = {name: sum(name in chip for chip in ids(store)) for name in done}
        assert done == counts
    assert done == {"a.tif": 4, "b.tif": 1}


def test_chips_that_are_there_count(store):
    committed(store, planned(), blocks=[block(numbers=(0, 1))])
    rest = planned(present=frozenset(["a.tif c 0", "a.tif c 1"]))
    writer = committed(store, rest, blocks=[block(numbers=(2, 3))])
    assert store.sources()["a.tif"].num_chips == 4
    assert writer.outcome.num_added == 2


def test_a_source_of_which_only_the_record_is_missing(store):
    committed(store, planned(), blocks=[block(numbers=(0, 1))])
    rest = planned(count=2, present=frozenset(["a.tif c 0", "a.tif c 1"]))
    committed(store, rest, blocks=[block(numbers=(), count=2)])
    assert store.sources()["a.tif"].num_chips == 2


def changed(store):
    """A source that is there, and is to be read with other bytes."""
    committed(store, planned(content="old"), blocks=[block(numbers=range(4), content="old")])
    return planned(record=store.sources()["a.tif"], has_outdated=True)


def test_old_chips_go_when_the_new_ones_are_all_in(store):
    writer = committed(store, changed(store), blocks=[block(numbers=(0, 1))])
    assert [name for name in ids(store) if "old" in name] == [
        f"a.tif old {number}" for number in range(4)
    ]
    writer.commit([block(numbers=(2, 3))])
    assert ids(store) == [f"a.tif c {number}" for number in range(4)]
    assert store.sources()["a.tif"].content == "c"
    assert (writer.outcome.num_replaced, writer.outcome.num_new) == (1, 0)


def test_old_chips_stay_where_the_last_new_ones_could_not_be_written(store, monkeypatch):
    writer = committed(store, changed(store), blocks=[block(numbers=(0, 1))])
    monkeypatch.setattr(Store, "add_chips", _dying(Store.add_chips, iter([1]), 1))
    with pytest.raises(Killed):
        writer.commit([block(numbers=(2, 3))])
    assert sum("old" in name for name in ids(store)) == 4


def test_a_commit_of_nothing_writes_nothing(store):
    writer = committed(store, changed(store), blocks=[block(numbers=range(4))])
    version = store.version
    writer.commit([])
    assert store.version == version


def test_of_a_new_source_that_fails_after_a_commit_nothing_stays(store):
    parts = [block(numbers=(0, 1)), block(numbers=(2,)), block(numbers=(3,), problem="damaged")]
    writer = committed(store, planned(), planned("b.tif", 1))
    for part in (parts[0], block("b.tif", (0,), count=1), *parts[1:]):
        writer.commit([part])
    assert ids(store) == ["b.tif c 0"]
    assert store.sources()["a.tif"] == record(num_chips=0, problem="damaged")
    assert writer.outcome.problems == {"a.tif": "damaged"}


def test_a_changed_source_that_fails_after_a_commit_keeps_what_it_had(store):
    writer = committed(store, changed(store), blocks=[block(numbers=(0, 1))])
    writer.commit([block(numbers=(2, 3), problem="damaged")])
    assert ids(store) == [f"a.tif old {number}" for number in range(4)]
    source = store.sources()["a.tif"]
    assert (source.content, source.num_chips) == ("old", 4)
    assert source.problem == "damaged; its 4 chips are kept"


@pytest.mark.parametrize("together", [True, False])
def test_blocks_that_come_after_the_failure_of_their_source_are_not_written(store, together):
    parts = [
        block(numbers=(0,)),
        block(numbers=(1,), problem="damaged"),
        block(numbers=(2,), problem="damaged too"),
        block(numbers=(3,)),
    ]
    writer = committed(store, planned())
    for part in [parts] if together else [[part] for part in parts]:
        writer.commit(part)
    assert ids(store) == []
    assert writer.outcome.problems == {"a.tif": "damaged"}
    assert writer.outcome.num_skipped == 0


def test_sources_that_are_known_touched_or_failed_at_once(store):
    before = SourceRecord("a.tif", 1, 2, "c", num_chips=1)
    touched = PlannedSource(surveyed(count=0, is_known=True, record=before))
    # By size and time, without its record.
    known = PlannedSource(surveyed("b.tif", 0, is_known=True))
    failed = PlannedSource(surveyed("c.tif", 0, problem="it is not there"))
    writer = committed(store, touched, known, failed)
    sources = store.sources()
    assert sources.keys() == {"a.tif", "c.tif"}, "what is as it was is not written again"
    assert sources["a.tif"] == record(num_chips=1)
    assert sources["c.tif"].problem == "it is not there"
    assert (writer.outcome.num_kept, writer.outcome.num_new) == (2, 0)


def test_commits_come_when_enough_chips_wait(store, monkeypatch):
    monkeypatch.setattr(writing, "COMMIT_CHIPS", 3)
    sizes = []
    monkeypatch.setattr(Writer, "commit", lambda self, blocks: sizes.append(len(blocks)))
    Writer(store).write(block(numbers=(number,)) for number in range(4))
    assert sizes == [3, 1]
    sizes.clear()
    Writer(store).write(block(numbers=range(4), skipped=4) for _ in range(7))
    assert sizes == [3, 3, 1], "blocks of nothing but nodata do not pile up"
    sizes.clear()
    monkeypatch.setattr(writing, "COMMIT_SECONDS", 0.0)
    Writer(store).write(block(numbers=(number,)) for number in range(2))
    assert sizes == [1, 1, 0]


def test_many_files_are_joined(store, monkeypatch):
    monkeypatch.setattr(writing, "FILES_BETWEEN", 2)
    writer = committed(store, planned(count=9))
    for number in range(9):
        writer.commit([block(numbers=(number,), count=9)])
        assert store.num_files() <= 3
    assert len(ids(store)) == 9


def test_problems_are_listed_in_a_file_while_there_are_any(store):
    path = store.home.folder / "problems.json"
    store.put_sources([record(), record("b.tif", num_chips=0, problem="damaged")])
    write_problems(store)
    assert json.loads(path.read_text()) == [{"source": "b.tif", "problem": "damaged"}]
    store.put_sources([record("b.tif")])
    write_problems(store)
    assert not path.exists()


WRITES = ("add_chips", "drop_chips", "drop_other_chips", "put_sources")


@pytest.mark.parametrize("first", ["new", "changed"])
def test_a_build_killed_before_any_write_is_completed_by_the_next(
    build_index, write_scenes, tmp_path, monkeypatch, first
):
    """For every write of the build in turn, with a source that fails half way among others."""
    monkeypatch.setattr(writing, "COMMIT_CHIPS", 1)
    scenes = tmp_path / "scenes"
    paths = write_scenes(scenes, 2)
    if first == "changed":
        build_index(scenes)
        write_scenes(tmp_path / "other", 1, first=7)[0].replace(paths[0])
    large = write_scenes(scenes, 1, first=5, size=640)[0]
    large.write_bytes(large.read_bytes()[:700_000])
    for step in range(1, 100):
        calls = iter(range(1, 10_000))
        with monkeypatch.context() as patch:
            for name in WRITES:
                patch.setattr(Store, name, _dying(getattr(Store, name), calls, step))
            try:
                outcome = build_index(scenes)
            except Killed:
                continue
            break
    assert step > 3
    assert list(outcome.problems) == [str(large)]
    index = Store(tmp_path / "index")
    assert len(ids(index)) == len(set(ids(index))) == 18
    assert {row["source"] for row in all_rows(index)} == set(map(str, paths))
    assert verify(index) == []
