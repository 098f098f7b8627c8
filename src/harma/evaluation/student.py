"""Quantiles of Student's t: how wide an interval must be that rests on a few values."""

import math

import numpy as np

# The tail beyond this is lost in all digits that are shown, for three values or more.
FARTHEST = 10_000.0
POINTS = 200_001


def student_quantile(share: float, freedom: int) -> float:
    """The value below which a share of Student's t distribution lies.

    Its density is summed by trapezoids, close at 0 and wide in the tail, to four digits.

    Args:
        share: 0.975 for the upper end of a 95 % interval; from 0.5 to below 1.
        freedom: degrees of freedom, 1 or more: values less those that were estimated from them.
    """
    places = np.sinh(np.linspace(0, math.asinh(FARTHEST), POINTS))
    norm = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    density = (1 + places**2 / freedom) ** (-(freedom + 1) / 2)
    density *= norm / math.sqrt(freedom * math.pi)
    steps = np.diff(places) * (density[1:] + density[:-1]) / 2
    # Half of it lies below 0.
    shares = 0.5 + np.concatenate([[0.0], np.cumsum(steps)])
    return float(np.interp(share, shares, places))
