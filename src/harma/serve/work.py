"""Queues of work: a fixed number of threads, a fixed number of requests that wait, then 503."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harma.errors import BusyError

Result = TypeVar("Result")
# Seconds after which a client may come again.
RETRY_AFTER_S = 2


class WorkQueue:
    """Runs work of requests in threads of its own, so that one kind does not hold up another.

    Args:
        name: of the work, for messages and metrics.
        threads: that work at once.
        waiting: requests that may wait for one.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self.name = name
        self.most = threads + waiting
        self.num_inside = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do work when its turn comes; call it in the event loop.

        Raises:
            BusyError: too many wait already.
        """
        if self.num_inside >= self.most:
            raise BusyError(f"{self.most} requests wait for {self.name} already; try again soon")
        self.num_inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self.num_inside -= 1

    def close(self) -> None:
        """Stop its threads when they have finished what they do."""
        self._pool.shutdown(wait=True, cancel_futures=True)
