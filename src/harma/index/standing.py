"""Standing of a score: clear, likely or weak, by how far it stands out from the rest."""

import numpy as np
from numpy.typing import NDArray

# Robust standard deviations above the median of the sample. Scores of chips that have nothing to do
# with a query are close to normal: 4 is passed by one in 30,000 of them, 2.5 by one in 160.
CLEAR = 4.0
LIKELY = 2.5
# Median absolute deviation → standard deviation of a normal distribution.
MAD_TO_SD = 1.4826
# The best first.
STANDINGS = ("clear", "likely", "weak")
# A sample smaller than this says nothing.
SMALLEST_SAMPLE = 30


class Standings:
    """Standings of the scores of one query.

    The middle and the spread are robust: matches that lie in the sample do not hide themselves.

    Args:
        sample: its scores (n,) on a sample of the index.
    """

    def __init__(self, sample: NDArray[np.floating]) -> None:
        self.sample = np.sort(np.asarray(sample, dtype=np.float64))
        self.middle = 0.0
        self.deviation = 0.0
        if len(self.sample):
            self.middle = float(np.median(self.sample))
            self.deviation = MAD_TO_SD * float(np.median(np.abs(self.sample - self.middle)))

    def percentile(self, score: float) -> float:
        """Share of the sample that scores lower, percent; ties count half."""
        if not len(self.sample):
            return 0.0
        below = np.searchsorted(self.sample, score, "left")
        upto = np.searchsorted(self.sample, score, "right")
        return float(50.0 * (below + upto) / len(self.sample))

    def percentiles(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Percentiles of many scores (n,), each as `percentile` gives it."""
        if not len(self.sample):
            return np.zeros(len(scores))
        below = np.searchsorted(self.sample, scores, "left")
        upto = np.searchsorted(self.sample, scores, "right")
        percentiles: NDArray[np.float64] = 50.0 * (below + upto) / len(self.sample)
        return percentiles

    def of(self, score: float) -> str:
        """One of "clear", "likely" and "weak"; "" where the index is too small to tell."""
        if len(self.sample) < SMALLEST_SAMPLE or self.deviation == 0:
            return ""
        distance = (score - self.middle) / self.deviation
        if distance >= CLEAR:
            return "clear"
        if distance >= LIKELY:
            return "likely"
        return "weak"


def usual_score(sample: NDArray[np.floating]) -> float:
    """What chips score that have nothing to do with a query: the middle of a sample (n,).

    Of a sample that is too small to tell, -∞.
    """
    if len(sample) < SMALLEST_SAMPLE:
        return -np.inf
    return float(np.median(sample))


# Of what nobody searched for, and of the earlier chips of changes: no score is judged.
NO_STANDINGS = Standings(np.empty(0))
