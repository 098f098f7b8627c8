"""What embeddings of an archive look like: their mean and shrunk covariance, for whitening."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
# Share of the sphere in the covariance: few chips leave directions in which none of them differ.
SHRINKAGE = 0.1
# How far whitening goes: 0 leaves embeddings as they are, 1 makes the archive a sphere. Of 0.5,
# 0.75 and 1 the one that helps most and does no harm (docs/marks.md).
WHITENED = 0.75


@dataclass(frozen=True, eq=False)
class Background:
    """Mean and covariance of the embeddings of an archive.

    The covariance is `(1 - ρ) S + ρ tr(S)/E I`, shrunk towards a sphere (Ledoit and Wolf,
    "A well-conditioned estimator for large-dimensional covariance matrices", J. Multivariate Anal.
    88, 2004; with a fixed ρ = 0.1, `SHRINKAGE`), so that it can be inverted where there are fewer
    chips than dimensions.

    Attributes:
        mean: (E,).
        axes: eigenvectors of the covariance, one a column (E, E).
        variances: its eigenvalues (E,), all over 0; 1/E each where the chips do not differ.
    """

    mean: Matrix
    axes: Matrix
    variances: Matrix

    def spread(self, direction: Matrix) -> float:
        """Standard deviation of the scores of chips in a direction (E,)."""
        return float(np.sqrt(self.variances @ (self.axes.T @ direction) ** 2))

    def covaried(self, direction: Matrix) -> Matrix:
        """Covariance times a direction (E,)."""
        product: Matrix = self.axes @ (self.variances * (self.axes.T @ direction))
        return product

    @cached_property
    def whitening(self) -> Matrix:
        """Λ (E, E): scores in the direction Λu, u standard normal, vary by 1 over the archive.

        Λ² is the covariance to the power -3/4 (`WHITENED`), scaled to that. So directions in which
        the archive varies little count for more than they are, but for less than if all counted
        alike.
        """
        powers = self.variances**-WHITENED
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
    usual = float(variances.mean())
    if usual <= np.finfo(np.float32).eps ** 2:
        return Background(mean, np.eye(dim), np.full(dim, 1 / dim))
    return Background(mean, axes, (1 - SHRINKAGE) * variances + SHRINKAGE * usual)
