"""Bootstrap over images or queries: intervals of paired differences, of means and of shares."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError
from harma.evaluation.retrieval import Evaluation

# Mean recall → the hits it is the mean of: those of images, those of captions.
BOOTSTRAP_KEYS = {"mR": ("i2t", "t2i"), "dup_mR": ("dup_i2t", "dup_t2i")}
# Draws at once: a few hundred bound the memory.
DRAWS_AT_ONCE = 256


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
    _check_key(key)
    if a.fingerprint != b.fingerprint:
        raise DataError(
            f"the evaluations are of different data ({a.split} and {b.split}); compare one split"
        )
    difference = _by_image(a, key).minus(_by_image(b, key))
    drawn = _draw(difference, resamples, seed)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return difference.mean_recall(), float(low), float(high)


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
    _check_key(key)
    return _draw(_by_image(evaluation, key), resamples, seed)


def mean_over_seeds(evaluations: Sequence[Evaluation]) -> Evaluation:
    """One evaluation whose hits are the means over those of several seeds.

    The interval that `difference_interval` gives it is then of the mean over these seeds: one draw
    of images serves all of them. How seeds scatter is not in it.

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
    # A hit becomes the share of the seeds that had it; one draw of images then serves all seeds.
    means = {}
    for pair in BOOTSTRAP_KEYS.values():
        for name in pair:
            of_seeds = [getattr(evaluation.hits, name) for evaluation in evaluations]
            means[name] = np.mean(of_seeds, axis=0)
    return replace(first, hits=replace(first.hits, **means))


def ratio_interval(
    parts: NDArray[np.floating],
    wholes: NDArray[np.floating],
    *,
    resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """The bootstrap interval of Σ parts / Σ wholes, where queries are drawn with replacement.

    With wholes of 1 it is that of a mean. The same seed draws the same queries, so that of two
    evaluations the interval of the differences is that of a paired bootstrap.

    Args:
        parts: (Q,) of each query, such as its average precision, or its hits that are relevant.
        wholes: (Q,) what they are shares of.
        resamples: how often is drawn.
        seed: of the draws.
        level: of the interval.

    Returns:
        The ends of the interval; NaN where nothing is shared.
    """
    ratios = np.full(resamples, np.nan)
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, DRAWS_AT_ONCE):
        count = min(DRAWS_AT_ONCE, resamples - start)
        chosen = rng.integers(0, len(parts), size=(count, len(parts)))
        drawn = parts[chosen].sum(axis=1)
        of = wholes[chosen].sum(axis=1)
        # A draw of queries that have nothing to share says nothing of the share.
        np.divide(drawn, of, out=ratios[start : start + count], where=of > 0)
    ratios = ratios[~np.isnan(ratios)]
    if not len(ratios):
        return np.nan, np.nan
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _check_key(key: str) -> None:
    if key not in BOOTSTRAP_KEYS:
        raise ConfigError(f"key is {key!r}; allowed are {', '.join(BOOTSTRAP_KEYS)}")


@dataclass(frozen=True, eq=False)
class _ByImage:
    """What each image adds to a mean recall.

    Attributes:
        i2t: (N,) hits of the image as a query, summed over R@1, 5 and 10.
        t2i: (N,) hits of its captions, summed over them too.
        counts: (N,) how many captions it has.
    """

    i2t: NDArray[np.float64]
    t2i: NDArray[np.float64]
    counts: NDArray[np.int64]

    def minus(self, other: "_ByImage") -> "_ByImage":
        return _ByImage(self.i2t - other.i2t, self.t2i - other.t2i, self.counts)

    def mean_recall(self) -> float:
        """The mean of the six recalls, in percent."""
        return float(100 * (self.i2t.mean() + self.t2i.sum() / self.counts.sum()) / 6)


def _by_image(evaluation: Evaluation, key: str) -> _ByImage:
    of_images, of_captions = BOOTSTRAP_KEYS[key]
    owner = evaluation.caption_to_image
    num_images = evaluation.num_images
    # Summed over R@1, 5 and 10 here, and divided by six at the end: each draw is then two means.
    caption_hits = np.sum(getattr(evaluation.hits, of_captions), axis=1)
    return _ByImage(
        i2t=np.sum(getattr(evaluation.hits, of_images), axis=1),
        t2i=np.bincount(owner, caption_hits, num_images).astype(np.float64),
        counts=np.bincount(owner, minlength=num_images),
    )


def _draw(images: _ByImage, resamples: int, seed: int) -> NDArray[np.float64]:
    """The mean recall of each draw of N images with replacement: (resamples,)."""
    rng = np.random.default_rng(seed)
    num_images = len(images.i2t)
    recalls = np.empty(resamples)
    for start in range(0, resamples, DRAWS_AT_ONCE):
        count = min(DRAWS_AT_ONCE, resamples - start)
        chosen = rng.integers(0, num_images, size=(count, num_images))
        # A draw has as many captions as its images have, which is not the split's number.
        per_caption = images.t2i[chosen].sum(axis=1) / images.counts[chosen].sum(axis=1)
        per_image = images.i2t[chosen].mean(axis=1)
        recalls[start : start + count] = 100 * (per_image + per_caption) / 6
    return recalls
