"""The engine of a build on this machine: reader processes feed the model of this one."""

from collections.abc import Iterator

from harma.index.batches import ChipBlock
from harma.index.engines.engine import Work
from harma.index.lanes import LANE_WINDOWS, in_lanes
from harma.index.reading import Task, chips_at_once
from harma.index.settings import Settings
from harma.index.workers import run_tasks


class LocalEngine:
    """Works in this process and its readers; see `harma.index.engines.engine`."""

    pace = None
    writes_rows = False

    def task_chips(self, settings: Settings) -> int:
        """As many as a reader keeps to itself; it gets them in smaller parts."""
        return LANE_WINDOWS

    def run(self, work: Work, tasks: Iterator[Task]) -> Iterator[ChipBlock]:
        """Do tasks, in parts: those of a source in any order where several processes read."""
        yield from run_tasks(
            in_lanes(tasks, work.num_readers, chips_at_once(work.settings.tiles)),
            work.settings,
            work.model,
            batch_size=work.batch_size,
            num_workers=work.num_readers,
        )
