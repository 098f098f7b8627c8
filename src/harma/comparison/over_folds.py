"""Results of all folds together: means over folds, differences and their intervals over runs."""

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harma.comparison.differences import COMPARED_METRICS, Difference, mean_evaluation
from harma.comparison.plan_rows import PlanRow
from harma.comparison.results import FIGURES, Result, Spread, cost_of, spread
from harma.comparison.runs import Run
from harma.errors import DataError
from harma.evaluation import Evaluation, resample
from harma.evaluation.student import student_quantile

IMAGES = "images"
IMAGES_AND_RUNS = "images and runs"
# An end of a 95 % interval.
UPPER = 0.975
# One fold has no scatter.
LEAST_FOR_SCATTER = 2
SPLITS_JUDGED = ("val", "test")


def joined_result(row: PlanRow, folds: Sequence[Result]) -> Result:
    """A row's results of every fold as one: means and standard deviations over folds.

    Args:
        row: of the comparison.
        folds: its results in each fold, as far as they are there.
    """
    runs: list[Run] = []
    failures: list[tuple[str, str]] = []
    test_runs: list[Path] = []
    for number, fold in enumerate(folds, 1):
        runs += fold.runs
        test_runs += fold.test_runs
        failures += [(f"fold {number}: {title}", why) for title, why in fold.failures]
    contents = [run.metrics() for run in runs]
    return Result(
        row=row,
        choice=None,
        notes=_notes(folds),
        failures=tuple(failures),
        runs=tuple(runs),
        ended=sum(fold.ended for fold in folds),
        planned=sum(fold.planned for fold in folds),
        figures=_all_figures(folds),
        cost=cost_of(row, runs, contents),
        # The models of all folds are alike: one is measured.
        speed=folds[0].speed,
        test_runs=tuple(test_runs),
        folds=tuple(folds),
    )


def _all_figures(folds: Sequence[Result]) -> dict[str, dict[str, Spread]]:
    """The figures of each split that some fold has."""
    figures = {}
    for split in SPLITS_JUDGED:
        of_split = _figures(folds, split)
        if of_split:
            figures[split] = of_split
    return figures


def _figures(folds: Sequence[Result], split: str) -> dict[str, Spread]:
    """Each figure over the folds that have it; {} without any."""
    there = [fold.figures[split] for fold in folds if split in fold.figures]
    if not there:
        return {}
    figures = {}
    for key in FIGURES:
        figures[key] = spread([of_fold[key].mean for of_fold in there])
    return figures


def _notes(folds: Sequence[Result]) -> tuple[str, ...]:
    """What to know of a row, each note once with the folds it is of."""
    numbers: dict[str, list[str]] = {}
    for number, fold in enumerate(folds, 1):
        for note in fold.notes:
            numbers.setdefault(note, []).append(str(number))
    notes = []
    for note, of_folds in numbers.items():
        word = "fold" if len(of_folds) == 1 else "folds"
        notes.append(f"{word} {', '.join(of_folds)}: {note}")
    return tuple(notes)


def chosen_rates(result: Result) -> dict[float, int]:
    """The learning rates that folds chose, the most frequent first, and how many chose each."""
    rates = Counter(fold.rate for fold in result.folds if fold.rate is not None)
    return dict(rates.most_common())


# -- differences ----------------------------------------------------------------------------------


def fold_differences(results: Sequence[Result], split: str) -> list[Difference]:
    """Every pair of rows, twice: with the interval over images and runs, and over images alone.

    A pair is compared on the folds that both have, two at least; the difference is the mean over
    them. Over images: of each fold images are drawn with replacement, seeds averaged, the models as
    they are. Over images and runs: Student's t of the folds' differences, each of which has images,
    seeds and a train part of its own. Train parts of folds overlap, which it takes no account of.

    Args:
        results: of the rows, joined over folds.
        split: "val" or "test".

    Raises:
        DataError: rows were measured on other data.
    """
    shown = [result for result in results if split in result.figures]
    evaluations = {result.row.name: _evaluations(result, split) for result in shown}
    _check_same_data(evaluations, split)
    pairs: list[Difference] = []
    images: list[Difference] = []
    for metric in COMPARED_METRICS:
        drawn = {name: _drawn(of_row, metric) for name, of_row in evaluations.items()}
        for a, b in combinations(shown, 2):
            of_folds = _of_folds(a, b, split, metric)
            if len(of_folds) < LEAST_FOR_SCATTER:
                continue
            one = drawn[a.row.name]
            other = drawn[b.row.name]
            gaps = np.mean([one[number] - other[number] for number in of_folds], axis=0)
            low, high = np.quantile(gaps, [1 - UPPER, UPPER]).tolist()
            names = (a.row.name, b.row.name)
            point = statistics.fmean(of_folds.values())
            half = half_width(list(of_folds.values()))
            pairs.append(
                Difference(
                    split, metric, *names, point, point - half, point + half, IMAGES_AND_RUNS
                )
            )
            images.append(Difference(split, metric, *names, point, low, high, IMAGES))
    return [*pairs, *images]


def half_width(values: Sequence[float]) -> float:
    """Half of the 95 % interval of a mean of independent values, by Student's t."""
    error = statistics.stdev(values) / math.sqrt(len(values))
    return student_quantile(UPPER, len(values) - 1) * error


def _of_folds(a: Result, b: Result, split: str, metric: str) -> dict[int, float]:
    """Fold → the difference a − b on it, of the folds that both have."""
    gaps = {}
    for number, (one, other) in enumerate(zip(a.folds, b.folds, strict=True)):
        if split in one.figures and split in other.figures:
            gaps[number] = one.figures[split][metric].mean - other.figures[split][metric].mean
    return gaps


def _evaluations(result: Result, split: str) -> dict[int, Evaluation]:
    """Fold → the row's evaluation on it, hits averaged over seeds."""
    evaluations = {}
    for number, fold in enumerate(result.folds):
        if split in fold.figures:
            evaluations[number] = mean_evaluation(fold, split)
    return evaluations


def _check_same_data(evaluations: Mapping[str, Mapping[int, Evaluation]], split: str) -> None:
    """Check that in each fold all rows were measured on the same data.

    Raises:
        DataError: they were not.
    """
    known: dict[int, str] = {}
    for of_row in evaluations.values():
        for number, evaluation in of_row.items():
            if evaluation.fingerprint != known.setdefault(number, evaluation.fingerprint):
                raise DataError(
                    f"fold {number + 1}: the rows were measured on other data ({split}); run all"
                    " of them on the same"
                )


def _drawn(of_row: Mapping[int, Evaluation], metric: str) -> dict[int, NDArray[np.float64]]:
    """Fold → the metric of each draw of its images.

    Of one fold every row has the same draws, which is what pairs them.
    """
    return {
        number: resample(evaluation, metric, seed=number) for number, evaluation in of_row.items()
    }
