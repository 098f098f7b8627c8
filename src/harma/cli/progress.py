"""Bars on the error stream, so that what is printed can be piped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# What is counted while something is done; for anything else it is what is done.
COUNTED = {
    "looking": "sources",
    "embedding": "chips",
    "exporting": "chips",
    "checking": "rows",
    "importing": "rows",
}


@contextmanager
def progress_bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing done, with counts, speed and the time left; none where nobody looks.

    They are told (what is done, so far, in all).
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    tasks: dict[str, Any] = {}

    def told(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(COUNTED.get(what, what), total=total, rate="")
        speed = bar.tasks[tasks[what]].speed
        bar.update(
            tasks[what], completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else ""
        )

    with bar:
        yield told
