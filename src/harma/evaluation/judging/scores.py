"""Figures of rankings by `ir_measures` (trec_eval): mAP, nDCG, precision, recall; intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harma.errors import MissingDependencyError
from harma.evaluation.bootstrap import ratio_interval

# As ir_measures writes them; the mean of AP over queries is mAP.
MEASURES = ("AP", "nDCG@10", "P@10", "R@100", "RR", "Judged@10")
# Where precision is read off for its curve, as trec_eval does.
RECALLS = tuple(step / 10 for step in range(11))

# Query → what was judged → its grade; query → what was found → its score.
Qrels = Mapping[str, Mapping[str, int]]
Run = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Draws:
    """How intervals are drawn: how often, and the seed.

    Attributes:
        resamples: draws of queries.
        seed: of the draws.
    """

    resamples: int = 10_000
    seed: int = 0


@dataclass(frozen=True)
class Figure:
    """A mean over queries, or a share, 0 to 1.

    Attributes:
        mean: the figure.
        low: lower end of its 95 % bootstrap interval over queries; None of fewer than two queries.
        high: upper end.
    """

    mean: float
    low: float | None
    high: float | None


def check_measures() -> None:
    """Check, before any search, that figures can be counted.

    Raises:
        MissingDependencyError: `ir_measures` is not installed.
    """
    try:
        import ir_measures  # noqa: F401
        import pytrec_eval  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            f"figures of a search need {error.name}: pip install 'harma[judge]'"
        ) from error


def scored(qrels: Qrels, run: Run) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """The figures of a run.

    Args:
        qrels: judgments of the queries.
        run: scores of what was found; equal ones are ordered by trec_eval, by names.

    Returns:
        Mean of each measure over the queries of the judgments, and its value of each query.
    """
    import ir_measures

    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    found, judged = _as_read(qrels, run)
    results = ir_measures.calc(measures, judged, found)
    # Of several measures it is a mapping.
    assert isinstance(results.aggregated, dict)
    means = {str(measure): float(value) for measure, value in results.aggregated.items()}
    by_query: dict[str, dict[str, float]] = {query: {} for query in judged}
    for metric in results.per_query:
        by_query[metric.query_id][str(metric.measure)] = float(metric.value)
    return {name: means[name] for name in MEASURES}, by_query


def precision_by_recall(qrels: Qrels, run: Run) -> list[float]:
    """Interpolated precision at each of `RECALLS`, the mean over queries.

    Args:
        qrels: judgments of the queries.
        run: scores of what was found.
    """
    import ir_measures

    measures = [ir_measures.parse_measure(f"IPrec@{recall}") for recall in RECALLS]
    found, judged = _as_read(qrels, run)
    means = ir_measures.calc_aggregate(measures, judged, found)
    return [float(means[measure]) for measure in measures]


def _as_read(
    qrels: Qrels, run: Run
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, int]]]:
    """Run and judgments as `ir_measures` takes them."""
    # A query that found nothing has the figures of one that is missing; an empty one has none.
    found = {query: dict(scores) for query, scores in run.items() if scores}
    return found, {query: dict(grades) for query, grades in qrels.items()}


def mean_figure(values: Sequence[float], draws: Draws, *, mean: float | None = None) -> Figure:
    """A mean over queries with its interval.

    Args:
        values: of each query.
        draws: of the interval.
        mean: of the values, where it is known already.
    """
    array = np.asarray(values, dtype=np.float64)
    if mean is None:
        mean = float(array.mean())
    return _figure(mean, array, np.ones(len(array)), draws)


def share_figure(parts: Sequence[int], wholes: Sequence[int], draws: Draws) -> Figure | None:
    """A share over all queries with its interval; None where nothing is shared.

    Args:
        parts: of each query.
        wholes: what they are parts of.
        draws: of the interval.
    """
    total = sum(wholes)
    if not total:
        return None
    return _figure(sum(parts) / total, np.array(parts, float), np.array(wholes, float), draws)


def _figure(
    mean: float,
    parts: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    wholes: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    draws: Draws,
) -> Figure:
    # All draws of one query are that query.
    if len(parts) < 2:
        return Figure(mean, None, None)
    low, high = ratio_interval(parts, wholes, resamples=draws.resamples, seed=draws.seed)
    return Figure(mean, low, high)
