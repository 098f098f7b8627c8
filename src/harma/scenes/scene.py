"""An opened scene: what is known of it, its chips with their share of nodata, its footprints."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError
from harma.scenes.bands import Bands
from harma.scenes.edge import naming
from harma.scenes.period import Period
from harma.scenes.place import PixelSize, Place
from harma.scenes.readers import Pixels, Reader, thinned
from harma.scenes.windows import Window


@dataclass(frozen=True)
class SceneFacts:
    """What is known of an opened scene.

    Attributes:
        source: path or address.
        width: pixels, of the north-up grid that is shown.
        height: pixels.
        crs: name of its coordinate reference system, or "".
        gsd: metres per pixel, or None.
        taken: when, or None.
        bands: which bands are shown.
        bands_reason: how they were chosen.
        stretch: ranges that became 0 to 255, or "" where values were 8 bit already.
        is_guess: whether nothing says that these bands are red, green and blue.
        sensor: that took it, or "" where that is not known.
        date_from: what names the date, or "".
        placed_by: what places it, such as a world file or control points and how well they fit,
            or "" where it is the raster's own transform.
        pixel_size: on the ground; None without a place.
        kind: of scenes that are shown in one range with it, or "" where its range is its own, or
            follows from what it says of itself.
    """

    source: str
    width: int
    height: int
    crs: str
    gsd: float | None
    taken: Period | None
    bands: Bands
    bands_reason: str
    stretch: str
    is_guess: bool = False
    sensor: str = ""
    date_from: str = ""
    placed_by: str = ""
    pixel_size: PixelSize | None = None
    kind: str = ""

    @property
    def scale(self) -> PixelSize | float | None:
        """Metres per pixel, by direction where that is known: what a `Tiling` asks for."""
        return self.pixel_size or self.gsd


@dataclass(frozen=True, eq=False)
class Scene:
    """An opened scene.

    Attributes:
        facts: what is known of it.
        place: its georeference, or None.
        reader: of its windows.
        position: longitude and latitude of its camera, where it has no georeference; or None.
        values: reads what a model of several bands sees; None where models see the picture.
    """

    facts: SceneFacts
    place: Place | None
    reader: Reader = field(repr=False)
    position: Point | None = None
    values: Reader | None = field(default=None, repr=False)

    def read(self, window: Window) -> tuple[NDArray[np.uint8], float]:
        """A chip.

        Args:
            window: what to read; what lies outside of the scene is nodata.

        Returns:
            8-bit RGB (height, width, 3), black where there is no data, and the share of nodata, 0
            to 1.

        Raises:
            DataError: the file is damaged there, or the chip does not fit into memory.
        """
        with self._telling_of_memory(window):
            return _chip(self.reader.read(window), window.height, window.width)

    def read_whole(self) -> tuple[NDArray[np.uint8], float]:
        """The whole of it as one chip, as `read` gives it; smaller if its reader has it smaller.

        Raises:
            DataError: as `read`.
        """
        window = Window(0, 0, self.facts.width, self.facts.height)
        with self._telling_of_memory(window):
            pixels = self.reader.read(window)
            return _chip(pixels, *pixels.valid.shape)

    def read_values(self, window: Window) -> tuple[NDArray[np.float32], float]:
        """A chip as a model of several bands sees it.

        Args:
            window: as of `read`.

        Returns:
            float32 (height, width, N) in the model's unit, NaN where there is no data, and the
            share of nodata, 0 to 1.

        Raises:
            DataError: as `read`.
        """
        assert self.values is not None
        with self._telling_of_memory(window):
            pixels = self.values.read(window)
            chip = np.full(
                (window.height, window.width, pixels.rgb.shape[-1]), np.nan, dtype=np.float32
            )
            rows, columns = pixels.valid.shape
            chip[:rows, :columns][pixels.valid] = pixels.rgb[pixels.valid]
        return chip, 1 - float(pixels.valid.sum()) / (window.width * window.height)

    @contextmanager
    def _telling_of_memory(self, window: Window) -> Iterator[None]:
        with naming(self.facts.source):
            try:
                yield
            except MemoryError as error:
                size = f"{window.width:,} × {window.height:,} pixels"
                raise DataError(
                    f"a chip of {size} does not fit into memory; take smaller chips"
                ) from error

    def overview(self, side: int) -> NDArray[np.uint8]:
        """The whole scene, thinned out so that its longer side is `side` pixels at most.

        Returns:
            8-bit RGB (H, W, 3), black where there is no data.

        Raises:
            DataError: the file is damaged.
        """
        facts = self.facts
        shape = thinned(facts.height, facts.width, side)
        with naming(facts.source):
            rgb, valid = self.reader.read(Window(0, 0, facts.width, facts.height), shape)
        return np.where(valid[..., None], rgb, np.uint8(0))

    def overview_of_values(self, side: int) -> NDArray[np.float32]:
        """The whole scene as a model of several bands sees it, thinned out as `overview` is.

        Returns:
            float32 (H, W, N), NaN where there is no data.

        Raises:
            DataError: the file is damaged.
        """
        assert self.values is not None
        facts = self.facts
        shape = thinned(facts.height, facts.width, side)
        with naming(facts.source):
            values, valid = self.values.read(Window(0, 0, facts.width, facts.height), shape)
        seen: NDArray[np.float32] = np.where(valid[..., None], values, np.float32(np.nan))
        return seen

    def footprint(self, window: Window) -> BaseGeometry | None:
        """Outline of a window in WGS84, or None where the scene has no place.

        Of a scene without georeference it is the position of its camera, a point.

        Raises:
            OffEarthError: its corners have no longitude and latitude.
        """
        if self.place is None:
            return self.position
        with naming(self.facts.source):
            return self.place.footprint(window.column, window.row, window.width, window.height)


def _chip(pixels: Pixels, height: int, width: int) -> tuple[NDArray[np.uint8], float]:
    """A chip of so many pixels, black where there is no data, and its share of nodata."""
    rgb, valid = pixels
    if valid.all() and valid.shape == (height, width):
        # A plain picture's reader gives a view, which would keep the picture alive.
        is_view = rgb.base is not None
        return np.array(rgb) if is_view else rgb, 0.0
    chip = np.zeros((height, width, 3), dtype=np.uint8)
    rows, columns = valid.shape
    np.multiply(rgb, valid[..., None], out=chip[:rows, :columns])
    return chip, 1 - float(valid.sum()) / (width * height)
