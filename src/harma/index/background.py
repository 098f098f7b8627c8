"""What embeddings of an archive look like: their mean and shrunk covariance, for whitening."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
# Share of the sphere in the covariance: few chips leave directions in which none of them differ.
SHRINKAGE = 0.1
# How far whitening goes: 0 leaves embeddings as they are, 1 makes the archive a sphere
# (docs/marks.md).
WHITENED = 0.6
# A direction in which chips do not differ counts as one in which they differ by this share of the
# usual variance.
LEAST_SHARE = 1e-6


@dataclass(frozen=True, eq=False)
class Background:
    """Mean and covariance C of the embeddings of an archive.

    Where it is inverted, the covariance is `(1 - ρ) C + ρ tr(C)/E I`, shrunk towards a sphere
    (Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices",
    J. Multivariate Anal. 88, 2004; with a fixed ρ = 0.1, `SHRINKAGE`): there may be fewer chips
    than dimensions.

    Attributes:
        mean: (E,).
        axes: eigenvectors of the covariance, one a column (E, E).
        variances: its eigenvalues (E,), 0 or more.
    """

    mean: Matrix
    axes: Matrix
    variances: Matrix

    def spread(self, direction: Matrix) -> float:
        """Standard deviation of the scores of chips in a direction (E,); over 0."""
        along = (self.axes.T @ direction) ** 2
        least = LEAST_SHARE * self.variances.mean() * along.sum()
        return float(np.sqrt(max(self.variances @ along, least)))

    def covaried(self, direction: Matrix) -> Matrix:
        """Covariance times a direction (E,)."""
        product: Matrix = self.axes @ (self.variances * (self.axes.T @ direction))
        return product

    @cached_property
    def whitening(self) -> Matrix:
        """Λ (E, E): scores in the direction Λu, u standard normal, vary by 1 over the archive.

        Λ² is the shrunk covariance to the power -0.6 (`WHITENED`), scaled to that. So directions
        in which the archive varies little count for more than they are, but for less than if all
        counted alike.
        """
        sphere = SHRINKAGE * self.variances.mean()
        powers = ((1 - SHRINKAGE) * self.variances + sphere) ** -WHITENED
        scale = float(powers @ self.variances)
        product: Matrix = (self.axes * np.sqrt(powers / scale)) @ self.axes.T
        return product


def background_of(sample: NDArray[np.floating]) -> Background:
    """The background of a sample of an archive.

    Args:
        sample: embeddings (n, E); n may be 0.
    """
    rows = np.asarray(sample, dtype=np.float64)
    dim = rows.shape[1]
    if not len(rows):
        return Background(np.zeros(dim), np.eye(dim), np.full(dim, 1 / dim))
    mean = rows.mean(axis=0)
    centred = rows - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(rows))
    # Rounding may leave a zero a little below it.
    variances = np.maximum(variances, 0.0)
    # What float16 rounds away is no difference.
    if variances.mean() <= np.finfo(np.float32).eps ** 2:
        return Background(mean, np.eye(dim), np.full(dim, 1 / dim))
    return Background(mean, axes, variances)
