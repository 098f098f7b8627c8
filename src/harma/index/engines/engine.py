"""What an engine of a build is: it takes tasks, and gives back each of them done, once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from harma.index.done import Done
from harma.index.fragments import TableAddress
from harma.index.reading import Task
from harma.index.settings import Settings
from harma.index.writer import Pace
from harma.model.opened import OpenedModel


@dataclass(frozen=True, eq=False)
class Work:
    """What is the same for all tasks of a build.

    Attributes:
        settings: of the index.
        model: embeds; loaded here.
        table: of the chips, for workers that write their rows themselves.
        batch_size: pictures embedded at once.
        num_readers: processes that read for a model; 0 reads in its own.
    """

    settings: Settings
    model: OpenedModel
    table: TableAddress
    batch_size: int
    num_readers: int


class Engine(Protocol):
    """Does the work of a build, by `harma.index.work` whoever does it."""

    @property
    def pace(self) -> Pace | None:
        """How often what it gives is committed; None is the writer's own."""

    @property
    def writes_rows(self) -> bool:
        """Whether its workers write rows themselves, as fragments of the table."""

    def task_chips(self, settings: Settings) -> int:
        """Windows in a task that it takes, at most."""

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[Done]:
        """Do tasks, and give back each of them once, in any order.

        Args:
            work: what is common to them.
            tasks: asked for as they are needed, some of them ahead of the work.
        """
