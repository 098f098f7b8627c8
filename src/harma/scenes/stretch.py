"""The stretch: from values as a sensor measured them to 8 bit, by ranges or percentiles of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import DataError

# A range that is a smaller part of its values than this, or values nearer to 0, are too fine for
# float32.
HARDLY_MORE = 1e-4
SMALL = 1e-30


@dataclass(frozen=True)
class Stretch:
    """The range of each band that becomes 0 to 255.

    Attributes:
        low: of each band.
        high: of each band; greater than low.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of_all(cls, low: float, high: float, num_bands: int) -> "Stretch":
        """One range for all bands."""
        return cls((low,) * num_bands, (high,) * num_bands)

    def __call__(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Values (bands, H, W) as 8 bit; what is not a number becomes 0."""
        kind = self._kind()
        low = np.array(self.low, dtype=kind)[:, None, None]
        high = np.array(self.high, dtype=kind)[:, None, None]
        # A copy; all that follows is done in its place, which takes a third of the time.
        scaled = values.astype(kind)
        # What is no number stays none, whatever is computed with it.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled -= low
            scaled *= 255 / (high - low)
        np.round(scaled, out=scaled)
        np.clip(scaled, 0, 255, out=scaled)
        if values.dtype.kind not in "bui":
            np.nan_to_num(scaled, copy=False, nan=0.0)
        return scaled.astype(np.uint8)

    def _kind(self) -> type[np.floating[Any]]:
        """float32 holds what 8 bits can show, in half the memory; odd ranges need float64."""
        for low, high in zip(self.low, self.high, strict=True):
            greatest = max(abs(low), abs(high))
            if not HARDLY_MORE * greatest < high - low or not SMALL < greatest < 1 / SMALL:
                return np.float64
        return np.float32

    def __str__(self) -> str:
        ranges = [f"{low:g} to {high:g}" for low, high in zip(self.low, self.high, strict=True)]
        # One for all bands is said once.
        if len(set(ranges)) == 1:
            return ranges[0]
        return "; ".join(ranges)


def usable_values(values: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The values (bands, n) of pixels that hold data in all bands.

    Args:
        values: (bands, H, W).
        valid: (H, W).
    """
    # What is no number in one band leaves the pixel out in all: chips show it as nodata too.
    usable = valid & np.isfinite(values).all(axis=0)
    return values[:, usable].astype(np.float64)


def stretch_between(
    values: NDArray[np.float64], percentiles: tuple[float, float], *, each: bool
) -> Stretch:
    """The stretch between percentiles of values.

    Args:
        values: (bands, n), n at least 1.
        percentiles: that become black and white.
        each: every band has a range of its own; else all have one, which keeps colours.
    """
    # Of one range for all bands, each band's values are those of all.
    grouped = values if each else values.reshape(1, -1)
    low, high = np.percentile(grouped, percentiles, axis=1)
    # A band of one value: black, and no division by zero.
    high = np.where(high > low, high, low + np.maximum(1, np.spacing(np.abs(low))))
    times = len(values) // len(grouped)
    return Stretch(tuple(low.tolist()) * times, tuple(high.tolist()) * times)


def stretch_of(
    values: NDArray[Any],
    valid: NDArray[np.bool_],
    percentiles: tuple[float, float],
    *,
    each: bool = True,
) -> Stretch | None:
    """The stretch of a scene, from its values or a thinned-out copy of them.

    Args:
        values: (bands, H, W).
        valid: (H, W).
        percentiles: of the valid values.
        each: as of `stretch_between`.

    Returns:
        None for 8-bit values, which stay as they are.

    Raises:
        DataError: no value is valid.
    """
    if values.dtype == np.uint8:
        return None
    usable = usable_values(values, valid)
    if not usable.size:
        raise DataError("it has no valid pixel: all are nodata, transparent or not numbers")
    return stretch_between(usable, percentiles, each=each)
