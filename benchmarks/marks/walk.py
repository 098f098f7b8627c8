"""A person who marks the hits of a text, a page at a time, and searches again."""

from dataclasses import dataclass

import numpy as np

from harma.index.background import background_of
from harma.index.doubtful import LEAST_LOOKED_AT, boundary, different_ones
from harma.index.snapshot import SAMPLE_CHIPS
from harma.index.standing import Standings

PAGE = 5
CHECKED = (5, 10, 20, 50)


@dataclass(frozen=True)
class Figures:
    """Of one class and one rule, at each of `CHECKED` marks.

    `shares`: of the class among the first R of the list, R its size, what is known to be good put
    first and what is known to be bad last; `num_good`: good ones that were marked on the way;
    `precisions`: average precision of that list.
    """

    shares: np.ndarray
    num_good: np.ndarray
    precisions: np.ndarray


class Archive:
    """What a rule may know of a set."""

    def __init__(self, labelled):
        self.rows = labelled.embeddings
        places = np.linspace(0, len(self.rows) - 1, min(len(self.rows), SAMPLE_CHIPS))
        self.sample = self.rows[np.unique(places.astype(int))]
        self.background = background_of(self.sample)


def walk(archive, is_good, text, rule, *, doubtful=False):
    """The figures of a class: marked from the top by this rule's own lists."""
    marked = np.zeros(len(is_good), dtype=bool)
    scores = archive.rows @ text
    figures = []
    for num_marks in range(PAGE, max(CHECKED) + 1, PAGE):
        shown = _next(archive, scores, marked, is_good, doubtful=doubtful)
        marked[shown] = True
        good = archive.rows[marked & is_good].astype(np.float64)
        bad = archive.rows[marked & ~is_good].astype(np.float64)
        scores = _scores(rule(text, good, bad, archive.background, archive.sample), archive.rows)
        if num_marks in CHECKED:
            figures.append(_figures(scores, marked, is_good))
    return Figures(*np.array(figures).T)


def _next(archive, scores, marked, is_good, *, doubtful):
    """The page to mark: the best that are not marked, or the doubtful ones."""
    unmarked = np.flatnonzero(~marked)
    best = unmarked[np.argsort(-scores[unmarked], kind="stable")]
    if not doubtful or not marked.any():
        return best[:PAGE]
    standings = Standings(scores)
    at = boundary(scores[marked & is_good], scores[marked & ~is_good], standings)
    best = best[:LEAST_LOOKED_AT]
    near = best[np.argsort(np.abs(scores[best] - at), kind="stable")]
    return near[different_ones(list(archive.rows[near]), PAGE)]


def _scores(direction, rows):
    if callable(direction):
        return direction(rows)
    return rows @ (direction / np.linalg.norm(direction)).astype(np.float32)


def _figures(scores, marked, is_good):
    scores = scores.astype(np.float64)
    scores[marked & is_good] = np.inf
    scores[marked & ~is_good] = -np.inf
    ranked = is_good[np.argsort(-scores, kind="stable")]
    places = np.flatnonzero(ranked)
    precision = (np.arange(1, len(places) + 1) / (places + 1)).mean()
    return ranked[: len(places)].mean(), (marked & is_good).sum(), precision
