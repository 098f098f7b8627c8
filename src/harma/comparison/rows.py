"""A row's figures: means and spreads over its seeds, and what the method costs."""

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from harma.comparison.final import test_run_paths
from harma.comparison.plan import Plan, Row
from harma.comparison.runs import Choice, Run, choose, known_runs, num_runs, seed_runs
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
    deviation = statistics.stdev(values) if len(values) > 1 else None
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
    """

    row: Row
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

    def directories(self, split: str) -> list[Path]:
        """The runs that the figures of a split are of."""
        return list(self.test_runs) if split == "test" else [run.path for run in self.runs]

    @property
    def rate(self) -> float | None:
        """Its learning rate."""
        return self.choice.rate if self.choice else None

    @property
    def status(self) -> str:
        """In a word: done, partial, failed or waiting."""
        if self.figures:
            return "done" if len(self.runs) == len(self.row.seeds) else "partial"
        return "failed" if self.failures else "waiting"


def result_of(plan: Plan, row: Row, record: dict[str, Any], speed: Speed | None) -> Result:
    """What is known of a row.

    Args:
        plan: the comparison.
        row: of it.
        record: which rows have read the test split; see `harma.comparison.final`.
        speed: of embedding, if it was measured.
    """
    choice, runs = choose(plan, row), list(known_runs(plan, row))
    finished = [run for run in seed_runs(plan, row) if run.state() == "finished"]
    contents = [run.metrics() for run in finished]
    figures = (
        {"val": _figures([content["val"]["metrics"] for content in contents])} if finished else {}
    )
    test_runs = tuple(plan.output / path for path in test_run_paths(record, row))
    if test_runs:
        figures["test"] = _figures([_test_metrics(path) for path in test_runs])
    states = [run.state() for run in runs]
    return Result(
        row=row,
        choice=choice if row.trains else None,
        notes=tuple(_notes(row, choice, record.get(row.name), len(finished))),
        failures=tuple((run.title, run.failure()) for run in runs if run.state() == "failed"),
        runs=tuple(finished),
        ended=sum(state in ("finished", "failed") for state in states),
        planned=num_runs(plan, row),
        figures=figures,
        cost=_cost(row, finished, contents) if finished else None,
        speed=speed,
        test_runs=test_runs,
    )


def _test_metrics(path: Path) -> dict[str, float]:
    """The test figures of a run that final.json says was read.

    Raises:
        DataError: they are gone.
    """
    try:
        metrics: dict[str, float] = json.loads((path / "metrics.json").read_text(encoding="utf-8"))[
            "test"
        ]["metrics"]
    except (FileNotFoundError, KeyError) as error:
        raise DataError(
            f"{path} has no test figures, and final.json says that it was read; bring the run back,"
            " or take its row out of final.json to read the test split again"
        ) from error
    return metrics


def _notes(
    row: Row, choice: Choice | None, kept: dict[str, Any] | None, finished: int
) -> Iterator[str]:
    """What a reader of the row must know."""
    if choice and choice.note:
        yield choice.note
    if not kept or not kept.get("read"):
        return
    if choice and row.trains and kept["learning_rate"] != choice.rate:
        yield (
            f"its test figures are of rate {kept['learning_rate']:g}; since then {choice.rate:g}"
            " was chosen"
        )
    elif len(kept["runs"]) != finished:
        yield (
            f"its test figures are of {len(kept['runs'])} seeds; they are not read again for others"
        )


def _figures(metrics: Sequence[dict[str, float]]) -> dict[str, Spread]:
    return {key: spread([one[key] for one in metrics]) for key in FIGURES}


def _cost(row: Row, runs: Sequence[Run], contents: Sequence[dict[str, Any]]) -> Cost:
    epochs = [seconds for run in runs for seconds in epoch_seconds(run)]
    best = [float(event["seconds"]) for run in runs if (event := run.best()[1])]
    return Cost(
        trained=contents[0]["trained_parameters"] if row.trains else 0,
        total=contents[0]["total_parameters"],
        epoch_seconds=statistics.median(epochs) if epochs else None,
        best_seconds=statistics.fmean(best) if best else None,
        peak_bytes=max(content["peak_memory_bytes"] for content in contents),
        saved_bytes=max(folder_bytes(run.path / "best") for run in runs) if row.trains else None,
    )


def epoch_seconds(run: Run) -> list[float]:
    """The time of each epoch of a run, training alone."""
    ends = [0.0, *(float(event["seconds"]) for event in run.events("epoch"))]
    return [end - begin for begin, end in pairwise(ends)]


def folder_bytes(folder: Path) -> int:
    """Size of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
