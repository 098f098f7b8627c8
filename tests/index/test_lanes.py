"""Lanes: each reader gets windows that lie together."""

from collections import defaultdict
from itertools import pairwise

from harma.index.lanes import in_lanes
from harma.index.reading import Task
from harma.scenes.source import Source


def task(name, count):
    return Task(Source(name, name), "c", range(count), count)


def dealt(tasks, num_lanes, size=2):
    """What each reader gets, (source, numbers), as a loader that deals in turns gives it out."""
    readers = defaultdict(list)
    for turn, part in enumerate(in_lanes(tasks, num_lanes, size)):
        assert len(part.numbers) <= size
        readers[turn % num_lanes].append((part.source.name, *part.numbers))
    return dict(readers)


def test_one_reader_gets_all_in_its_order():
    parts = list(in_lanes([task("a", 5), task("b", 0), task("c", 1)], 0, 2))
    assert [(part.source.name, *part.numbers) for part in parts] == [
        *(("a", 0, 1), ("a", 2, 3), ("a", 4)),
        ("b",),
        ("c", 0),
    ]


def test_a_scene_is_read_by_one_reader_while_there_are_others():
    readers = dealt([task("a", 4), task("b", 4), task("c", 4), task("d", 4)], 2)
    assert readers == {
        0: [("a", 0, 1), ("a", 2, 3), ("c", 0, 1), ("c", 2, 3)],
        1: [("b", 0, 1), ("b", 2, 3), ("d", 0, 1), ("d", 2, 3)],
    }


def test_the_only_scene_is_cut_into_parts_that_lie_together():
    """At its very end a reader takes a few windows of another's part."""
    readers = dealt([task("a", 160)], 4)
    for parts in readers.values():
        numbers = [number for _, *part in parts for number in part]
        breaks = sum(after != before + 1 for before, after in pairwise(numbers))
        assert breaks <= 3
        assert 36 <= len(numbers) <= 44


def test_a_reader_without_a_scene_takes_half_of_the_longest():
    """Of 12 windows one reader has the first two when the other is done with its own scene."""
    readers = dealt([task("a", 12), task("b", 2)], 2)
    assert readers[0] == [("a", 0, 1), ("a", 2, 3), ("a", 4, 5), ("a", 6, 7)]
    assert readers[1] == [("b", 0, 1), ("a", 8, 9), ("a", 10, 11)]


def test_every_window_comes_once():
    counts = {"a": 7, "b": 1, "c": 30, "d": 0, "e": 2, "f": 5, "g": 64}
    tasks = [task(name, count) for name, count in counts.items()]
    for num_lanes in (1, 2, 3, 8):
        seen = defaultdict(list)
        for part in in_lanes(tasks, num_lanes, 3):
            seen[part.source.name] += part.numbers
        for name, count in counts.items():
            assert sorted(seen[name]) == list(range(count))


def test_no_more_tasks_are_asked_for_than_there_are_lanes():
    taken = []

    def coming():
        for name in "abcdef":
            taken.append(name)
            yield task(name, 100)

    parts = in_lanes(coming(), 3, 10)
    for _ in range(20):
        next(parts)
    assert taken == ["a", "b", "c"]
