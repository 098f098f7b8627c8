"""A shelf: things kept in memory for a while, bounded in number, bytes and age (an LRU cache)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


@dataclass(frozen=True, eq=False)
class _Kept(Generic[Thing]):
    """A thing, its size, and since when it is kept."""

    thing: Thing
    num_bytes: int
    since: float


class Shelf(Generic[Thing]):
    """Keeps things by name; threads share it.

    What has not been asked for the longest goes first.

    Args:
        most_things: that are kept.
        most_bytes: of all of them.
        kept_s: seconds that each is kept.
        clock: gives seconds; tests have their own.

    Attributes:
        num_bytes: of what is kept now.
    """

    def __init__(
        self,
        *,
        most_things: int,
        most_bytes: int,
        kept_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most_things = most_things
        self.most_bytes = most_bytes
        self.kept_s = kept_s
        self.num_bytes = 0
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept[Thing]] = OrderedDict()

    def __len__(self) -> int:
        """How many things are kept."""
        return len(self._kept)

    def put(self, name: str, thing: Thing, num_bytes: int) -> None:
        """Keep a thing, in place of what had its name."""
        kept = _Kept(thing, num_bytes, self._clock())
        with self._lock:
            self._drop(name)
            self._kept[name] = kept
            self.num_bytes += num_bytes
            # The newest stays, also where it is larger than all may be: it is asked for next.
            while len(self._kept) > 1 and self._is_too_much():
                self._drop(next(iter(self._kept)))

    def get(self, name: str) -> Thing | None:
        """What is kept under a name; None if nothing is, or no longer."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is None:
                return None
            if self._clock() - kept.since > self.kept_s:
                self._drop(name)
                return None
            self._kept.move_to_end(name)
            return kept.thing

    def _is_too_much(self) -> bool:
        return len(self._kept) > self.most_things or self.num_bytes > self.most_bytes

    def _drop(self, name: str) -> None:
        kept = self._kept.pop(name, None)
        if kept is not None:
            self.num_bytes -= kept.num_bytes
