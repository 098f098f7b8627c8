"""Who looks at sources: threads of this process, and processes with groups of small files.

To look at a small file is mostly work of Python, at which the threads of one process take turns. A
file of a group whose decoder ends its process is found, and listed.
"""

import os
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from traceback import format_exception
from typing import Self

from harma.index.look import Surveyed, Surveyor, Unsurveyed
from harma.index.processes import WorkerStart, worker_context

# What was asked for: called, it waits for it.
Pending = Callable[[], list[Surveyed]]

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
        # Started with the first group; and where one was ended, a process of its own.
        self._processes: ProcessPoolExecutor | None = None
        self._alone: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in (self.threads, self._processes, self._alone):
            if pool is not None:
                pool.shutdown(cancel_futures=True)

    @property
    def has_processes(self) -> bool:
        """Whether processes were started."""
        return self._processes is not None

    def look(self, source: Unsurveyed) -> Pending:
        """Have a source looked at in a thread."""
        return self.threads.submit(self._surveyor.look, [source]).result

    def look_apart(self, sources: Sequence[Unsurveyed]) -> Pending:
        """Have sources looked at in a process."""
        return partial(self._looked, sources, self._submitted(sources))

    def _submitted(self, sources: Sequence[Unsurveyed]) -> "Future[list[Surveyed]]":
        if self._processes is not None:
            try:
                return self._processes.submit(_look, self._surveyor, sources)
            except BrokenProcessPool:
                self._processes.shutdown()
        self._processes = _processes(self._num_workers)
        return self._processes.submit(_look, self._surveyor, sources)

    def _looked(
        self, sources: Sequence[Unsurveyed], future: "Future[list[Surveyed]]"
    ) -> list[Surveyed]:
        try:
            return future.result()
        except BrokenProcessPool:
            # By one of these sources, or of others that were looked at beside them.
            return self._looked_alone(sources)

    def _looked_alone(self, sources: Sequence[Unsurveyed]) -> list[Surveyed]:
        """What is known of sources of which one may end the process that looks at it."""
        if self._alone is None:
            self._alone = _processes(1)
            # Where no process can be started at all, no file is at fault.
            self._alone.submit(os.getpid).result()
        try:
            return self._alone.submit(_look, self._surveyor, sources).result()
        except BrokenProcessPool:
            self._alone.shutdown()
            self._alone = None
        if len(sources) == 1:
            source, record = sources[0]
            return [Surveyed(source, -1, 0, "", problem=ENDED, record=record)]
        half = len(sources) // 2
        return [*self._looked_alone(sources[:half]), *self._looked_alone(sources[half:])]


def _look(surveyor: Surveyor, sources: Sequence[Unsurveyed]) -> list[Surveyed]:
    """What a process does; a bug that cannot travel as it is, is told by its traceback."""
    try:
        return surveyor.look(sources)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            raise RuntimeError("".join(format_exception(error))) from None
        raise


def _processes(number: int) -> ProcessPoolExecutor:
    start = WorkerStart.here()
    return ProcessPoolExecutor(number, mp_context=worker_context(), initializer=start)
