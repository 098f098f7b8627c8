"""Lanes: tasks dealt to readers so that neighbouring chips are read by one of them.

Readers take turns: the first task goes to the first, the second to the second. Dealt as they come,
the tasks of a scene would go to all of them: each would open it, and each would decode the blocks
that chips have in common, such as strips as wide as the raster, tiles below overlapping chips, a
JPEG, which is one block.

So each reader has a lane, a scene or a long part of one, of which it gets the next few windows
whenever it is its turn. When no more scenes come, a reader whose lane is empty takes half of the
longest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from harma.index.reading import Task

# Windows of a lane at most: of a part of a scene that is named window by window they are in memory.
LANE_WINDOWS = 16_384


def in_lanes(tasks: Iterable[Task], num_lanes: int, size: int) -> Iterator[Task]:
    """The windows of tasks in the order in which readers that take turns are to get them.

    Args:
        tasks: of any size; as many are asked for ahead as there are lanes.
        num_lanes: readers; one, or none, gets all in the order that they have.
        size: windows that a reader gets at once.

    Yields:
        Tasks of at most `size` windows, each for the reader that is next.
    """
    coming = iter(tasks)
    lanes: list[Task | None] = [None] * max(1, num_lanes)
    has_some = True
    while has_some:
        has_some = False
        for number in range(len(lanes)):
            task = lanes[number] or next(coming, None) or _half_of_longest(lanes, size)
            if task is not None:
                has_some = True
                yield replace(task, numbers=task.numbers[:size])
                lanes[number] = _rest(task, size)


def _rest(task: Task, size: int) -> Task | None:
    """A task without its first windows; None where there are no others."""
    if len(task.numbers) <= size:
        return None
    return replace(task, numbers=task.numbers[size:])


def _half_of_longest(lanes: list[Task | None], size: int) -> Task | None:
    """The second half of the lane with the most windows, taken out of it.

    None where all have only what a reader gets at once.
    """
    longest = max(range(len(lanes)), key=lambda number: _length(lanes[number]))
    task = lanes[longest]
    if task is None or len(task.numbers) <= size:
        return None
    # Of whole portions: a short one in the middle would make a batch wait.
    middle = -(-len(task.numbers) // (2 * size)) * size
    lanes[longest] = replace(task, numbers=task.numbers[:middle])
    return replace(task, numbers=task.numbers[middle:])


def _length(lane: Task | None) -> int:
    return len(lane.numbers) if lane is not None else 0
