"""Who looks at sources: threads of this process, and processes that are given groups of files.

To look at a small file is mostly work of Python, at which the threads of one process take turns. A
file whose decoder ends its process is found among its group, and listed.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import Self

from harma.index.look import Surveyed, Surveyor, Unsurveyed
from harma.index.processes import WorkerStart, worker_context

# What was asked for: called, it waits for it.
Pending = Callable[[], Sequence[Surveyed]]

ENDED = "its decoder ended the process that looked at it; the file is damaged, or takes more memory"


class SurveyPool:
    """Threads and processes, for as long as a survey goes on.

    Args:
        surveyor: looks, in each of them.
        num_workers: threads, at least one, and processes at most.

    Attributes:
        threads: for whoever else waits for files.
    """

    def __init__(self, surveyor: Surveyor, num_workers: int) -> None:
        self._surveyor = surveyor
        self._num_workers = num_workers
        self.threads = ThreadPoolExecutor(max(1, num_workers))
        # Started with the first group.
        self._processes: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.threads.shutdown(cancel_futures=True)
        if self._processes is not None:
            self._processes.shutdown(cancel_futures=True)

    def look(self, group: Sequence[Surveyed | Unsurveyed]) -> Pending:
        """Have sources looked at: one in a thread, several in a process.

        Args:
            group: one source, which may be known already, or several to look at.
        """
        asked = [item for item in group if isinstance(item, Unsurveyed)]
        if not asked:
            known = [item for item in group if isinstance(item, Surveyed)]
            return partial(list, known)
        if len(asked) == 1:
            return self.threads.submit(self._surveyor.look, asked).result
        return partial(self._looked, asked, self._submit(asked))

    def _submit(self, asked: Sequence[Unsurveyed]) -> "Future[list[Surveyed]]":
        if self._processes is not None:
            try:
                return self._processes.submit(self._surveyor.look, asked)
            except BrokenProcessPool:
                self._processes.shutdown()
        self._processes = _processes(self._num_workers)
        return self._processes.submit(self._surveyor.look, asked)

    def _looked(
        self, asked: Sequence[Unsurveyed], future: "Future[list[Surveyed]]"
    ) -> list[Surveyed]:
        try:
            return future.result()
        except BrokenProcessPool:
            # One of this group or of another, which was looked at beside it, did that.
            return [self._looked_alone(one) for one in asked]

    def _looked_alone(self, asked: Unsurveyed) -> Surveyed:
        """What is known of a source that may end the process that looks at it."""
        with _processes(1) as alone:
            try:
                return alone.submit(self._surveyor.look, [asked]).result()[0]
            except BrokenProcessPool:
                return Surveyed(asked.source, -1, 0, "", problem=ENDED, record=asked.record)


def _processes(number: int) -> ProcessPoolExecutor:
    start = WorkerStart.here()
    return ProcessPoolExecutor(number, mp_context=worker_context(), initializer=start)
