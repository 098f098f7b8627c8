"""Differences between all pairs of rows, each with its paired bootstrap interval over images."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harma.comparison.results import Result
from harma.errors import DataError
from harma.evaluation import Evaluation, load_evaluation, mean_over_seeds, resample

COMPARED_METRICS = ("mR", "dup_mR")


@dataclass(frozen=True)
class Difference:
    """a − b on a split, in points, with its 95 % interval.

    The interval over images says how sure the difference of these models is, had other images been
    drawn. How seeds scatter is not in it: that is the standard deviation in the table.

    Attributes:
        split: "val" or "test".
        metric: "mR" or "dup_mR".
        a: name of a row.
        b: name of another.
        point: the difference of their means over seeds.
        low: lower end.
        high: upper end.
        over: what the interval is over: "images", or "images and runs" of folds.
    """

    split: str
    metric: str
    a: str
    b: str
    point: float
    low: float
    high: float
    over: str = "images"

    @property
    def clear(self) -> bool:
        """Whether 0 is outside the interval."""
        return self.low > 0 or self.high < 0

    def reversed(self) -> "Difference":
        """B − a."""
        return Difference(
            self.split, self.metric, self.b, self.a, -self.point, -self.high, -self.low, self.over
        )


def differences(results: Sequence[Result], split: str) -> list[Difference]:
    """Every pair of rows that have figures on a split, first minus second in the order of the rows.

    Raises:
        DataError: rows were measured on other data.
    """
    # Rows that failed or wait are in no pair.
    shown = [result for result in results if split in result.figures]
    means = {result.row.name: mean_evaluation(result, split) for result in shown}
    if len({evaluation.fingerprint for evaluation in means.values()}) > 1:
        raise DataError(
            f"the rows were measured on other data ({split}); run all of them on the same"
        )
    pairs = []
    for metric in COMPARED_METRICS:
        points = {result.row.name: result.figures[split][metric].mean for result in shown}
        # The same seed draws the same images for every row, which is what pairs them.
        drawn = {name: resample(evaluation, metric) for name, evaluation in means.items()}
        for a, b in combinations(means, 2):
            low, high = np.quantile(drawn[a] - drawn[b], [0.025, 0.975]).tolist()
            pairs.append(Difference(split, metric, a, b, points[a] - points[b], low, high))
    return pairs


def mean_evaluation(result: Result, split: str) -> Evaluation:
    """A row's evaluation on a split, its hits averaged over seeds."""
    directories = result.directories(split)
    return mean_over_seeds([load_evaluation(directory, split) for directory in directories])


def between(pairs: Sequence[Difference], metric: str, a: str, b: str) -> Difference | None:
    """A − b of one metric, whichever way round it is stored."""
    for difference in pairs:
        if difference.metric != metric:
            continue
        if (difference.a, difference.b) == (a, b):
            return difference
        if (difference.a, difference.b) == (b, a):
            return difference.reversed()
    return None
