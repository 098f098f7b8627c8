"""Running what is missing of a comparison, several runs at once, with progress bars."""

import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn

from harma.comparison.jobs import Job, interrupted_by_term, settle, start, stop
from harma.comparison.plan import Plan
from harma.comparison.plan_rows import PlanRow
from harma.comparison.runs import Run, known_runs, num_runs
from harma.ground.progress import make_bars
from harma.training.build import load_splits

# Seconds between looks at the processes.
POLL = 0.2


def execute(plan: Plan, rows: Sequence[PlanRow], *, retry: bool = False) -> int:
    """Run everything that the rows need and that is not finished.

    A row's next runs are known only once earlier ones are done: epochs after the probe, seeds after
    the rates. So what is missing is looked up anew each time a process ends.

    Args:
        plan: the comparison.
        rows: those to run.
        retry: also run what failed before.

    Returns:
        How many runs were finished here.

    Raises:
        ConfigError: a run on disk was made from another recipe.
        KeyboardInterrupt: asked to end; the runs that were going on can be resumed.
    """
    check_runs(plan, rows)
    if retry:
        for run in _all_known(plan, rows):
            run.failure_file.unlink(missing_ok=True)
    _check_data([run for run in _all_known(plan, rows) if not run.ended])
    active: list[Job] = []
    finished = 0
    with interrupted_by_term(), ComparisonDisplay(plan, rows) as display:
        try:
            _fill(plan, rows, active)
            while active:
                time.sleep(POLL)
                display.show(active)
                over = [job for job in active if job.process.poll() is not None]
                for job in over:
                    # Its slot is free for the next one.
                    active.remove(job)
                    finished += settle(job)
                    display.ended(job)
                # What has ended may tell which runs come next.
                if over:
                    _fill(plan, rows, active)
        finally:
            # Whatever ended the loop, no process stays behind.
            stop(active)
    return finished


def check_runs(plan: Plan, rows: Iterable[PlanRow]) -> None:
    """Check that every run on disk is one of this plan.

    Raises:
        ConfigError: one was made from another recipe; the message says which value differs.
    """
    for run in _all_known(plan, rows):
        run.check()


def _check_data(runs: Sequence[Run]) -> None:
    """Read the annotations once here: what is wrong with them would make every run fail.

    Raises:
        HarmaError: they cannot be used.
    """
    different = {repr(run.recipe.data): run.recipe.data for run in runs}
    for data in different.values():
        load_splits(data, "train", "val")


def _all_known(plan: Plan, rows: Iterable[PlanRow]) -> list[Run]:
    runs: list[Run] = []
    for row in rows:
        runs += known_runs(plan, row)
    return runs


def _fill(plan: Plan, rows: Sequence[PlanRow], active: list[Job]) -> None:
    """Start runs until as many are active as may be."""
    running = {job.run.path for job in active}
    for run in _all_known(plan, rows):
        if len(active) >= plan.jobs:
            return
        if run.path in running or run.ended:
            continue
        # Its recipe may have become known only now: epochs after the probe.
        run.check()
        # The lowest free one: a slot is a GPU, where there are several.
        slot = min(set(range(plan.jobs)) - {job.slot for job in active})
        active.append(start(run, slot, plan.jobs))


# -- what a person sees ---------------------------------------------------------------------------


class ComparisonDisplay(AbstractContextManager["ComparisonDisplay"]):
    """Bars of the whole and of each running run on a terminal; a line per finished run anywhere.

    Args:
        plan: the comparison.
        rows: those that run.
    """

    def __init__(self, plan: Plan, rows: Sequence[PlanRow]) -> None:
        self.plan = plan
        self.rows = rows
        self.bars = make_bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TextColumn("{task.fields[note]}"),
            refresh_per_second=2,
        )
        self.console = self.bars.console
        self.whole = self.bars.add_task("all runs", total=1, unit="runs", note="")
        self.tasks: dict[str, TaskID] = {}
        self.times: list[float] = []
        self.shown = 0.0
        self.counts = count_runs(plan, rows)

    def __enter__(self) -> "ComparisonDisplay":
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
        task = self.tasks.pop(str(job.run.path), None)
        if task is not None:
            self.bars.remove_task(task)
        self.times.append(job.seconds)
        self.counts = count_runs(self.plan, self.rows)
        ended, total = self.counts
        self.console.print(
            f"[{ended}/{total}] {job.run.title}: {_ending(job.run)}, {job.seconds:.0f} s",
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
            # As if the runs to come took as long as those that ended here.
            mean = sum(self.times) / len(self.times)
            seconds = mean * max(0, total - ended) / self.plan.jobs
            left = f"about {_clock(seconds)} left"
        self.bars.update(self.whole, completed=ended, total=total, note=left)
        for job in active:
            self._show_job(job)

    def _show_job(self, job: Job) -> None:
        epochs = job.run.recipe.train.epochs
        name = str(job.run.path)
        if name not in self.tasks:
            self.tasks[name] = self.bars.add_task(
                job.run.title, total=epochs, unit="epochs", note=""
            )
        done = 0
        note = _clock(job.seconds)
        events = job.run.events("epoch")
        if events:
            done = events[-1]["epoch"]
            left = events[-1]["seconds"] / done * (epochs - done)
            note = f"{note}, {_clock(left)} left"
        self.bars.update(self.tasks[name], completed=done, note=note)


def count_runs(plan: Plan, rows: Sequence[PlanRow]) -> tuple[int, int]:
    """Runs that have ended, and runs in all as far as known."""
    ended = 0
    total = 0
    for row in rows:
        runs = list(known_runs(plan, row))
        over = sum(run.ended for run in runs)
        failed = any(run.state() == "failed" for run in runs)
        ended += over
        # A row that failed before its seeds has no more.
        if failed and over == len(runs):
            total += len(runs)
        else:
            total += num_runs(plan, row)
    return ended, total


def _ending(run: Run) -> str:
    """How a run ended, in words: why it failed, or its figure on validation."""
    if failure := run.failure():
        return f"failed: {failure} (log: {run.log})"
    key = run.recipe.train.select_by
    best = run.best()
    if best is not None:
        return f"validation {key} {best.value:.2f}"
    # The bare backbone has no epochs, only its evaluation.
    return f"validation {key} {run.metrics()['val']['metrics'][key]:.2f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}"
