"""Huge rasters without overviews: read at a few places where a view would cost all their pixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from harma.scenes.readers import Pixels, Reader
from harma.scenes.stretch import Stretch
from harma.scenes.windows import Window

# Pixels of a raster that are read for one view: 16 tiles along each side.
MOST_PIXELS = 4096 * 4096
# Places along each side of what is read sparsely: some hundred blocks of the file.
PLACES = 24


@dataclass(frozen=True, eq=False)
class SparseReader:
    """Reads as another reader does, but for views of so much that the file would be read whole.

    Of those it reads single pixels at a few places, and shows each as large as the room around it:
    coarse, and soon there.

    Attributes:
        inner: reads the raster.
        dataset: of it.
        band: whose overviews are looked at.
    """

    inner: Reader
    dataset: DatasetReader
    band: int

    @property
    def stretch(self) -> Stretch | None:
        """See `Reader.stretch`."""
        return self.inner.stretch

    @property
    def blank(self) -> NDArray[Any]:
        """See `Reader.blank`."""
        return self.inner.blank

    def read(self, window: Window, shape: tuple[int, int] | None = None) -> Pixels:
        """See `Reader.read`."""
        if shape is None or not self.is_too_much(window, shape):
            return self.inner.read(window, shape)
        rows = _places(window.height, shape[0])
        columns = _places(window.width, shape[1])
        rgb = np.zeros((len(rows), len(columns), 3), dtype=np.uint8)
        valid = np.zeros((len(rows), len(columns)), dtype=bool)
        for down, row in enumerate(rows):
            for across, column in enumerate(columns):
                pixel = Window(window.column + column, window.row + row, 1, 1)
                pixels = self.inner.read(pixel)
                rgb[down, across] = pixels.rgb[0, 0]
                valid[down, across] = pixels.valid[0, 0]
        # Each as large as the room around it.
        to_rows = np.arange(shape[0]) * len(rows) // shape[0]
        to_columns = np.arange(shape[1]) * len(columns) // shape[1]
        chosen = np.ix_(to_rows, to_columns)
        return Pixels(rgb[chosen], valid[chosen])

    def is_too_much(self, window: Window, shape: tuple[int, int]) -> bool:
        """Whether a view would read more pixels than it may."""
        thinned = max(1, min(window.width // shape[1], window.height // shape[0]))
        useful = [factor for factor in self.dataset.overviews(self.band) if factor <= thinned]
        step = max(useful, default=1)
        return window.width * window.height > MOST_PIXELS * step * step


def _places(length: int, most: int) -> list[int]:
    """Middles of a few parts of a side."""
    count = min(PLACES, most)
    return [(2 * number + 1) * length // (2 * count) for number in range(count)]
