"""Progress bars on the error stream, so that what is printed can be piped; none where nobody looks.

rich is imported when a bar is made: help and short commands do not wait for it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

T = TypeVar("T")

# How long work tells of itself: (so far, in all); in all is 0 where that is not known.
Advance = Callable[[int, int], None]
# The same of work with several parts: (which part, so far, in all).
AdvancePart = Callable[[str, int, int], None]


def not_told(part: str, done: int, total: int) -> None:
    """Tell nobody: the `AdvancePart` of work that nobody watches."""


# What is counted while a part is done; for any other part its own name is shown.
COUNTED = {
    "looking": "sources",
    "sampling": "sources",
    "embedding": "chips",
    "exporting": "chips",
    "checking": "rows",
    "importing": "rows",
    "copying": "chips",
    "comparing": "chips",
}


def make_bars(
    *columns: "ProgressColumn | str",
    enabled: bool = True,
    transient: bool = False,
    refresh_per_second: float = 10,
) -> "Progress":
    """Bars for a display that has columns of its own; `.console` prints beside them.

    Args:
        columns: of each bar, from the left; none takes those of `progress_bars`.
        enabled: False shows nothing at all, on a terminal or not (processes but the first).
        transient: the bars go when they are done.
        refresh_per_second: how often they are drawn.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True, quiet=not enabled)
    return Progress(
        *(columns or _usual_columns()),
        console=console,
        disable=not enabled or not console.is_terminal,
        transient=transient,
        refresh_per_second=refresh_per_second,
    )


def _usual_columns() -> "tuple[ProgressColumn, ...]":
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )


@contextmanager
def progress_bars() -> Iterator[AdvancePart]:
    """A bar for each part of some work, with counts, speed and the time left.

    Yields:
        What the work calls: `advance(part, so_far, in_all)`. A part gets its bar by the first call.
    """
    bars = make_bars(transient=True)
    tasks: dict[str, TaskID] = {}

    def advance(part: str, so_far: int, in_all: int) -> None:
        total = in_all or None
        if part not in tasks:
            tasks[part] = bars.add_task(COUNTED.get(part, part), total=total, rate="")
        task = tasks[part]
        # rich counts the speed of its last seconds; at first it has none.
        speed = bars.tasks[bars.task_ids.index(task)].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        bars.update(task, completed=so_far, total=total, rate=rate)

    with bars:
        yield advance


@contextmanager
def progress_bar(part: str) -> Iterator[Advance]:
    """A single bar, as of `progress_bars`.

    Args:
        part: what is done, such as "decoding".

    Yields:
        What the work calls: `advance(so_far, in_all)`.
    """
    with progress_bars() as advance:
        yield lambda so_far, in_all: advance(part, so_far, in_all)


def tracked(items: Iterable[T], total: int, part: str, *, enabled: bool = True) -> Iterator[T]:
    """The items as they are, and a bar of how many were taken.

    Args:
        items: to go through.
        total: how many there are.
        part: what is done with them.
        enabled: False shows nothing.
    """
    if not enabled:
        yield from items
        return
    with progress_bar(part) as advance:
        for so_far, item in enumerate(items):
            advance(so_far, total)
            yield item
        advance(total, total)
