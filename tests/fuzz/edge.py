"""An edge: where something from outside comes in, a generator of inputs for it and a judge.

A module of `tests/fuzz/edges` has `EDGE = Edge(...)`; no table has to be kept.
"""

import pkgutil
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

RIGHT = "right"
CLEAN = "clean"
# What a judge may find, or the frame itself; all but the first two fail.
VERDICTS = (
    RIGHT,
    CLEAN,
    "traceback",
    "hang",
    "memory",
    "died",
    "silent",
    "wrong",
    "vague",
)


@dataclass
class Verdict:
    """What came of an input.

    Attributes:
        kind: one of VERDICTS.
        cause: a few words by which inputs are counted: of an error its reason without numbers and
            names; of what is wrong what it is.
        detail: what else helps to find it; a traceback.
    """

    kind: str
    cause: str = ""
    detail: str = ""

    @property
    def passes(self) -> bool:
        """Whether it is a right result or a named error."""
        return self.kind in (RIGHT, CLEAN)


@dataclass(frozen=True)
class Edge:
    """A generator and a judge.

    Attributes:
        name: one word; the module's name.
        make: (chance, folder) → anything: writes one input into the empty folder, from `chance`
            alone; what it returns is handed to `judge`.
        judge: (folder, made) → a verdict, or None for right: does what a user would do with it. An
            error of ours that it lets through is judged by the frame: it has to name a file or word
            of `names`; any other error is a traceback.
        names: (folder, made) → words of which an error has to hold one; None: a name of a file in
            the folder.
        share: of all inputs, beside the other edges' shares.
        each: inputs that one child takes before another is forked. 1 where state would be carried.
        start: called once in each child before the first input, as for a model they share.
    """

    name: str
    make: Callable[[random.Random, Path], Any]
    judge: Callable[[Path, Any], Verdict | None]
    names: Callable[[Path, Any], list[str]] | None = None
    share: int = 10
    each: int = 25
    start: Callable[[], None] = field(default=lambda: None)


def edge_names() -> list[str]:
    """All edges, by name."""
    folder = Path(__file__).parent / "edges"
    return sorted(module.name for module in pkgutil.iter_modules([str(folder)]))


def edge(name: str) -> Edge:
    """An edge; its module is imported now."""
    found: Edge = import_module(module_of(name)).EDGE
    return found


def module_of(name: str) -> str:
    """The module of an edge; a name with a dot is a module itself, for tests of the frame."""
    return name if "." in name else f"tests.fuzz.edges.{name}"


def chance_of(name: str, seed: int, number: int) -> random.Random:
    """The chance of one input: the same for the same three in every process."""
    return random.Random(f"{name} {seed} {number}")
