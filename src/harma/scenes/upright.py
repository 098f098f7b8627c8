"""North up: rotated, mirrored and bent rasters on a grid whose rows run west to east.

A chip is a window of that grid. Its pixels are those of the raster that lie nearest; what the grid
has beyond the raster is nodata. Values, masks and colours are made by the raster's own reader, in
its own pixels: nothing is lost or mixed on the way.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from harma.errors import DataError
from harma.scenes.mapping import AffineMapping, Mapping, Numbers, Pairs
from harma.scenes.readers import Pixels, Reader
from harma.scenes.stretch import Stretch
from harma.scenes.windows import Window

# Pixels by which the corners of an upright raster may be off its grid.
NEARLY_UPRIGHT = 0.5
# Points along a side of a raster by which its extent and pixel size are found.
SAMPLES = 33
# A grid of more times the pixels of its raster, and of more pixels than these, is absurd.
MOST_TIMES = 64
ALWAYS_ALLOWED = 64_000_000
# Bent mappings are exact at every so many pixels, and straight between them.
LATTICE = 16
# Side of the parts of a large window: a turned one is read with all that is around it.
PART_SIDE = 1024


class Grid(NamedTuple):
    """A north-up grid.

    Attributes:
        transform: (column, row) → coordinates.
        width: pixels.
        height: pixels.
    """

    transform: Affine
    width: int
    height: int


def is_upright(transform: Affine, width: int, height: int) -> bool:
    """Whether a raster is north up as it is: nothing is off by half a pixel.

    Args:
        transform: of the raster.
        width: of the raster, pixels.
        height: of the raster, pixels.
    """
    if transform.a <= 0 or transform.e >= 0:
        return False
    across = abs(transform.b) * height / transform.a
    along = abs(transform.d) * width / -transform.e
    return max(across, along) < NEARLY_UPRIGHT


def upright_grid(mapping: Mapping, width: int, height: int, *, is_in_degrees: bool) -> Grid:
    """The north-up grid that holds a raster, of pixels as large as the raster's.

    A mirrored raster, and one turned by a quarter, has exactly its own pixels there.

    Args:
        mapping: from the raster's pixels to coordinates.
        width: of the raster, pixels.
        height: of the raster, pixels.
        is_in_degrees: coordinates are degrees: pixels are then as wide on the ground as high.

    Raises:
        DataError: a part of it has no coordinates, or the grid is absurdly large.
    """
    columns, rows = np.meshgrid(np.linspace(0, width, SAMPLES), np.linspace(0, height, SAMPLES))
    xs, ys = mapping.coordinates(columns.ravel(), rows.ravel())
    if not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        raise DataError("its georeference is damaged: parts of it have no coordinates")
    across, along = _pixel_size(
        mapping, xs.reshape(columns.shape), ys.reshape(rows.shape), width, height, is_in_degrees
    )
    west = float(xs.min())
    north = float(ys.max())
    # What is a whole number of pixels but for rounding is that number.
    num_columns = max(1, int(np.ceil((float(xs.max()) - west) / across - 1e-3)))
    num_rows = max(1, int(np.ceil((north - float(ys.min())) / along - 1e-3)))
    if num_columns * num_rows > max(ALWAYS_ALLOWED, MOST_TIMES * width * height):
        raise DataError(
            f"north up it would have {num_columns:,} × {num_rows:,} pixels, and it has {width:,} ×"
            f" {height:,}: its georeference is damaged"
        )
    return Grid(Affine(across, 0, west, 0, -along, north), num_columns, num_rows)


class _Size(NamedTuple):
    across: float
    along: float


def _pixel_size(
    mapping: Mapping, xs: Numbers, ys: Numbers, width: int, height: int, is_in_degrees: bool
) -> _Size:
    """Size of a grid's pixels, in units of the coordinates."""
    if isinstance(mapping, AffineMapping):
        transform = mapping.transform
        if transform.b == 0 and transform.d == 0:
            return _Size(abs(transform.a), abs(transform.e))
        if transform.a == 0 and transform.e == 0:
            return _Size(abs(transform.b), abs(transform.d))
    # As many units of x as one of y is long on the ground.
    stretched = 1.0
    if is_in_degrees:
        stretched = float(np.cos(np.radians(np.clip((ys.min() + ys.max()) / 2, -89, 89))))
    area = _pixel_area(xs, ys, width, height) * stretched
    if not (np.isfinite(area) and area > 0):
        raise DataError("its pixels have no size on the ground: its georeference is damaged")
    side = float(np.sqrt(area))
    return _Size(side / stretched, side)


def _pixel_area(xs: Numbers, ys: Numbers, width: int, height: int) -> float:
    """Area of a pixel in units of the coordinates: the median over samples (rows, columns)."""
    x_across = np.diff(xs, axis=1)[:-1]
    y_across = np.diff(ys, axis=1)[:-1]
    x_along = np.diff(xs, axis=0)[:, :-1]
    y_along = np.diff(ys, axis=0)[:, :-1]
    cells = np.abs(x_across * y_along - x_along * y_across)
    pixels_in_a_cell = (width / (SAMPLES - 1)) * (height / (SAMPLES - 1))
    return float(np.median(cells)) / pixels_in_a_cell


@dataclass(frozen=True, eq=False)
class UprightReader:
    """Reads windows of a north-up grid from a raster that is not north up.

    Attributes:
        inner: reads the raster in its own pixels.
        mapping: of the raster.
        grid: that is read.
        width: of the raster, pixels.
        height: of the raster, pixels.
        step: pixels of the raster to one that is read, where the grid is coarser.
        is_exact: every pixel is mapped by itself: the grid is so wide that nothing is straight.
    """

    inner: Reader
    mapping: Mapping
    grid: Grid
    width: int
    height: int
    step: int = 1
    is_exact: bool = False

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
        if shape is not None:
            return self._thinned(window, shape)
        width = min(window.width, self.grid.width - window.column)
        height = min(window.height, self.grid.height - window.row)
        blank = self.blank
        # What lies in no raster is told by `valid` alone.
        rgb = np.zeros((height, width, len(blank)), dtype=blank.dtype)
        valid = np.zeros((height, width), dtype=bool)
        for top in range(0, height, PART_SIDE):
            for left in range(0, width, PART_SIDE):
                rows = slice(top, min(top + PART_SIDE, height))
                columns = slice(left, min(left + PART_SIDE, width))
                part = Window(
                    window.column + left,
                    window.row + top,
                    columns.stop - columns.start,
                    rows.stop - rows.start,
                )
                self._fill(part, rgb[rows, columns], valid[rows, columns])
        return Pixels(rgb, valid)

    def _thinned(self, window: Window, shape: tuple[int, int]) -> Pixels:
        """A window by a coarser grid."""
        height, width = shape
        across = window.width / width
        along = window.height / height
        corner = Affine.translation(window.column, window.row)
        transform = self.grid.transform @ corner @ Affine.scale(across, along)
        step = max(1, int(min(across, along)))
        coarse = replace(self, grid=Grid(transform, width, height), step=step)
        return coarse.read(Window(0, 0, width, height))

    def _fill(self, part: Window, rgb: NDArray[Any], valid: NDArray[np.bool_]) -> None:
        """Write the pixels of a part of the grid that lie in the raster."""
        places = self._places(part)
        # What is not finite lies nowhere.
        with np.errstate(invalid="ignore"):
            inside = (places.first >= 0) & (places.first < self.width)
            inside &= (places.second >= 0) & (places.second < self.height)
        if not inside.any():
            return
        # Most parts lie in the raster as a whole, and need no choice of pixels: half the time.
        chosen = slice(None) if inside.all() else inside
        columns = places.first[chosen].astype(np.intp)
        rows = places.second[chosen].astype(np.intp)
        left = int(columns.min())
        top = int(rows.min())
        box = Window(left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1)
        # Of what is thinned out no more is read than is shown.
        shape = (-(-box.height // self.step), -(-box.width // self.step))
        pixels = self.inner.read(box, shape)
        if self.step > 1:
            rows = top + (rows - top) * shape[0] // box.height
            columns = left + (columns - left) * shape[1] // box.width
        numbers = (rows - top) * shape[1] + (columns - left)
        rgb[chosen] = pixels.rgb.reshape(-1, pixels.rgb.shape[-1])[numbers]
        valid[chosen] = pixels.valid.ravel()[numbers]

    def _places(self, part: Window) -> Pairs:
        """Columns and rows in the raster (H, W) of the middles of a part's pixels."""
        columns = np.arange(part.width, dtype=np.float64) + part.column + 0.5
        rows = np.arange(part.height, dtype=np.float64) + part.row + 0.5
        if self.is_exact or isinstance(self.mapping, AffineMapping):
            return self._mapped(columns, rows)
        # Splines of hundreds of points for every pixel would take longer than reading it.
        lattice = self._mapped(_lattice(columns), _lattice(rows))
        return Pairs(
            _between(lattice.first, len(rows), len(columns)),
            _between(lattice.second, len(rows), len(columns)),
        )

    def _mapped(self, columns: Numbers, rows: Numbers) -> Pairs:
        """Places in the raster (H, W) of the crossings of a grid's columns (W,) and rows (H,)."""
        transform = self.grid.transform
        shape = (len(rows), len(columns))
        xs, ys = np.meshgrid(transform.a * columns + transform.c, transform.e * rows + transform.f)
        first, second = self.mapping.pixels(xs.ravel(), ys.ravel())
        return Pairs(first.reshape(shape), second.reshape(shape))


def _lattice(middles: Numbers) -> Numbers:
    """Every so many of the middles of pixels, going on to the last or beyond it."""
    count = -(-(len(middles) - 1) // LATTICE) + 1
    lattice: Numbers = middles[0] + LATTICE * np.arange(count, dtype=np.float64)
    return lattice


def _between(lattice: Numbers, height: int, width: int) -> Numbers:
    """Values at all pixels (height, width) by those of the lattice, straight between them."""
    down = _straight(lattice, height)
    return _straight(down.T, width).T


def _straight(lattice: Numbers, length: int) -> Numbers:
    """The first axis filled up to `length` pixels."""
    index, rest = np.divmod(np.arange(length), LATTICE)
    following = np.minimum(index + 1, len(lattice) - 1)
    share = (rest / LATTICE)[:, None]
    filled: Numbers = lattice[index] * (1 - share) + lattice[following] * share
    return filled
