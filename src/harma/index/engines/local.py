"""The engine of a build on this machine: reader processes feed the model of this one."""

from collections.abc import Iterator

from harma.index.batches import ChipBlock
from harma.index.engines.engine import Work
from harma.index.reading import Task, chips_at_once
from harma.index.settings import Settings
from harma.index.workers import run_tasks


class LocalEngine:
    """Works in this process and its readers; see `harma.index.engines.engine`."""

    pace = None
    writes_rows = False

    def task_chips(self, settings: Settings) -> int:
        """As many as a reader hands over at once."""
        return chips_at_once(settings.tiles)

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[ChipBlock]:
        """Do tasks, in their order."""
        yield from run_tasks(
            tasks,
            work.settings,
            work.model,
            batch_size=work.batch_size,
            num_workers=work.num_readers,
        )
