"""Rows of the table, and two things measured in turn."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        part: of the table.
        what: was measured.
        against: what it is compared with.
        cpu: how many times as quick as that it is, in CPU seconds; None where only a clock tells.
        wall: the same by the clock; None where processes wait for nothing.
        least: that is wanted of it, of CPU seconds where they are there; None: nothing is.
        detail: figures that the ratio was made of.
    """

    part: str
    what: str
    against: str
    cpu: float | None
    wall: float | None
    least: float | None = None
    detail: str = ""

    @property
    def ratio(self) -> float:
        """The one of both that says more."""
        value = self.wall if self.cpu is None else self.cpu
        assert value is not None
        return value

    def print(self) -> None:
        """For the process that makes the table."""
        print(json.dumps(asdict(self), ensure_ascii=False), flush=True)


def say(text):
    """Put a sentence under the table of a part."""
    print(json.dumps({"said": text}, ensure_ascii=False), flush=True)


@dataclass(frozen=True)
class Turns:
    """Seconds of two things, round by round: (rounds, 2)."""

    cpu: np.ndarray
    wall: np.ndarray

    def ratio(self, seconds: np.ndarray) -> float:
        """How many times as quick the first one is: the median over rounds."""
        return float(np.median(seconds[:, 1] / seconds[:, 0]))

    def row(self, part: str, what: str, against: str, least: float | None = None) -> Row:
        """The row that says so."""
        ours, theirs = np.median(self.cpu, axis=0)
        detail = f"{ours:.3g} against {theirs:.3g} CPU s"
        return Row(part, what, against, self.ratio(self.cpu), self.ratio(self.wall), least, detail)


def in_turn(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 5) -> Turns:
    """Measure two things in turn; the first round warms up and is not counted."""
    cpu = np.empty((rounds + 1, 2))
    wall = np.empty((rounds + 1, 2))
    for number in range(rounds + 1):
        for place, thing in enumerate((ours, theirs)):
            start, used = time.perf_counter(), time.process_time()
            thing()
            cpu[number, place] = time.process_time() - used
            wall[number, place] = time.perf_counter() - start
    return Turns(cpu[1:], wall[1:])
