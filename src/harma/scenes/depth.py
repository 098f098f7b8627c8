"""Odd types of values: 8-bit types that hold 1, 2 or 4 bits, amplitudes of radars.

- Few bits: where the file says how many (NBITS of GeoTIFF), their range becomes 0 to 255. Where it
  does not, a raster of one 8-bit band whose values are all below 16 is taken to hold the bits that
  its greatest value needs; a look at a few places tells most others at once.
- Complex numbers, and whole numbers of Sentinel-1: amplitude in decibels, 20·log10|z|; 0 has none,
  and is nodata.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp, Resampling
from rasterio.io import DatasetReader

from harma.scenes.edge import library_call
from harma.scenes.sampled import sampled

BITS = 8
# Values below this are looked at: what uses more of 8 bits is dark, but seen.
FEW_VALUES = 16
# Longer side of the copy in which the greatest value is looked for.
LOOK_SIDE = 1024
PROBLEM = "its values cannot be read"


def depth_range(dataset: DatasetReader, bands: Sequence[int]) -> float | None:
    """The greatest value of 8-bit bands that hold fewer bits.

    Args:
        dataset: the raster.
        bands: that are shown, 8 bit.

    Returns:
        None for bands that hold 8 bits.

    Raises:
        DataError: the file is damaged.
    """
    with library_call(PROBLEM):
        stated = [dataset.tags(band, ns="IMAGE_STRUCTURE").get("NBITS", "") for band in bands]
        color = dataset.colorinterp[bands[0] - 1]
    numbers = [int(text) for text in stated if text.isdecimal()]
    if len(numbers) == len(bands) and 0 < max(numbers) < BITS:
        return float(2 ** max(numbers) - 1)
    # Colours are pictures, as dark as they are; a grey band may hold anything.
    if len(bands) > 1 or color in (ColorInterp.red, ColorInterp.green, ColorInterp.blue):
        return None
    if sampled(dataset, bands[0], PROBLEM).max() >= FEW_VALUES:
        return None
    return _needed(_overview(dataset, bands[0]))


def _overview(dataset: DatasetReader, band: int) -> NDArray[Any]:
    factor = min(1.0, LOOK_SIDE / max(dataset.height, dataset.width))
    shape = (max(1, round(dataset.height * factor)), max(1, round(dataset.width * factor)))
    with library_call(PROBLEM):
        values: NDArray[Any] = dataset.read(band, out_shape=shape, resampling=Resampling.nearest)
    return values


def _needed(values: NDArray[Any]) -> float | None:
    """The greatest value of 1, 2 or 4 bits; None where more are needed, or nothing is to see."""
    greatest = int(values.max())
    if greatest >= FEW_VALUES or greatest == int(values.min()):
        return None
    for bits in (1, 2, 4):
        if greatest < 2**bits:
            return float(2**bits - 1)
    return None


def decibels(values: NDArray[Any]) -> NDArray[np.float32]:
    """Amplitudes in decibels; NaN where they are 0 or no numbers.

    Args:
        values: complex or real, of any shape.
    """
    amplitude = np.abs(values).astype(np.float32)
    amplitude[~(amplitude > 0)] = np.nan
    shown: NDArray[np.float32] = 20 * np.log10(amplitude)
    return shown
