"""The stretch by percentiles: from values as a sensor measured them to 8 bit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError


@dataclass(frozen=True)
class Stretch:
    """The range of each band that becomes 0 to 255.

    Attributes:
        low: of each band.
        high: of each band; greater than low.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __call__(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Values (bands, H, W) as 8 bit; what is not a number becomes 0."""
        # float32 holds what 8 bits can show, in half the memory of float64.
        low = np.array(self.low, dtype=np.float32)[:, None, None]
        high = np.array(self.high, dtype=np.float32)[:, None, None]
        scaled = (values.astype(np.float32) - low) * (255 / (high - low))
        limited = np.clip(np.round(scaled), 0, 255)
        pixels: NDArray[np.uint8] = np.nan_to_num(limited, nan=0.0).astype(np.uint8)
        return pixels

    def __str__(self) -> str:
        ranges = zip(self.low, self.high, strict=True)
        return "; ".join(f"{low:g} to {high:g}" for low, high in ranges)


def check_percentiles(percentiles: tuple[float, float]) -> None:
    """Check that they are two percentiles in order.

    Raises:
        ConfigError: they are not.
    """
    low, high = percentiles
    if not 0 <= low < high <= 100:
        raise ConfigError(
            f"the stretch is from percentile {low} to {high}; give two numbers from 0 to 100 in"
            " order"
        )


def stretch_of(
    values: NDArray[Any], valid: NDArray[np.bool_], percentiles: tuple[float, float]
) -> Stretch | None:
    """The stretch of a scene, from its values or a thinned-out copy of them.

    Args:
        values: (bands, H, W).
        valid: (H, W).
        percentiles: of the valid values of each band.

    Returns:
        None for 8-bit values, which stay as they are.

    Raises:
        DataError: no value is valid.
    """
    if values.dtype == np.uint8:
        return None
    # What is no number in one band leaves the pixel out in all: chips show it as nodata too.
    usable = valid & np.isfinite(values).all(axis=0)
    if not usable.any():
        raise DataError("it has no valid pixel: all are nodata, transparent or not numbers")
    low, high = np.percentile(values[:, usable].astype(np.float64), percentiles, axis=1)
    # A band of one value: black, and no division by zero.
    high = np.where(high > low, high, low + 1)
    return Stretch(tuple(low.tolist()), tuple(high.tolist()))
