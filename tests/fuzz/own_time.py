"""Time that an input had: without that in which other programs had the cores."""

import time
from collections.abc import Iterable
from pathlib import Path

# So many times as long as it may take, by a clock: then it is given up whoever had the cores.
MOST_TIMES = 10


class OwnTime:
    """A clock that stands still while processes wait for a core.

    The system counts, for each thread, how long it could have run and did not. Between two looks
    the longest such wait is taken off.
    """

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._looked = self._begun
        self._waited = 0.0
        self._waits: dict[Path, float] = {}

    def seconds(self, pids: Iterable[int]) -> float:
        """Seconds since it was made.

        Args:
            pids: of the processes that may wait.
        """
        now = time.monotonic()
        waits = {path: wait for pid in pids for path, wait in _waits_of(pid)}
        longest = max((wait - self._waits.get(path, 0) for path, wait in waits.items()), default=0)
        self._waited += min(longest, now - self._looked)
        self._waits = waits
        self._looked = now
        own = now - self._begun - self._waited
        return max(own, (now - self._begun) / MOST_TIMES)


def _waits_of(pid: int) -> list[tuple[Path, float]]:
    """Each thread of a process, and how many seconds it has waited for a core."""
    waits = []
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            waits.append((path, int(path.read_text().split()[1]) / 1e9))
        except (OSError, ValueError, IndexError):
            # It has ended, or the system does not count.
            continue
    return waits
