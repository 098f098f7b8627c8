"""Marks that help (relevance feedback): a query's direction, refined by good and bad examples.

The rule is one for few marks and for many. It scores a chip x by the log odds of being sought, of
which marks are observations:

    log odds = β z(x) + γ z(x) + φ(x)·u + b           z(x) = t·(x - μ) / √(t'Ct)
    found direction ∝ Σ share (β t / √(t'Ct) + v)     v = s Λ u,  φ(x) = s Λ (x - μ)

Here t is the description, μ and C are mean and covariance of the archive, Λ is its partial
whitening (`harma.index.background`). u, γ and b are what logistic regression on the marks gives
under normal priors. The sum runs over the beliefs below, each with a share.

- *How far to trust the description, and how much marks may teach, is not chosen but averaged over*:
  each pair of a trust β and a strength s has a share by how well it would have foretold the marks
  (its evidence, by Laplace's approximation: Rasmussen and Williams, "Gaussian Processes for Machine
  Learning", 2006, eq. 3.32), and by a prior under which the description is right and marks teach
  little. Few marks, or ones that do not hang together, leave the description nearly as it is;
  where all that it found is bad, it is let go of.
- *The description's own direction is not learnt*: φ is what is left of sΛ(x - μ) without it, and γ
  is thrown away. Marks lie where the description scores high; there its score tells good from bad
  badly, though in the archive it tells much.

A description that is added to what marks teach is the strong rule of few-shot learning with CLIP
too (LP++: Huang et al., CVPR 2024, arXiv 2404.02285); that plain sums do harm is SeeSaw's finding
(Moll et al., arXiv 2208.06497) and ours. Deviation from both: the two points above.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.errors import QueryError
from harma.index.background import Background

Vector = NDArray[np.float32]
Matrix = NDArray[np.float64]
# β: how much the log odds rise where the score of the description rises by a standard deviation of
# the archive: it is quite right, right, or says next to nothing. With how likely each is before a
# mark is seen; likelihoods need not add up to 1. All numbers here were chosen by benchmarks/marks;
# around each is a plateau (docs/marks.md).
TRUSTS = {2.0: 1.0, 1.0: 1.0, 0.03: 0.5}
# s²: variance of the log odds over the archive by what marks teach; in the same way.
STRENGTHS = {0.1: 0.5, 0.5: 0.3, 2.0: 0.15, 10.0: 0.05}
# Variance of γ.
SLOPE_VARIANCE = 0.1
# Mean and variance of b: chips that score as is usual are seldom sought.
USUAL_ODDS = -1.5
ODDS_VARIANCE = 1.0
# Steps of Newton's method, the smallest part of one, and the gain in log probability at its end.
MOST_STEPS = 50
SMALLEST_STEP = 1e-4
ENOUGH = 1e-7
# A direction that is shorter says nothing.
SHORTEST = 1e-6


@dataclass(frozen=True, eq=False)
class _Marks:
    """Examples that a person called good or bad.

    Attributes:
        vectors: embeddings (n, E).
        is_good: (n,).
        weights: how much each counts (n,), over 0; 1 is usual.
    """

    vectors: Matrix
    is_good: NDArray[np.bool_]
    weights: Matrix


@dataclass(frozen=True, eq=False)
class _Fit:
    """A logistic regression.

    Attributes:
        pulls: how much each mark pulls its neighbours (n,): log odds change by kernel @ pulls.
        log_evidence: how well the model foretold the marks, natural logarithm.
    """

    pulls: Matrix
    log_evidence: float


@dataclass(frozen=True, eq=False)
class _Belief:
    """A trust and a strength, and what marks teach under them.

    Attributes:
        trust: β.
        pulls: of each mark on the direction that is sought (n,).
        log_odds: how likely it is, against the others.
    """

    trust: float
    pulls: Matrix
    log_odds: float


def refine(
    text: NDArray[np.floating] | None,
    good: NDArray[np.floating],
    bad: NDArray[np.floating],
    background: Background,
    *,
    good_weights: NDArray[np.floating] | None = None,
    bad_weights: NDArray[np.floating] | None = None,
) -> Vector:
    """The direction in which chips are sought, from a description and marks.

    Args:
        text: embedding of the description (E,), not zero; None where there is none: the mean of the
            good examples stands for it.
        good: embeddings of good examples (n, E).
        bad: embeddings of bad ones (m, E).
        background: of the archive.
        good_weights: how much each good one counts (n,), over 0; None counts each 1.
        bad_weights: the same of the bad ones (m,).

    Returns:
        (E,), L2-normalised. Without marks, and of good examples alone, the description.

    Raises:
        QueryError: there is neither a description nor a good example, or the good ones cancel out.
    """
    marks = _marks(good, bad, good_weights, bad_weights)
    described = _described(text, marks)
    if not len(marks.weights) or (text is None and marks.is_good.all()):
        return described.astype(np.float32)
    direction = _believed(described, marks, background)
    return (direction / np.linalg.norm(direction)).astype(np.float32)


def _marks(
    good: NDArray[np.floating],
    bad: NDArray[np.floating],
    good_weights: NDArray[np.floating] | None,
    bad_weights: NDArray[np.floating] | None,
) -> _Marks:
    vectors = np.concatenate([np.asarray(good, np.float64), np.asarray(bad, np.float64)])
    is_good = np.arange(len(vectors)) < len(good)
    weights = np.ones(len(vectors))
    if good_weights is not None:
        weights[is_good] = good_weights
    if bad_weights is not None:
        weights[~is_good] = bad_weights
    return _Marks(vectors, is_good, weights)


def _described(text: NDArray[np.floating] | None, marks: _Marks) -> Matrix:
    """The direction of the description, or of the good examples (E,), L2-normalised."""
    if text is not None:
        direction = np.asarray(text, dtype=np.float64)
    elif marks.is_good.any():
        direction = marks.weights[marks.is_good] @ marks.vectors[marks.is_good]
    else:
        raise QueryError("there is nothing to look for: give a text or a good example")
    norm = float(np.linalg.norm(direction))
    if norm < SHORTEST:
        raise QueryError("the examples to be like cancel out; leave one out")
    return direction / norm


def _believed(described: Matrix, marks: _Marks, background: Background) -> Matrix:
    """The direction in which log odds rise, over all beliefs (E,)."""
    spread = background.spread(described)
    scores = (marks.vectors - background.mean) @ described / spread
    features = _features(described, marks, background)
    kernel = features @ features.T
    beside = SLOPE_VARIANCE * np.outer(scores, scores) + ODDS_VARIANCE
    beliefs = []
    for trust, trust_before in TRUSTS.items():
        for strength, strength_before in STRENGTHS.items():
            fit = _logistic(strength * kernel + beside, trust * scores + USUAL_ODDS, marks)
            before = math.log(trust_before * strength_before)
            beliefs.append(_Belief(trust, strength * fit.pulls, before + fit.log_evidence))
    log_odds = np.array([belief.log_odds for belief in beliefs])
    shares = np.exp(log_odds - np.logaddexp.reduce(log_odds))
    trust = float(shares @ [belief.trust for belief in beliefs])
    pulls = shares @ np.stack([belief.pulls for belief in beliefs])
    direction: Matrix = trust * described / spread + background.whitening @ (pulls @ features)
    return direction


def _features(described: Matrix, marks: _Marks, background: Background) -> Matrix:
    """Marks in whitened coordinates, without the description's direction (n, E)."""
    features = (marks.vectors - background.mean) @ background.whitening
    # Scores that do not vary with those of the description are of directions across this one.
    axis = background.whitening @ background.covaried(described)
    length = float(np.linalg.norm(axis))
    if length > 0:
        features -= np.outer(features @ axis, axis) / length**2
    return features


def _logistic(kernel: Matrix, offset: Matrix, marks: _Marks) -> _Fit:
    """Logistic regression under a normal prior, by Newton's method.

    Rasmussen and Williams, algorithms 3.1 and 5.1, with weights of the marks, and with steps that
    are halved until they help.

    Args:
        kernel: covariance of the marks' log odds before they are seen (n, n).
        offset: their mean (n,).
        marks: what is to be told apart.
    """
    signs = np.where(marks.is_good, 1.0, -1.0)

    def log_posterior(pulls: Matrix) -> float:
        gains = kernel @ pulls
        errors = np.logaddexp(0.0, -signs * (offset + gains))
        return float(-marks.weights @ errors - 0.5 * pulls @ gains)

    pulls = np.zeros(len(offset))
    best = log_posterior(pulls)
    for _ in range(MOST_STEPS):
        step = _newton(kernel, offset, marks, pulls) - pulls
        size = 1.0
        while log_posterior(pulls + size * step) < best and size > SMALLEST_STEP:
            size /= 2
        pulls = pulls + size * step
        gain = log_posterior(pulls) - best
        best += gain
        if gain < ENOUGH:
            break
    roots = np.sqrt(_curvatures(offset + kernel @ pulls, marks))
    _, log_determinant = np.linalg.slogdet(np.eye(len(roots)) + np.outer(roots, roots) * kernel)
    return _Fit(pulls, best - 0.5 * float(log_determinant))


def _newton(kernel: Matrix, offset: Matrix, marks: _Marks, pulls: Matrix) -> Matrix:
    """Where one step of Newton's method leads (n,)."""
    log_odds = offset + kernel @ pulls
    curvatures = _curvatures(log_odds, marks)
    chances = np.exp(-np.logaddexp(0.0, -log_odds))
    target = curvatures * (log_odds - offset) + marks.weights * (marks.is_good - chances)
    roots = np.sqrt(curvatures)
    system = np.eye(len(roots)) + np.outer(roots, roots) * kernel
    found: Matrix = target - roots * np.linalg.solve(system, roots * (kernel @ target))
    return found


def _curvatures(log_odds: Matrix, marks: _Marks) -> Matrix:
    """P (1 - p) of each mark, weighted (n,); without overflow."""
    both = np.logaddexp(0.0, log_odds) + np.logaddexp(0.0, -log_odds)
    curvatures: Matrix = marks.weights * np.exp(-both)
    return curvatures
