"""A look at a few places of a raster: is its alpha one, does its 8-bit type hold few values.

A pass over a whole file for such a question would cost more than its chips; a few small windows
cost no more than a chip.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterWindow

from harma.scenes.edge import library_call

# Windows of this side at so many places along each side.
SIDE = 64
PLACES = 3


def sampled(dataset: DatasetReader, band: int, problem: str) -> NDArray[Any]:
    """Values of a band at a few places, spread over the raster.

    Args:
        dataset: the raster.
        band: its number, from 1.
        problem: what is wrong if it cannot be read.

    Returns:
        (n,); all values of a small raster.

    Raises:
        DataError: the file is damaged there.
    """
    parts = []
    for row in _starts(dataset.height):
        for column in _starts(dataset.width):
            width = min(SIDE, dataset.width)
            height = min(SIDE, dataset.height)
            window = RasterWindow(column, row, width, height)
            with library_call(problem):
                parts.append(dataset.read(band, window=window).ravel())
    return np.concatenate(parts)


def _starts(length: int) -> list[int]:
    last = max(0, length - SIDE)
    return sorted({round(place * last / (PLACES - 1)) for place in range(PLACES)})
