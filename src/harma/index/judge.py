"""What a score means: how far it stands out from what the query scores elsewhere in the index."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Robust standard deviations above the median of the sample. Scores of chips that have nothing to do
# with a query are close to normal: 4 is passed by one in 30,000 of them, 2.5 by one in 160.
CLEAR, LIKELY = 4.0, 2.5
# Median absolute deviation → standard deviation of a normal distribution.
MAD_TO_SD = 1.4826
# A sample smaller than this says nothing.
FEW = 30


class Judge:
    """Judges the scores of one query.

    Args:
        sample: its scores (n,) on a sample of the index.
    """

    def __init__(self, sample: NDArray[Any]) -> None:
        self.sample = np.sort(np.asarray(sample, dtype=np.float64))
        self.middle = float(np.median(self.sample)) if len(self.sample) else 0.0
        spread = float(np.median(np.abs(self.sample - self.middle))) if len(self.sample) else 0.0
        self.deviation = MAD_TO_SD * spread

    def percentile(self, score: float) -> float:
        """Share of the sample that scores lower, percent; ties count half."""
        if not len(self.sample):
            return 0.0
        below, upto = (np.searchsorted(self.sample, score, side) for side in ("left", "right"))
        return float(50.0 * (below + upto) / len(self.sample))

    def standing(self, score: float) -> str:
        """One of "clear", "likely" and "weak"; "" where the index is too small to tell."""
        if len(self.sample) < FEW or self.deviation == 0:
            return ""
        distance = (score - self.middle) / self.deviation
        return "clear" if distance >= CLEAR else "likely" if distance >= LIKELY else "weak"
