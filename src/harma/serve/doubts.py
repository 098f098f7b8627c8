"""Doubts about an index: something of it could not be read; when it is to be opened again."""

import time
from collections.abc import Callable

# Seconds between two attempts: few at first, as a copy that is under way ends soon.
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 60.0


class Doubts:
    """Whether an index is in doubt, and when to look again. Threads share it.

    Args:
        clock: gives seconds; tests have their own.

    Attributes:
        are_there: something could not be read since the last look.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.are_there = False
        self._clock = clock
        self._wait = FIRST_WAIT_S
        self._not_before = 0.0

    def begin(self) -> None:
        """Note that something could not be read."""
        self.are_there = True

    def are_due(self) -> bool:
        """Whether to look now."""
        return self.are_there and self._clock() >= self._not_before

    def looked(self) -> None:
        """Note that it was looked at: whatever is found, the next look waits longer."""
        self.are_there = False
        self._not_before = self._clock() + self._wait
        self._wait = min(2 * self._wait, LONGEST_WAIT_S)

    def end(self) -> None:
        """Forget all: something was written since."""
        self.are_there = False
        self._wait = FIRST_WAIT_S
        self._not_before = 0.0
