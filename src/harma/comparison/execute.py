"""Running what is missing of a comparison, several runs at once."""

import time
from collections.abc import Iterable, Sequence

from harma.comparison.display import Display
from harma.comparison.jobs import Job, interrupted_by_term, settle, start, stop
from harma.comparison.plan import Plan, Row
from harma.comparison.runs import Run, known_runs
from harma.training.build import load_splits

POLL = 0.2


def execute(plan: Plan, rows: Sequence[Row], *, retry: bool = False) -> int:
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
    check(plan, rows)
    if retry:
        for run in _all_known(plan, rows):
            run.failure_file.unlink(missing_ok=True)
    _check_data([run for run in _all_known(plan, rows) if run.state() in ("begun", "missing")])
    active: list[Job] = []
    finished = 0
    with interrupted_by_term(), Display(plan, rows) as display:
        try:
            _fill(plan, rows, active)
            while active:
                time.sleep(POLL)
                display.show(active)
                ended = [job for job in active if job.process.poll() is not None]
                for job in ended:
                    active.remove(job)
                    finished += settle(job)
                    display.ended(job)
                if ended:
                    _fill(plan, rows, active)
        finally:
            stop(active)
    return finished


def check(plan: Plan, rows: Iterable[Row]) -> None:
    """Make sure that every run on disk is one of this plan.

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


def _all_known(plan: Plan, rows: Iterable[Row]) -> list[Run]:
    return [run for row in rows for run in known_runs(plan, row)]


def _fill(plan: Plan, rows: Sequence[Row], active: list[Job]) -> None:
    """Start runs until as many are active as may be."""
    for run in _all_known(plan, rows):
        if len(active) >= plan.jobs:
            return
        if any(job.run.path == run.path for job in active) or run.state() not in (
            "begun",
            "missing",
        ):
            continue
        run.check()
        slot = min(set(range(plan.jobs)) - {job.slot for job in active})
        active.append(start(run, slot, plan.jobs))
