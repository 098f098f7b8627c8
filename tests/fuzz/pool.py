"""Children with limits of time and memory; one that breaks them is ended, and another forked.

Children are forked from a server that has imported everything once, so that none imports torch for
an input of a few bytes.
"""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.fuzz.child import serve
from tests.fuzz.edge import Verdict, edge, edge_names, module_of
from tests.fuzz.own_time import OwnTime

SECONDS = 20.0
MEMORY = 4 << 30
# Between two looks at the memory of a child.
LOOK = 0.05
# A child has to have imported what it needs within this.
START_SECONDS = 120.0


@dataclass
class Outcome:
    """An input and what came of it.

    Attributes:
        name: of the edge.
        seed: of the run.
        number: of the input.
        verdict: what came of it.
        seconds: how long it took.
        peak: bytes of the largest process, as they were seen.
    """

    name: str
    seed: int
    number: int
    verdict: Verdict
    seconds: float
    peak: int

    @property
    def label(self) -> str:
        """By which it is done again."""
        return f"{self.name}:{self.seed}:{self.number}"


def preloaded() -> list[str]:
    """What the server imports before it forks: one server serves all edges."""
    return [module_of(name) for name in edge_names()]


class Child:
    """A child of an edge.

    Args:
        name: of the edge.
        seed: of the run.
        work: a folder for inputs.
    """

    def __init__(self, name: str, seed: int, work: Path) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.fuzz.child", *preloaded()])
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(name, seed, work, theirs), daemon=False)
        self.process.start()
        theirs.close()
        self.taken = 0
        if not self.connection.poll(START_SECONDS):
            self.end()
            raise TimeoutError(f"{name}: a child does not start")
        said = self.connection.recv()
        if said != "ready":
            self.end()
            raise RuntimeError(f"{name}: {said}")

    def end(self) -> None:
        """End it and what it has started."""
        self.connection.close()
        if self.process.pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()

    def peak(self) -> int:
        """Bytes of the largest process of its group now."""
        return max((_resident(process) for process in _family(self.process.pid)), default=0)

    def judge(self, number: int, *, seconds: float, memory: int) -> tuple[Verdict, int]:
        """Let it judge an input; the verdict, and the most memory that was seen."""
        self.taken += 1
        self.connection.send(number)
        clock = OwnTime()
        peak = 0
        while not self.connection.poll(LOOK):
            family = _family(self.process.pid)
            peak = max(peak, *(_resident(process) for process in family), 0)
            if peak > memory:
                return Verdict("memory", f"over {memory >> 30} GB"), peak
            if clock.seconds([process.pid for process in family]) > seconds:
                return Verdict("hang", f"over {seconds:g} s"), peak
        try:
            verdict = self.connection.recv()
        except EOFError:
            self.process.join()
            return Verdict("died", f"exit status {self.process.exitcode}"), peak
        return verdict, max(peak, self.peak())


def _family(pid: int | None) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _resident(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def judged(
    name: str,
    seed: int,
    numbers: Iterable[int],
    work: Path,
    *,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Iterator[Outcome]:
    """Judge inputs of an edge.

    Args:
        name: of the edge.
        seed: of the run.
        numbers: of the inputs.
        work: where inputs lie while they are judged; those that fail stay.
        seconds, memory: of one input.

    Yields:
        What came of each.
    """
    child: Child | None = None
    each = edge(name).each
    work.mkdir(parents=True, exist_ok=True)
    try:
        for number in numbers:
            if child is not None and child.taken >= each:
                child.end()
                child = None
            if child is None:
                child = Child(name, seed, work)
            begun = time.monotonic()
            verdict, peak = child.judge(number, seconds=seconds, memory=memory)
            yield Outcome(name, seed, number, verdict, time.monotonic() - begun, peak)
            if verdict.kind in ("hang", "memory", "died"):
                child.end()
                child = None
    finally:
        if child is not None:
            child.end()
