"""Tasks bundled into shards."""

from itertools import pairwise
from types import SimpleNamespace

import pytest

from harma.index.engines import shards as module
from harma.index.engines.shards import (
    FIRST_CHIPS,
    GROWTH,
    LEAST_SECONDS,
    MOST_CHIPS,
    SECONDS,
    SHARE_OF_BUILD,
    Shard,
    Shards,
)
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


class Clock:
    """Shards done one after the other, each in a time that is told."""

    def __init__(self, shards, monkeypatch):
        self.shards = shards
        self.now = 1000.0
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))

    def do(self, seconds_of_a_chip):
        """Do the next one; its windows."""
        shard = self.shards.next()
        seconds = shard.num_windows * seconds_of_a_chip
        self.now += seconds
        self.shards.learn(shard, seconds)
        return shard.num_windows


def test_the_size_comes_to_fit_the_time(monkeypatch):
    clock = Clock(Shards(iter([task("a", 10**7)])), monkeypatch)
    sizes = [clock.do(0.01) for _ in range(60)]
    assert sizes[0] == FIRST_CHIPS
    assert sizes[-1] == pytest.approx(SECONDS / 0.01, abs=1)
    assert all(after <= GROWTH * before for before, after in pairwise(sizes))
    clock.do(1e-6)
    clock.do(1e-6)
    assert clock.do(0.01) <= MOST_CHIPS
    # A slow one at once.
    clock.do(SECONDS)
    assert clock.do(0.01) == 1


def test_no_shard_takes_a_large_share_of_what_the_build_has_taken(monkeypatch):
    clock = Clock(Shards(iter([task("a", 10**6)])), monkeypatch)
    clock.do(0.001)
    for _ in range(40):
        before = clock.now - 1000
        longest = max(LEAST_SECONDS, SHARE_OF_BUILD * before)
        assert clock.do(0.001) * 0.001 <= longest + 0.001


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
