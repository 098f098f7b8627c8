"""Readers of windows: the bands of a raster, the colours of a palette, a plain picture."""

from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterWindow

from harma.scenes.bands import Bands
from harma.scenes.bounds import ReadBound
from harma.scenes.depth import decibels, depth_range
from harma.scenes.edge import library_call
from harma.scenes.nodata import UNREADABLE, NodataRule
from harma.scenes.opacity import has_data, is_measured
from harma.scenes.ranges import ThinnedValues
from harma.scenes.stretch import Stretch
from harma.scenes.windows import Window

# Longer side of the thinned-out copy that percentiles are taken from.
OVERVIEW_SIDE = 1024
BLACK = np.zeros(3, dtype=np.uint8)
# Of a large scene without one: windows of this side, at so many places along each side.
PLACE_SIDE = 128
PLACES = 4


class Pixels(NamedTuple):
    """What is seen of a window; smaller than the window where that reaches over the scene's edge.

    Attributes:
        rgb: (H, W, 3), 8 bit; of a reader of values (`harma.scenes.values`) those of its bands,
            float32 (H, W, N).
        valid: (H, W), which of them hold data.
    """

    rgb: NDArray[Any]
    valid: NDArray[np.bool_]


class Reader(Protocol):
    """What reads the windows of one opened scene."""

    @property
    def stretch(self) -> Stretch | None:
        """The ranges that become 0 to 255; None where values are 8 bit already."""

    @property
    def blank(self) -> NDArray[Any]:
        """What a pixel without data is: black (3,), or NaN of each band (N,)."""

    def read(self, window: Window, shape: tuple[int, int] | None = None) -> Pixels:
        """Read the part of a window that lies in the scene.

        Args:
            window: what to read.
            shape: height and width to thin it out to; None: as it is.

        Raises:
            DataError: the file is damaged there.
        """


class BandReader:
    """Reads one band (grey) or three (red, green, blue) of a raster, stretched to 8 bit.

    Args:
        dataset: the raster.
        bands: their numbers, from 1.
        nodata: what tells which pixels hold data.
        is_amplitude: real numbers are amplitudes of a radar, shown in decibels as complex ones are.

    Attributes:
        stretch: set by whoever knows which values shall be black and white; None leaves them as
            they are.
    """

    def __init__(
        self,
        dataset: DatasetReader,
        bands: Bands,
        nodata: NodataRule,
        *,
        is_amplitude: bool = False,
    ) -> None:
        self.dataset = dataset
        self.bands = bands
        self.nodata = nodata
        self.is_amplitude = is_amplitude
        self.stretch: Stretch | None = None

    @cached_property
    def _bound(self) -> ReadBound:
        return ReadBound.of(self.dataset)

    @property
    def blank(self) -> NDArray[Any]:
        """See `Reader.blank`."""
        return BLACK

    def depth(self) -> Stretch | None:
        """The range of 8-bit types that hold fewer bits than 8; None for all others."""
        high = depth_range(self.dataset, self.bands)
        if high is None:
            return None
        return Stretch.of_all(0.0, high, len(self.bands))

    def read(self, window: Window, shape: tuple[int, int] | None = None) -> Pixels:
        """See `Reader.read`."""
        values, valid = self.stored(window, shape)
        if self.stretch is not None:
            values = self.stretch(values)
        return Pixels(_side_by_side(values), valid)

    def stored(
        self, window: Window, shape: tuple[int, int] | None = None
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Values of the part of a window that lies in the scene, and which pixels hold data.

        Args:
            window: as of `Reader.read`.
            shape: likewise.

        Raises:
            DataError: the file is damaged there.
        """
        inside = _inside(self.dataset, window)
        if shape is None:
            self._bound.check(inside)
        return self.values(inside, shape or (int(inside.height), int(inside.width)))

    def look(self) -> ThinnedValues:
        """A thinned-out copy of the whole scene, as measured.

        Raises:
            DataError: the file is damaged.
        """
        height = self.dataset.height
        width = self.dataset.width
        return ThinnedValues(*self.values(None, thinned(height, width, OVERVIEW_SIDE)))

    def glance(self) -> ThinnedValues:
        """Some of the scene's values, as measured: what a sample of many scenes needs of each.

        Without overviews a thinned-out copy would cost a pass over the file; of a large one a few
        places are read instead.

        Raises:
            DataError: the file is damaged there.
        """
        height = self.dataset.height
        width = self.dataset.width
        with library_call(UNREADABLE):
            has_overviews = bool(self.dataset.overviews(self.bands[0]))
        if has_overviews or max(height, width) <= 2 * OVERVIEW_SIDE:
            return self.look()
        values = []
        valid = []
        for row in _places(height):
            for column in _places(width):
                side = (min(PLACE_SIDE, height), min(PLACE_SIDE, width))
                part = self.values(RasterWindow(column, row, side[1], side[0]), side)
                values.append(part[0])
                valid.append(part[1])
        # Side by side: to a sample it does not matter where a value lies.
        return ThinnedValues(np.concatenate(values, axis=1), np.concatenate(valid))

    def values(
        self, window: RasterWindow | None, shape: tuple[int, int]
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Values as measured (bands, H, W), and which pixels hold data (H, W).

        Args:
            window: of the raster; None: all of it.
            shape: height and width that it is thinned out to.

        Raises:
            DataError: the file is damaged there.
        """
        with library_call(UNREADABLE):
            values = self.dataset.read(
                list(self.bands),
                window=window,
                out_shape=(len(self.bands), *shape),
                # Values as they were measured: a mean over the edge of the data would be none of
                # them.
                resampling=Resampling.nearest,
            )
        valid = self.nodata.valid(self.dataset, values, window)
        if values.dtype.kind == "c" or self.is_amplitude:
            values = decibels(values)
            valid &= np.isfinite(values).all(axis=0)
        return values, valid


class PaletteReader:
    """Reads a raster whose first band holds numbers of colours.

    Args:
        dataset: the raster.

    Raises:
        DataError: it has no table of colours.
    """

    stretch = None
    blank = BLACK

    def __init__(self, dataset: DatasetReader) -> None:
        self.dataset = dataset
        with library_call("the colours of its palette cannot be read"):
            colors = dataset.colormap(1)
        self._bound = ReadBound.of(dataset)
        # Numbers that have no colour are the last line, transparent.
        self.table = np.zeros((max(256, *colors) + 1, 4), dtype=np.uint8)
        for number, color in colors.items():
            self.table[number] = np.clip(color, 0, 255)

    def read(self, window: Window, shape: tuple[int, int] | None = None) -> Pixels:
        """See `Reader.read`."""
        inside = _inside(self.dataset, window)
        if shape is None:
            self._bound.check(inside)
        size = shape or (int(inside.height), int(inside.width))
        with library_call(UNREADABLE):
            numbers = self.dataset.read(1, window=inside, out_shape=size)
            # Colours that are transparent come on top of the file's own mask.
            mask = self.dataset.dataset_mask(window=inside, out_shape=size)
        last = len(self.table) - 1
        if numbers.dtype.kind == "f":
            numbers = np.nan_to_num(numbers, nan=last)
        colors = self.table[np.clip(numbers, 0, last).astype(np.intp)]
        opaque = colors[..., 3] > 0
        return Pixels(colors[..., :3], (mask != 0) & opaque)


class PictureReader:
    """Gives parts of a plain picture, which is decoded as a whole.

    Args:
        image: (H, W, 3), 8 bit.
        alpha: (H, W), 0 where it is transparent; None: nowhere.
    """

    stretch = None
    blank = BLACK

    def __init__(self, image: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> None:
        self.image = image
        self.alpha = alpha
        # Four-band aerial pictures have their near infrared there.
        self.is_measured = alpha is not None and is_measured(alpha, lambda: image[..., 0])

    def read(self, window: Window, shape: tuple[int, int] | None = None) -> Pixels:
        """See `Reader.read`; it is in memory already, and is not thinned out."""
        rows = slice(window.row, window.row + window.height)
        columns = slice(window.column, window.column + window.width)
        part = self.image[rows, columns]
        if self.alpha is None:
            return Pixels(part, np.ones(part.shape[:2], dtype=bool))
        alpha = self.alpha[rows, columns]
        return Pixels(part, has_data(alpha, np.moveaxis(part, -1, 0), measured=self.is_measured))


def _side_by_side(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Bands (1 or 3, H, W) as RGB (H, W, 3), the colours of a pixel side by side in memory.

    Thumbnails and resizing take them so. Band by band it takes a quarter of the time of numpy's
    copy of a turned array.
    """
    rgb = np.empty((*values.shape[1:], 3), dtype=np.uint8)
    for color in range(3):
        # One band is grey: all three colours are it.
        rgb[..., color] = values[color % len(values)]
    return rgb


def thinned(height: int, width: int, side: int) -> tuple[int, int]:
    """Height and width of a thinned-out copy whose longer side is `side` at most."""
    # Never enlarged: what is small is read as it is.
    factor = min(1.0, side / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def _places(length: int) -> list[int]:
    """Where a few windows begin, spread over a side."""
    last = max(0, length - PLACE_SIDE)
    return sorted({round(last * (number + 0.5) / PLACES) for number in range(PLACES)})


def _inside(dataset: DatasetReader, window: Window) -> RasterWindow:
    """The part of a window that lies in the raster."""
    return RasterWindow(
        window.column,
        window.row,
        min(window.width, dataset.width - window.column),
        min(window.height, dataset.height - window.row),
    )
