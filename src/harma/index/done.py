"""What comes of the work of a build: rows in memory, or rows that a worker has written already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harma.index.reading import Task
from harma.scenes.scene import SceneFacts


@dataclass(frozen=True)
class Tally:
    """What came of a task, in numbers.

    Attributes:
        task: what was asked for.
        num_chips: that were embedded.
        num_skipped: chips left out as mostly nodata.
        num_off_earth: chips left out as not on the Earth.
        facts: of the source; None where it could not be read.
        problem: why it could not be read, or "".
    """

    task: Task
    num_chips: int
    num_skipped: int
    num_off_earth: int
    facts: SceneFacts | None
    problem: str = ""


class Done(Protocol):
    """What an engine gives back: `ChipBlock` or `WrittenShard`."""

    @property
    def tallies(self) -> Sequence[Tally]:
        """Of each task that this is of."""


@dataclass(frozen=True, eq=False)
class WrittenShard:
    """Tasks whose rows lie in files beside a table, which no version of it names yet.

    Attributes:
        tallies: of each task.
        fragments: the files, as `harma.index.fragments` describes them; none of tasks without rows.
    """

    tallies: Sequence[Tally]
    fragments: Sequence[str]
