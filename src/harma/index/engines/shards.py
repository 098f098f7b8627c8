"""Shards: tasks bundled for a worker of another machine, a minute of work at a time."""

import math
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from harma.index.reading import Task

# Chips of a shard: the first ones are small, so that all workers have something at once.
FIRST_CHIPS = 256
# 16,384 rows with thumbnails take up to 90 MB, of a fragment and of a worker's memory.
MOST_CHIPS = 16_384
# What the death of a worker costs, and how long the others may wait for the last one at the end:
# never long beside what the build has taken so far.
SECONDS = 45.0
SHARE_OF_BUILD = 1 / 8
# Less does not pay: each shard is a file, and a question to a worker.
LEAST_SECONDS = 2.0
# A shard grows no faster: its first chips may be quicker than those to come.
GROWTH = 4
# Sources of one chip each: opening them takes the time, so many of them are enough.
MOST_TASKS = 4096


@dataclass(eq=False)
class Shard:
    """Tasks that one worker does together, in one fragment.

    Attributes:
        tasks: of one source or of many.
        num_deaths: workers that died at it.
    """

    tasks: list[Task] = field(default_factory=list)
    num_deaths: int = 0

    @property
    def num_windows(self) -> int:
        """Windows to read."""
        return sum(len(task.numbers) for task in self.tasks)

    def parts(self) -> list["Shard"]:
        """The same work in two shards; in one where it is a single window."""
        if len(self.tasks) > 1:
            middle = len(self.tasks) // 2
            return [Shard(self.tasks[:middle]), Shard(self.tasks[middle:])]
        (task,) = self.tasks
        if len(task.numbers) > 1:
            halves = task.pieces(math.ceil(len(task.numbers) / 2))
            return [Shard([half]) for half in halves]
        return [self]


class Shards:
    """Bundles tasks as they are asked for, in the size that fits the time they take.

    Args:
        tasks: of any size.
    """

    def __init__(self, tasks: Iterator[Task]) -> None:
        self._tasks = tasks
        # What is left of a task that was larger than a shard.
        self._rest: Task | None = None
        self._again: deque[Shard] = deque()
        self._size = FIRST_CHIPS
        # When the first shard was begun that is done.
        self._began: float | None = None
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether nothing is left: neither a task, nor a shard that was put back."""
        return self._is_over and not self._again

    def next(self) -> Shard | None:
        """The next shard; None where there is nothing left now."""
        if self._again:
            return self._again.popleft()
        if self._is_over:
            return None
        shard = Shard()
        room = self._size
        while room > 0 and len(shard.tasks) < MOST_TASKS:
            task = self._next_task(room)
            if task is None:
                self._is_over = True
                break
            shard.tasks.append(task)
            room -= len(task.numbers)
        return shard if shard.tasks else None

    def _next_task(self, room: int) -> Task | None:
        """The next task, of at most `room` windows."""
        if self._rest is None:
            self._rest = next(self._tasks, None)
        if self._rest is None:
            return None
        first, rest = _parted(self._rest, room)
        self._rest = rest
        return first

    def put_back(self, shard: Shard) -> None:
        """A shard that is to be done again, before all others."""
        self._again.appendleft(shard)

    def learn(self, shard: Shard, seconds: float) -> None:
        """Fit the size to how long a shard has taken."""
        if shard.num_windows == 0 or seconds <= 0:
            return
        now = time.monotonic()
        if self._began is None:
            self._began = now - seconds
        wanted = max(LEAST_SECONDS, min(SHARE_OF_BUILD * (now - self._began), SECONDS))
        fitting = round(wanted * shard.num_windows / seconds)
        self._size = max(1, min(fitting, GROWTH * self._size, MOST_CHIPS))


def _parted(task: Task, room: int) -> tuple[Task, Task | None]:
    """The first windows of a task, and the rest of it."""
    if len(task.numbers) <= room:
        return task, None
    first = replace(task, numbers=task.numbers[:room])
    return first, replace(task, numbers=task.numbers[room:])
