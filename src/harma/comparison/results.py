"""A row's results: means and standard deviations over its seeds, and what the method costs."""

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from harma.comparison.final import FinalReading, Record, test_run_paths
from harma.comparison.plan import Plan
from harma.comparison.plan_rows import PlanRow
from harma.comparison.runs import Choice, Run, choose, finished_runs, known_runs, num_runs
from harma.comparison.speed import Speed
from harma.errors import DataError
from harma.metrics import RECALL_KEYS

FIGURES = (*RECALL_KEYS, "mR", "dup_mR")


@dataclass(frozen=True)
class Spread:
    """A mean over seeds.

    Attributes:
        mean: of them.
        deviation: sample standard deviation (n − 1); None of a single value.
        values: by seed, in the order of the runs.
    """

    mean: float
    deviation: float | None
    values: tuple[float, ...]


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation."""
    # One value has no spread; 0 would say that seeds agree.
    deviation = None
    if len(values) > 1:
        deviation = statistics.stdev(values)
    return Spread(statistics.fmean(values), deviation, tuple(values))


@dataclass(frozen=True)
class Cost:
    """What a row's runs take, of its chosen rate.

    Attributes:
        trained: parameters that train.
        total: parameters of the model.
        epoch_seconds: median time of an epoch, without validation; None where nothing trains.
        best_seconds: mean time of training until the best validation.
        peak_bytes: the most memory a run held: on a GPU what torch took there, else resident.
        saved_bytes: size of `best/`.
    """

    trained: int
    total: int
    epoch_seconds: float | None
    best_seconds: float | None
    peak_bytes: int
    saved_bytes: int | None

    @property
    def percent(self) -> float:
        """Parameters that train, in percent of all."""
        return 100 * self.trained / self.total


@dataclass(frozen=True)
class Result:
    """A row of the tables.

    Attributes:
        row: whose it is.
        choice: its learning rate, and the others; None where there is none, or none is chosen yet.
        notes: what to know of it.
        failures: of each run that failed, its title and why.
        runs: finished runs that the figures are of.
        ended: how many of its runs have ended.
        planned: how many there are.
        figures: for each split, metric → spread over seeds, in percent.
        cost: None until a run is finished.
        speed: of embedding; None until it is measured.
        test_runs: directories of the runs that the test figures are of.
        folds: its results in each fold, where the comparison is over folds.
    """

    row: PlanRow
    choice: Choice | None
    notes: tuple[str, ...]
    failures: tuple[tuple[str, str], ...]
    runs: tuple[Run, ...]
    ended: int
    planned: int
    figures: dict[str, dict[str, Spread]] = field(default_factory=dict)
    cost: Cost | None = None
    speed: Speed | None = None
    test_runs: tuple[Path, ...] = ()
    folds: tuple["Result", ...] = ()

    def directories(self, split: str) -> list[Path]:
        """The runs that the figures of a split are of."""
        if split == "test":
            return list(self.test_runs)
        return [run.path for run in self.runs]

    @property
    def rate(self) -> float | None:
        """Its learning rate; None where there is none, or one for each fold."""
        return self.choice.rate if self.choice else None

    @property
    def wanted_runs(self) -> int:
        """How many runs the figures are of when they are complete."""
        return len(self.row.seeds) * max(1, len(self.folds))

    @property
    def status(self) -> str:
        """In a word: done, partial, failed or waiting."""
        if self.figures and len(self.runs) == self.wanted_runs:
            return "done"
        if self.figures:
            return "partial"
        return "failed" if self.failures else "waiting"


def result_of(plan: Plan, row: PlanRow, record: Record, speed: Speed | None) -> Result:
    """What is known of a row.

    Args:
        plan: the comparison.
        row: of it.
        record: which rows have read the test split; see `harma.comparison.final`.
        speed: of embedding, if it was measured.

    Raises:
        DataError: test figures are gone that final.json says were read.
    """
    # The bare backbone has nothing to choose.
    choice = choose(plan, row) if row.trains else None
    runs = list(known_runs(plan, row))
    finished = finished_runs(plan, row)
    contents = [run.metrics() for run in finished]
    # Of the runs that were read, which later ones do not replace.
    test_runs = tuple(plan.output / path for path in test_run_paths(record, row))
    figures = {
        "val": _figures([content["val"]["metrics"] for content in contents]),
        "test": _figures([_test_metrics(path) for path in test_runs]),
    }
    return Result(
        row=row,
        choice=choice,
        notes=tuple(_notes(choice, record.get(row.name), len(finished))),
        failures=_failures(runs),
        runs=tuple(finished),
        ended=sum(run.ended for run in runs),
        planned=num_runs(plan, row),
        figures={split: of_split for split, of_split in figures.items() if of_split},
        cost=cost_of(row, finished, contents),
        speed=speed,
        test_runs=test_runs,
    )


def _failures(runs: Sequence[Run]) -> tuple[tuple[str, str], ...]:
    return tuple((run.title, run.failure()) for run in runs if run.state() == "failed")


def _test_metrics(path: Path) -> dict[str, float]:
    """The test figures of a run that final.json says was read.

    Raises:
        DataError: they are gone.
    """
    try:
        # Not `Run.metrics`: the rate may have changed, and the run is no longer one of the plan.
        content = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
        metrics: dict[str, float] = content["test"]["metrics"]
    except (FileNotFoundError, KeyError) as error:
        raise DataError(
            f"{path} has no test figures, and final.json says that it was read; bring the run back,"
            " or take its row out of final.json to read the test split again"
        ) from error
    return metrics


def _notes(choice: Choice | None, reading: FinalReading | None, num_finished: int) -> Iterator[str]:
    """What a reader of the row must know."""
    if choice and choice.note:
        yield choice.note
    if reading is None or not reading.read:
        return
    # The bare backbone has no rate that could change.
    rate = reading.learning_rate
    if choice is not None and rate is not None and rate != choice.rate:
        yield (f"its test figures are of rate {rate:g}; since then {choice.rate:g} was chosen")
    elif len(reading.runs) != num_finished:
        yield (
            f"its test figures are of {len(reading.runs)} seeds; they are not read again for others"
        )


def _figures(metrics: Sequence[dict[str, float]]) -> dict[str, Spread]:
    """Each figure over the seeds; {} without any."""
    if not metrics:
        return {}
    figures = {}
    for key in FIGURES:
        figures[key] = spread([of_seed[key] for of_seed in metrics])
    return figures


def cost_of(row: PlanRow, runs: Sequence[Run], contents: Sequence[dict[str, Any]]) -> Cost | None:
    """What the finished runs took; None where there is none."""
    if not runs:
        return None
    # The most of any seed: a machine must have room for it.
    peak_bytes = max(content["peak_memory_bytes"] for content in contents)
    total = contents[0]["total_parameters"]
    if not row.trains:
        return Cost(0, total, None, None, peak_bytes, None)
    epochs: list[float] = []
    to_best: list[float] = []
    for run in runs:
        epochs += epoch_seconds(run)
        best = run.best()
        if best is not None:
            to_best.append(best.seconds)
    return Cost(
        trained=contents[0]["trained_parameters"],
        total=total,
        epoch_seconds=statistics.median(epochs) if epochs else None,
        best_seconds=statistics.fmean(to_best) if to_best else None,
        peak_bytes=peak_bytes,
        saved_bytes=max(folder_bytes(run.path / "best") for run in runs),
    )


def epoch_seconds(run: Run) -> list[float]:
    """The time of each epoch of a run, training alone."""
    ends = [float(event["seconds"]) for event in run.events("epoch")]
    # The log counts from the begin of the training, not of the epoch.
    return [end - begin for begin, end in pairwise([0.0, *ends])]


def folder_bytes(folder: Path) -> int:
    """Size of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
