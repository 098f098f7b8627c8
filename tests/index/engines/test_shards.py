"""Tasks bundled into shards."""

from itertools import pairwise

import pytest

from harma.index.engines import shards as module
from harma.index.engines.shards import FIRST_CHIPS, GROWTH, MOST_CHIPS, SECONDS, Shard, Shards
from harma.index.reading import Task
from harma.scenes.source import Source


def task(name, count, first=0):
    return Task(Source(name, name), "c", range(first, first + count), first + count)


def taken(shards):
    return list(iter(shards.next, None))


def windows(found):
    return [
        (task.source.name, number)
        for shard in found
        for task in shard.tasks
        for number in task.numbers
    ]


def test_small_sources_share_a_shard_and_large_ones_are_parted():
    tasks = [task("a", 100), task("b", 100), task("c", 700), task("d", 0), task("e", 1)]
    shards = Shards(iter(tasks))
    found = taken(shards)
    assert [shard.num_windows for shard in found] == [256, 256, 256, 134 - 1 + 1 - 1]
    assert windows(found) == windows([Shard(tasks)])
    # A source that is only to be opened counts, too.
    assert "d" in [task.source.name for task in found[-1].tasks]
    assert shards.is_over


def test_tasks_are_asked_for_as_they_are_needed():
    asked = []

    def many():
        for number in range(100):
            asked.append(number)
            yield task(str(number), FIRST_CHIPS)

    shards = Shards(many())
    shards.next()
    shards.next()
    assert len(asked) == 2
    assert not shards.is_over


def test_sources_without_chips_do_not_pile_up(monkeypatch):
    monkeypatch.setattr(module, "MOST_TASKS", 3)
    found = taken(Shards(task(str(number), 0) for number in range(7)))
    assert [len(shard.tasks) for shard in found] == [3, 3, 1]


def test_what_is_put_back_comes_first():
    shards = Shards(iter([task("a", 10)]))
    first = shards.next()
    assert shards.next() is None
    assert shards.is_over
    shards.put_back(first)
    assert not shards.is_over
    assert shards.next() is first


def test_the_size_comes_to_fit_the_time():
    shards = Shards(iter([task("a", 10**6)]))
    sizes = []
    for _ in range(9):
        shard = shards.next()
        sizes.append(shard.num_windows)
        shards.learn(shard, shard.num_windows * 0.01)
    assert sizes[0] == FIRST_CHIPS
    assert sizes[-1] == pytest.approx(SECONDS / 0.01, abs=1)
    assert all(after <= GROWTH * before for before, after in pairwise(sizes))
    shards.learn(shards.next(), 1e-6)
    shards.learn(shards.next(), 1e-6)
    assert shards.next().num_windows <= MOST_CHIPS
    # A slow one at once.
    shard = shards.next()
    shards.learn(shard, shard.num_windows * SECONDS)
    assert shards.next().num_windows == 1


def test_parts_are_the_same_work():
    shard = Shard([task("a", 5), task("b", 4), task("c", 1)])
    pieces = [shard]
    for _ in range(5):
        halves = [piece.parts() for piece in pieces]
        pieces = [part for parts in halves for part in parts]
    assert windows(pieces) == windows([shard])
    assert [piece.num_windows for piece in pieces] == [1] * 10
    only_opened = Shard([task("d", 0)])
    assert only_opened.parts() == [only_opened]
