"""Rules beside each other over the classes of a set: means, intervals, p."""

import numpy as np
from scipy.stats import wilcoxon

RESAMPLES = 10_000


def mean(figures, name):
    """(C classes, marks) and its mean over classes: the figure `name` of each class."""
    values = np.array([getattr(figure, name) for figure in figures])
    return values, values.mean(axis=0)


def difference(ours, theirs, name):
    """A line for each number of marks: mean difference, 95 % interval, p, classes below.

    The interval is of a paired bootstrap over classes, p of Wilcoxon's signed-rank test over them.
    """
    gains = mean(ours, name)[0] - mean(theirs, name)[0]
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(gains), size=(RESAMPLES, len(gains)))
    low, high = np.percentile(gains[drawn].mean(axis=1), [2.5, 97.5], axis=0)
    lines = []
    for place, column in enumerate(gains.T):
        p = 1.0
        if np.any(np.abs(column) > 1e-12):
            p = wilcoxon(column).pvalue
        below = int((column < -1e-12).sum())
        lines.append((column.mean(), low[place], high[place], p, below))
    return lines
