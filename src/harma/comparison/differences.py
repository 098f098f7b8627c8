"""How sure the differences between rows are: paired bootstrap over images, all pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from harma.comparison.rows import Result
from harma.errors import DataError
from harma.evaluation import load_evaluation, mean_over_seeds, resample

KEYS = ("mR", "dup_mR")


@dataclass(frozen=True)
class Difference:
    """a − b on a split, in points, with its 95 % interval.

    The interval says how sure the difference of these models is, had other images been drawn. How
    seeds scatter is not in it: that is the standard deviation in the table.

    Attributes:
        split: "val" or "test".
        metric: "mR" or "dup_mR".
        a: name of a row.
        b: name of another.
        point: the difference of their means over seeds.
        low: lower end.
        high: upper end.
    """

    split: str
    metric: str
    a: str
    b: str
    point: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether 0 is outside the interval."""
        return self.low > 0 or self.high < 0

    def reversed(self) -> "Difference":
        """B − a."""
        return Difference(
            self.split, self.metric, self.b, self.a, -self.point, -self.high, -self.low
        )


def differences(results: Sequence[Result], split: str) -> list[Difference]:
    """Every pair of rows that have figures on a split, first minus second in the order of the rows.

    Raises:
        DataError: rows were measured on other data.
    """
    means = {}
    for result in results:
        if split in result.figures:
            means[result.row.name] = mean_over_seeds(
                [load_evaluation(d, split) for d in result.directories(split)]
            )
    fingerprints = {evaluation.fingerprint for evaluation in means.values()}
    if len(fingerprints) > 1:
        raise DataError(
            f"the rows were measured on other data ({split}); run all of them on the same"
        )
    found = []
    for key in KEYS:
        points = {r.row.name: r.figures[split][key].mean for r in results if split in r.figures}
        drawn = {name: resample(evaluation, key) for name, evaluation in means.items()}
        found += [
            Difference(split, key, a, b, points[a] - points[b], *_interval(drawn[a] - drawn[b]))
            for a, b in combinations(means, 2)
        ]
    return found


def _interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def between(found: Sequence[Difference], metric: str, a: str, b: str) -> Difference | None:
    """A − b of one metric, whichever way round it is stored."""
    for difference in found:
        if difference.metric == metric and {difference.a, difference.b} == {a, b}:
            return difference if difference.a == a else difference.reversed()
    return None
