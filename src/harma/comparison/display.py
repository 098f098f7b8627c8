"""What a person sees of a comparison that runs."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from harma.comparison.jobs import Job
from harma.comparison.plan import Plan, Row
from harma.comparison.runs import known_runs, num_runs


class Display:
    """Bars of the whole and of each running run on a terminal; a line per finished run anywhere.

    Args:
        plan: the comparison.
        rows: those that run.
    """

    def __init__(self, plan: Plan, rows: Sequence[Row]) -> None:
        self.plan, self.rows = plan, rows
        self.console = Console(stderr=True)
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TextColumn("{task.fields[note]}"),
            console=self.console,
            disable=not self.console.is_terminal,
            refresh_per_second=2,
        )
        self.whole = self.bars.add_task("all runs", total=1, unit="runs", note="")
        self.tasks: dict[str, TaskID] = {}
        self.times: list[float] = []
        self.shown = 0.0
        self.counts = counts(plan, rows)

    def __enter__(self) -> "Display":
        ended, total = self.counts
        if 0 < ended < total:
            self.console.print(f"{ended} of {total} runs are there already", highlight=False)
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.bars.stop()

    def ended(self, job: Job) -> None:
        """Show a run whose process ended."""
        run = job.run
        if (task := self.tasks.pop(str(run.path), None)) is not None:
            self.bars.remove_task(task)
        self.times.append(job.seconds)
        ended, total = self.counts = counts(self.plan, self.rows)
        if failure := run.failure():
            what = f"failed: {failure} (log: {run.log})"
        else:
            key = run.recipe.train.select_by
            value = run.best()[0] if run.row.trains else run.metrics()["val"]["metrics"][key]
            what = f"validation {key} {value:.2f}"
        self.console.print(
            f"[{ended}/{total}] {run.title}: {what}, {job.seconds:.0f} s",
            markup=False,
            highlight=False,
        )

    def show(self, active: Sequence[Job]) -> None:
        """Show how far the running runs are, once a second."""
        if self.bars.disable or time.monotonic() - self.shown < 1:
            return
        self.shown = time.monotonic()
        ended, total = self.counts
        left = ""
        if self.times:
            mean = sum(self.times) / len(self.times)
            left = f"about {_clock(mean * max(0, total - ended) / self.plan.jobs)} left"
        self.bars.update(self.whole, completed=ended, total=total, note=left)
        for job in active:
            self._show_job(job)

    def _show_job(self, job: Job) -> None:
        run, epochs = job.run, job.run.recipe.train.epochs
        task = self.tasks.get(str(run.path))
        if task is None:
            task = self.tasks[str(run.path)] = self.bars.add_task(
                run.title, total=epochs, unit="epochs", note=""
            )
        events = run.events("epoch")
        note = f"{_clock(job.seconds)}"
        if events:
            done, seconds = events[-1]["epoch"], events[-1]["seconds"]
            note += f", {_clock(seconds / done * (epochs - done))} left"
        self.bars.update(task, completed=events[-1]["epoch"] if events else 0, note=note)


def counts(plan: Plan, rows: Sequence[Row]) -> tuple[int, int]:
    """Runs that have ended, and runs in all as far as known; a row that failed before its seeds has no more."""
    ended = total = 0
    for row in rows:
        states = [run.state() for run in known_runs(plan, row)]
        over = sum(state in ("finished", "failed") for state in states)
        stuck = over == len(states) and "failed" in states
        ended += over
        total += len(states) if stuck else num_runs(plan, row)
    return ended, total


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
