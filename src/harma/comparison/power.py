"""Power of a comparison: the smallest difference that it can show, said before it runs."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from harma.comparison.compare import ComparisonOutcome, collect
from harma.comparison.differences import COMPARED_METRICS
from harma.comparison.folds import check_folds, fold_plans
from harma.comparison.over_folds import IMAGES, IMAGES_AND_RUNS, UPPER
from harma.comparison.plan import Plan
from harma.comparison.runs import num_runs
from harma.errors import ConfigError
from harma.evaluation.student import student_quantile
from harma.training.build import load_splits

# How often a difference of the size that is named is found: four times in five.
POWER = 0.8
# So many degrees of freedom that Student's t is the normal distribution.
MANY = 1000


@dataclass(frozen=True)
class Scatter:
    """What blurs a difference of two rows, in points of mean recall.

    The defaults are those of small methods on UCM, dup_mR, one seed (docs/results.md).

    Attributes:
        image: standard deviation over images of what one adds to the difference.
        run: standard deviation of a row's runs, that other seeds and train images would give.
        source: where it is from, in words.

    Raises:
        ConfigError: one is no number from 0.
    """

    image: float = 23.0
    run: float = 0.6
    source: str = "as given"

    def __post_init__(self) -> None:
        for value in (self.image, self.run):
            if not (math.isfinite(value) and value >= 0):
                raise ConfigError(f"the scatter has {value}; give points from 0")


ASSUMED = Scatter(source="assumed, as on UCM")


@dataclass(frozen=True)
class Power:
    """The smallest differences that a comparison of two rows can show, in points.

    Attributes:
        images: half of the interval over images; what is smaller is inside it as a rule.
        runs: half of the interval over images and runs; None where one run says nothing of others.
        found: the true difference that the interval over images and runs shows four times in five.
    """

    images: float
    runs: float | None
    found: float | None


def power_of(num_images: int, num_folds: int, num_seeds: int, scatter: Scatter) -> Power:
    """How small a difference of two rows can be and still be seen.

    The error of a mean over F folds of S seeds each has the variance σ²/N + 2ρ²/(F·S), for N images
    judged in all. Its degrees of freedom are F − 1 over folds, and 2(S − 1) in one division.

    Args:
        num_images: N, in all folds together.
        num_folds: F; 1 where there is one division of the data.
        num_seeds: S of each row, in each fold.
        scatter: σ and ρ.
    """
    of_images = scatter.image / math.sqrt(num_images)
    of_runs = scatter.run * math.sqrt(2 / (num_folds * num_seeds))
    images = student_quantile(UPPER, MANY) * of_images
    freedom = 2 * (num_seeds - 1)
    if num_folds > 1:
        freedom = num_folds - 1
    if freedom == 0:
        return Power(images, None, None)
    error = math.hypot(of_images, of_runs)
    end = student_quantile(UPPER, freedom)
    return Power(images, end * error, (end + student_quantile(POWER, freedom)) * error)


def power_lines(plan: Plan, scatter: Scatter | None = None) -> list[str]:
    """What a comparison can show, in words for people.

    Args:
        plan: the comparison.
        scatter: in place of what its finished runs say, or what is assumed where there are none.

    Raises:
        HarmaError: the data cannot be used, or what is there of the comparison is damaged.
    """
    plans = fold_plans(plan)
    num_images = check_folds(plans) if plans else _val_images(plan)
    num_folds = max(1, len(plans))
    num_seeds = min((len(row.seeds) for row in plan.rows if row.trains), default=1)
    if scatter is None:
        scatter = known_scatter(collect(plan), num_images, num_folds) or ASSUMED
    power = power_of(num_images, num_folds, num_seeds, scatter)
    judged = f"{num_images:,} validation images"
    if plans:
        judged = f"{num_images:,} images, each judged once in {num_folds} folds"
    seeds = "1 seed" if num_seeds == 1 else f"{num_seeds} seeds"
    lines = [
        f"{judged}, {seeds} a row; scatter {scatter.source}: {scatter.image:.1f} points an image,"
        f" {scatter.run:.2f} a run",
        f"smallest difference that an interval shows: {power.images:.2f} points over images",
    ]
    if power.runs is None:
        lines.append("over images and runs: not known with one seed; give more seeds, or folds")
    else:
        lines.append(
            f"over images and runs {power.runs:.2f}; found four times in five: {power.found:.2f}"
        )
    return lines


def runs_planned(plan: Plan) -> list[str]:
    """A line for each row: its rates, seeds and runs."""
    num_folds = max(1, len(fold_plans(plan)))
    lines: list[str] = []
    total = 0
    for row in plan.rows:
        count = num_runs(plan, row) * num_folds
        total += count
        rates = ", ".join(f"{rate:g}" for rate in row.rates)
        # The bare backbone has neither.
        how = f"rates {rates}; seeds {len(row.seeds)}; " if row.trains else ""
        lines.append(f"{row.name}: {how}{count} runs")
    return [
        *lines,
        f"all: {total} runs in {num_folds} folds" if plan.folds else f"all: {total} runs",
    ]


def _val_images(plan: Plan) -> int:
    return load_splits(plan.base.data, "val")["val"].num_images


def known_scatter(outcome: ComparisonOutcome, num_images: int, num_folds: int) -> Scatter | None:
    """The scatter that finished rows show, median over their pairs; None where too few are done.

    Args:
        outcome: what is there.
        num_images: that are judged in all.
        num_folds: of the data; 1 where there is one division.
    """
    over_images = _halves(outcome, IMAGES)
    if not over_images:
        return None
    error = statistics.median(over_images) / student_quantile(UPPER, MANY)
    over_runs = _halves(outcome, IMAGES_AND_RUNS)
    if over_runs:
        run = _run_scatter(statistics.median(over_runs), error, outcome, num_folds)
    else:
        run = _seed_scatter(outcome)
    return Scatter(error * math.sqrt(num_images), run, "as its finished rows have it")


def _halves(outcome: ComparisonOutcome, over: str) -> list[float]:
    """Half of each interval of one kind between rows that train."""
    metric = _metric(outcome.plan)
    trained = {result.row.name for result in outcome.results if result.row.trains}
    halves = []
    for pair in outcome.shown:
        if (pair.metric, pair.over) == (metric, over) and {pair.a, pair.b} <= trained:
            halves.append((pair.high - pair.low) / 2)
    return halves


def _metric(plan: Plan) -> str:
    """The mean recall that models are chosen by, where it is one."""
    chosen = plan.base.train.select_by
    return chosen if chosen in COMPARED_METRICS else COMPARED_METRICS[0]


def _run_scatter(half: float, error: float, outcome: ComparisonOutcome, num_folds: int) -> float:
    """What the interval over images and runs has more than that over images, for one run."""
    whole = half / student_quantile(UPPER, num_folds - 1)
    num_seeds = min(len(result.row.seeds) for result in outcome.results if result.row.trains)
    # Below 0 by chance where runs scatter little.
    rest = max(0.0, whole**2 - error**2)
    return math.sqrt(rest * num_folds * num_seeds / 2)


def _seed_scatter(outcome: ComparisonOutcome) -> float:
    """The median standard deviation over seeds; what is assumed where there is one seed."""
    metric = _metric(outcome.plan)
    deviations: Sequence[float] = [
        result.figures[outcome.split][metric].deviation or 0.0
        for result in outcome.results
        if result.row.trains and len(result.runs) > 1
    ]
    return statistics.median(deviations) if deviations else ASSUMED.run
