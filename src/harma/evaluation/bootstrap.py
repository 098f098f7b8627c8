"""How sure a difference is: paired bootstrap over images."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError
from harma.evaluation.retrieval import Evaluation

KEYS = {"mR": ("i2t", "t2i"), "dup_mR": ("dup_i2t", "dup_t2i")}


def difference_interval(
    a: Evaluation,
    b: Evaluation,
    key: str = "mR",
    *,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """The difference a − b of a mean recall with a bootstrap interval.

    Images are drawn with replacement, each with its captions. The candidates a query is ranked
    among stay the whole split, as in the figure itself; only the queries are drawn.

    Args:
        a: one evaluation.
        b: another, on the same split.
        key: "mR" or "dup_mR".
        resamples: how often is drawn.
        seed: of the draws.
        level: of the interval.

    Returns:
        The difference, and the ends of its interval, in points.

    Raises:
        DataError: they are not of one split.
        ConfigError: the key is unknown.
    """
    if key not in KEYS:
        raise ConfigError(f"key is {key!r}; allowed are {', '.join(KEYS)}")
    if a.fingerprint != b.fingerprint:
        raise DataError(
            f"the evaluations are of different data ({a.split} and {b.split}); compare one split"
        )
    i2t, t2i = (np.sum(getattr(a.hits, name) - getattr(b.hits, name), axis=1) for name in KEYS[key])
    counts = np.bincount(a.caption_to_image, minlength=a.num_images)
    of_image = np.bincount(a.caption_to_image, weights=t2i, minlength=a.num_images)
    point = 100 * (i2t.mean() + of_image.sum() / counts.sum()) / 6
    drawn = _draw_differences(i2t, of_image, counts, resamples, np.random.default_rng(seed))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(point), float(low), float(high)


def resample(
    evaluation: Evaluation, key: str = "mR", *, resamples: int = 10_000, seed: int = 0
) -> NDArray[np.float64]:
    """A mean recall of each draw of images, in percent: (resamples,).

    The same seed draws the same images, so that of two evaluations of one split the differences of
    these are what `difference_interval` takes its interval from. Of many evaluations all pairs come
    cheap.

    Raises:
        ConfigError: the key is unknown.
    """
    if key not in KEYS:
        raise ConfigError(f"key is {key!r}; allowed are {', '.join(KEYS)}")
    i2t, t2i = (np.sum(getattr(evaluation.hits, name), axis=1) for name in KEYS[key])
    counts = np.bincount(evaluation.caption_to_image, minlength=evaluation.num_images)
    of_image = np.bincount(
        evaluation.caption_to_image, weights=t2i, minlength=evaluation.num_images
    )
    return _draw_differences(i2t, of_image, counts, resamples, np.random.default_rng(seed))


def mean_over_seeds(evaluations: Sequence[Evaluation]) -> Evaluation:
    """One evaluation whose hits are the means over those of several seeds, for `difference_interval`.

    Its interval is then of the mean over these seeds: one draw of images serves all of them. How
    seeds scatter is not in it.

    Args:
        evaluations: of one split, at least one.

    Raises:
        DataError: they are not of one split.
    """
    first = evaluations[0]
    if any(other.fingerprint != first.fingerprint for other in evaluations):
        raise DataError(
            "the evaluations are of different data; the mean over seeds needs one split"
        )
    names = [name for pair in KEYS.values() for name in pair]
    hits = {name: np.mean([getattr(e.hits, name) for e in evaluations], axis=0) for name in names}
    return replace(first, hits=replace(first.hits, **hits))


def _draw_differences(
    i2t: NDArray[Any],
    t2i: NDArray[Any],
    counts: NDArray[Any],
    resamples: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    n = len(i2t)
    result = np.empty(resamples)
    # A few hundred draws at once bound the memory.
    for start in range(0, resamples, 256):
        chosen = rng.integers(0, n, size=(min(256, resamples - start), n))
        per_caption = t2i[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
        result[start : start + len(chosen)] = 100 * (i2t[chosen].mean(axis=1) + per_caption) / 6
    return result
