"""Bounds of a raster by its header: pixels, blocks, bands, windows; before anything is decoded.

A header of a few bytes may say that a raster is two thousand million pixels wide, that a block of
it takes gigabytes, or that it has thousands of bands.
"""

import math
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasterio.enums import Interleaving
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterWindow

from harma.errors import DataError
from harma.ground.limits import MAX_BANDS, MAX_READ_BYTES, MAX_TIMES
from harma.scenes.edge import library_call

# Up to so many bytes of pixels a raster may hold in any file.
ALWAYS_ALLOWED = 256 << 20
# Formats whose pixels lie in other files, or whose extent is that of a world.
NOT_BY_SIZE = ("VRT", "GPKG", "MBTiles", "Zarr", "MRF", "MEM")
# Rows of blocks, and columns, that are decoded where a raster is looked at as a whole, at most.
LOOK_ROWS = 1024
# A look is one for each scene, and may take so many times what one of its many chips may.
LOOKS = 8
# Bytes of a value, by GDAL's names that are not numpy's.
OTHER_TYPES = {"complex_int16": 4, "complex_int32": 8}


def bytes_of_type(name: str) -> int:
    """Bytes of a value of a type, by rasterio's name of it."""
    if name in OTHER_TYPES:
        return OTHER_TYPES[name]
    return np.dtype(name).itemsize


def check_bounds(dataset: DatasetReader, source: str) -> None:
    """Check what a raster says of its size against what is allowed, and against its file.

    Args:
        dataset: the raster, of which nothing was read.
        source: what was opened.

    Raises:
        DataError: it is over a limit.
    """
    count = dataset.count
    if MAX_BANDS.is_over(count):
        raise DataError(f"it says it has {count:,} bands; {MAX_BANDS.said}")
    if count == 0 or dataset.driver in NOT_BY_SIZE or not os.path.isfile(source):  # noqa: PTH113
        return
    claimed = dataset.width * dataset.height * count * bytes_of_type(dataset.dtypes[0])
    size = max(1, os.path.getsize(source))  # noqa: PTH202
    if claimed > ALWAYS_ALLOWED and MAX_TIMES.is_over(claimed / size):
        raise DataError(
            f"it says it has {dataset.width:,} × {dataset.height:,} pixels of {count:,} bands,"
            f" {claimed // size:,} bytes for each of its file of {size:,}: it is damaged, or all"
            f" but empty; {MAX_TIMES.said}"
        )


@dataclass(frozen=True)
class ReadBound:
    """How much one read of a raster decodes: whole blocks, of all bands that lie in one.

    Attributes:
        height, width: of a block, pixels.
        depth: bytes of a pixel in it.
    """

    height: int
    width: int
    depth: int

    @classmethod
    def of(cls, dataset: DatasetReader) -> "ReadBound":
        """Of an opened raster, by its first band."""
        with library_call("what it says of its blocks cannot be read"):
            shapes: list[tuple[int, int]] = dataset.block_shapes
            height, width = shapes[0]
            interleaving: Any = dataset.interleaving
        depth = bytes_of_type(dataset.dtypes[0])
        # Such blocks hold all bands, and are decoded for any.
        if interleaving == Interleaving.pixel:
            depth *= dataset.count
        return cls(max(1, height), max(1, width), depth)

    def check(self, window: RasterWindow) -> None:
        """Check that a window can be read as it is.

        Raises:
            DataError: its blocks hold more bytes than are allowed.
        """
        needed = self._bytes_of(window)
        if MAX_READ_BYTES.is_over(needed):
            raise DataError(
                f"a chip of {int(window.width):,} × {int(window.height):,} pixels lies in blocks of"
                f" {needed:,.0f} bytes (each {self.width:,} × {self.height:,} pixels of"
                f" {self.depth:,} bytes); {MAX_READ_BYTES.said}. Or write it in tiles"
                " (gdal_translate -co TILED=YES)"
            )

    def check_look(self, width: int, height: int) -> None:
        """Check that a raster without overviews can be looked at as a whole, thinned out.

        Args:
            width: of it, pixels.
            height: of it.

        Raises:
            DataError: the blocks of the rows that are looked at hold far more than is allowed.
        """
        rows_of_blocks = min(math.ceil(height / self.height), LOOK_ROWS)
        columns_of_blocks = min(math.ceil(width / self.width), LOOK_ROWS)
        needed = rows_of_blocks * columns_of_blocks * self.height * self.width * self.depth
        if MAX_READ_BYTES.is_over(needed / LOOKS):
            raise DataError(
                f"looking at the whole of it takes {needed:,} bytes of blocks, each {self.width:,}"
                f" × {self.height:,} pixels of {self.depth:,} bytes; build overviews (gdaladdo), or"
                f" set {MAX_READ_BYTES.variable} above {MAX_READ_BYTES.allowed:,}"
            )

    def _bytes_of(self, window: RasterWindow) -> float:
        down = math.ceil((window.row_off + window.height) / self.height)
        down -= int(window.row_off // self.height)
        across = math.ceil((window.col_off + window.width) / self.width)
        across -= int(window.col_off // self.width)
        return float(down * across * self.height * self.width * self.depth)


def check_look(dataset: DatasetReader) -> None:
    """Check that a raster can be looked at as a whole: its range of values is found so.

    Raises:
        DataError: it has no overviews, and its blocks hold far more than is allowed.
    """
    if dataset.driver in NOT_BY_SIZE:
        return
    try:
        ReadBound.of(dataset).check_look(dataset.width, dataset.height)
    except DataError:
        # Asked last, as few are so large: over a network it is a request.
        with library_call("what it says of its overviews cannot be read"):
            has_overviews = bool(dataset.overviews(1))
        if not has_overviews:
            raise
