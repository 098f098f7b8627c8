"""Marks that help (relevance feedback): a query's direction, refined by good and bad examples.

The rule is one for few marks and for many. Scores are the log odds of being sought. Before anything
is marked they are those of the description, t; marks add a direction v to it:

    log odds of x = β z(x) + γ z(x) + φ(x)·u + b      z(x) = t·(x - μ) / √(t'Ct)
    found direction ∝ t / √(t'Ct) + v                 v = s Λ u,  φ(x) = s Λ (x - μ)

with mean μ and covariance C of the archive, and Λ its partial whitening (`harma.index.background`).
u, γ and b are what logistic regression on the marks gives under normal priors.

- *The strength s is not chosen but averaged over*: each of `STRENGTHS` counts by how well it would
  have foretold the marks (its evidence, by Laplace's approximation: Rasmussen and Williams,
  "Gaussian Processes for Machine Learning", 2006, eq. 3.32) and by a prior under which marks teach
  little. Few marks, or ones that do not hang together, so leave the description nearly as it is.
- *The description's own direction is not learnt*: φ is what is left of Λ(x - μ) without it, and γ
  is thrown away. Marks lie where the description scores high; there its score tells good from bad
  badly, though in the archive it tells much, and a rule that trusts the marks in this lets go of
  the description.

A description that is added to what marks teach is the strong rule of few-shot learning with CLIP
too (LP++: Huang et al., CVPR 2024, arXiv 2404.02285); that plain sums do harm is SeeSaw's finding
(Moll et al., arXiv 2208.06497) and ours. Deviation from both: the two bullets above.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.errors import QueryError
from harma.index.background import Background

Vector = NDArray[np.float32]
Matrix = NDArray[np.float64]
# s²: variance of scores by what marks teach; those by the description vary by 1. Chosen, as all
# numbers here, by benchmarks/marks; there is a plateau around each of them (docs/marks.md).
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)
# How likely each is before a mark is seen, unnormalised.
STRENGTHS_BEFORE = (0.5, 0.3, 0.2, 0.1, 0.05)
# Standard deviation of γ.
SLOPE_SPREAD = 2.0
# Mean and standard deviation of b: chips of a usual score are seldom sought.
USUAL_ODDS = -1.5
ODDS_SPREAD = 1.0
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
        weights: the most probable ones (D,).
        log_evidence: how well the model foretold the marks, natural logarithm.
    """

    weights: Matrix
    log_evidence: float


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
    direction = described / background.spread(described) + _learnt(described, marks, background)
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


def _learnt(described: Matrix, marks: _Marks, background: Background) -> Matrix:
    """What marks teach beside the description: v (E,)."""
    whitening = background.whitening
    centred = marks.vectors - background.mean
    scores = centred @ described / background.spread(described)
    # In whitened coordinates, directions that vary without the description are across this one.
    axis = whitening @ background.covaried(described)
    axis /= np.linalg.norm(axis)
    features = centred @ whitening
    features -= np.outer(features @ axis, axis)
    beside = np.column_stack([SLOPE_SPREAD * scores, np.full(len(scores), ODDS_SPREAD)])
    fits = []
    for strength in STRENGTHS:
        inputs = np.column_stack([np.sqrt(strength) * features, beside])
        fits.append(_logistic(inputs, scores + USUAL_ODDS, marks))
    log_odds = np.log(STRENGTHS_BEFORE) + [fit.log_evidence for fit in fits]
    shares = np.exp(log_odds - np.logaddexp.reduce(log_odds))
    learnt = np.zeros_like(described)
    for strength, share, fit in zip(STRENGTHS, shares, fits, strict=True):
        learnt += share * np.sqrt(strength) * (whitening @ fit.weights[: len(described)])
    return learnt


def _logistic(inputs: Matrix, offset: Matrix, marks: _Marks) -> _Fit:
    """Logistic regression under a standard normal prior of the weights.

    Args:
        inputs: (n, D).
        offset: log odds that are known before (n,).
        marks: what is to be told apart; weighted.
    """
    # Takes a while to load, and most searches have no marks.
    from scipy.optimize import minimize

    signs = np.where(marks.is_good, 1.0, -1.0)

    def loss(weights: Matrix) -> tuple[float, Matrix]:
        margins = signs * (offset + inputs @ weights)
        errors = marks.weights @ np.logaddexp(0.0, -margins)
        # The derivative of an error by its margin, without overflow.
        slopes = -signs * marks.weights * np.exp(-np.logaddexp(0.0, margins))
        return float(errors + 0.5 * weights @ weights), inputs.T @ slopes + weights

    solution = minimize(loss, np.zeros(inputs.shape[1]), jac=True, method="L-BFGS-B")
    margins = offset + inputs @ solution.x
    # p(1 - p), without overflow.
    curvatures = marks.weights * np.exp(-np.logaddexp(0.0, margins) - np.logaddexp(0.0, -margins))
    scaled = np.sqrt(curvatures)[:, np.newaxis] * inputs
    # Of (n, n) rather than (D, D): there are fewer marks than dimensions.
    _, log_determinant = np.linalg.slogdet(np.eye(len(inputs)) + scaled @ scaled.T)
    return _Fit(solution.x, -float(solution.fun) - 0.5 * float(log_determinant))
