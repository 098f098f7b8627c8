"""Where a raster is on Earth: georeference, footprints in WGS84, ground sample distance (GSD)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np
import pyproj
import rasterio.warp
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError, OffEarthError
from harma.scenes.edge import library_call
from harma.scenes.outline import NEAR_A_POLE, PixelBox, Point, densified, geometry_of
from harma.scenes.systems import check_is_flat, check_is_on_earth, system_facts

# Longitude first, whatever a library's opinion on EPSG:4326 is.
WGS84 = "OGC:CRS84"
# Edges of windows that span more degrees are bent by the projection.
STRAIGHT_DEGREES = 0.5
POLES = (90.0, -90.0)
GEOD = pyproj.Geod(ellps="WGS84")
# Where the size of pixels is measured: shares of a side, the middle first.
MEASURED_AT = (0.5, 0.25, 0.75, 0.02, 0.98)
# Coordinates that may lie beside a map of the world, and how far off they come back then; metres.
FAR_EAST = 1e6
FAR_NORTH = 8e6
ELSEWHERE = 1e4
# Pixels whose sides differ by less (a share) are square.
SQUARE = 0.01
# Sides of pixels that a raster of the Earth can have, metres: from a tenth of a millimetre, below
# which degrees have no digits, to the way around it.
PIXEL_SIDES = (1e-4, 4.1e7)
NO_SIZE = "its pixels have no size on the ground: its georeference is damaged"


class PixelSize(NamedTuple):
    """Size of a pixel on the ground.

    Attributes:
        across: along a row, metres.
        along: along a column, metres.
    """

    across: float
    along: float

    @property
    def mean(self) -> float:
        """Mean of both sides, metres."""
        return (self.across + self.along) / 2

    @property
    def is_square(self) -> bool:
        """Whether both sides are the same, but for what a projection does to them."""
        return abs(self.across - self.along) < SQUARE * max(self)


@dataclass(frozen=True)
class Place:
    """The georeference of a raster.

    Attributes:
        crs: its coordinate reference system.
        transform: (column, row) → coordinates.
    """

    crs: CRS
    transform: Affine

    @property
    def name(self) -> str:
        """Of its coordinate reference system: the EPSG code, or the WKT of one that has none."""
        with library_call("its coordinate reference system has no name"):
            code = self.crs.to_epsg()
            return f"EPSG:{code}" if code else str(self.crs.to_wkt())

    def footprint(self, column: float, row: float, width: float, height: float) -> BaseGeometry:
        """Outline of a window in WGS84: a polygon, or several where it crosses the 180th meridian.

        Args:
            column: left edge, pixels.
            row: upper edge, pixels.
            width: in pixels.
            height: in pixels.

        Raises:
            OffEarthError: the window's corners have no longitude and latitude.
        """
        box = PixelBox(column, row, column + width, row + height)
        if any(box.passes(pole) for pole in self._poles.values()):
            # An outline through a pole has no longitude there: the window gives way.
            box = box.shrunk(NEAR_A_POLE)
        # Most windows are small: their edges are straight, and four points are enough.
        ring = self.to_wgs84(box.corners)
        if np.ptp(ring, axis=0).max() > STRAIGHT_DEGREES:
            ring = self.to_wgs84(densified(box.corners))
        holds_north, holds_south = (self._holds_pole(box, latitude) for latitude in POLES)
        return geometry_of(ring, holds_north=holds_north, holds_south=holds_south)

    def to_wgs84(self, pixels: Sequence[Point]) -> NDArray[np.float64]:
        """Longitude and latitude (n, 2) of points (column, row).

        Raises:
            OffEarthError: a point has none.
        """
        points = [self.transform @ (float(column), float(row)) for column, row in pixels]
        if self.crs.is_geographic:
            points = [(x, self._within_poles(y)) for x, y in points]
        xs, ys = zip(*points, strict=True)
        try:
            with library_call("its coordinates cannot be turned into longitude and latitude"):
                longitudes, latitudes = rasterio.warp.transform(self.crs, WGS84, xs, ys)
        except DataError as error:
            # Of some projections GDAL says so, of others it gives infinities.
            raise OffEarthError(error.problem) from error
        ring = np.column_stack([longitudes, latitudes])
        # Beyond a pole by a rounding error is at the pole.
        is_on_earth = np.isfinite(ring).all() and (np.abs(ring[:, 1]) <= 90 + 1e-9).all()
        if not is_on_earth or self._comes_back_elsewhere(xs, ys, ring):
            raise OffEarthError(
                "a part of it lies outside of what its coordinate reference system describes"
            )
        return ring

    def _comes_back_elsewhere(
        self, xs: Sequence[float], ys: Sequence[float], ring: NDArray[np.float64]
    ) -> bool:
        """Whether coordinates are of nowhere, though they were given a longitude and latitude.

        Some projections (sinusoidal, Equal Earth) give points beside their map a place on the other
        side of the Earth. Whatever is asked twice costs time, and such points are far out.
        """
        is_near = max(map(abs, xs)) < FAR_EAST and max(map(abs, ys)) < FAR_NORTH
        if is_near or not self._has_a_rim:
            return False
        with library_call("its coordinates cannot be turned into longitude and latitude"):
            back = rasterio.warp.transform(WGS84, self.crs, ring[:, 0], ring[:, 1])
        return not np.allclose([xs, ys], back, rtol=0, atol=ELSEWHERE)

    @cached_property
    def _has_a_rim(self) -> bool:
        """Whether its map ends in the east and west: those whose meridians are upright go round."""
        if self.crs.is_geographic:
            return False
        try:
            with library_call("it has no such meridian"):
                xs, _ = rasterio.warp.transform(WGS84, self.crs, [10.0, 10.0], [0.0, 60.0])
        except DataError:
            return True
        return not abs(xs[0] - xs[1]) < 1

    def _within_poles(self, latitude: float) -> float:
        """A latitude; one that is beyond a pole by less than a pixel is at the pole.

        The outer pixels of world grids have their middles on the poles, and half of them beyond.
        """
        beyond = POLES[0] + abs(self.transform.e) * (1 - 1e-9)
        if abs(latitude) >= beyond:
            return latitude
        return min(max(latitude, -POLES[0]), POLES[0])

    def gsd(self, width: int, height: int) -> float:
        """Ground sample distance, metres per pixel: the mean of both sides of `pixel_size`."""
        return self.pixel_size(width, height).mean

    def pixel_size(self, width: int, height: int) -> PixelSize:
        """How large a pixel is on the ground: in the middle of a raster, or near to it on Earth.

        Args:
            width: of the raster, pixels.
            height: of the raster, pixels.

        Raises:
            OffEarthError: no place in it has a longitude and latitude.
        """
        middle_of_it = (width / 2, height / 2)
        try:
            return self._pixel_size(*middle_of_it)
        except OffEarthError:
            # Space around a full disk of the Earth, or a part of it: the nearest place that is not.
            places = [(x * width, y * height) for x, y in product(MEASURED_AT, repeat=2)]
        *others, last = sorted(places, key=lambda at: math.dist(at, middle_of_it))
        for column, row in others:
            try:
                return self._pixel_size(column, row)
            except OffEarthError:
                continue
        return self._pixel_size(*last)

    def _pixel_size(self, column: float, row: float) -> PixelSize:
        here, right, below = self.to_wgs84([(column, row), (column + 1, row), (column, row + 1)])
        with library_call("the size of its pixels cannot be measured"):
            across = GEOD.inv(*here, *right)[2]
            along = GEOD.inv(*here, *below)[2]
        return PixelSize(float(across), float(along))

    @cached_property
    def _poles(self) -> dict[float, Point]:
        """Column and row of each pole (its latitude) that is one point of the projection."""
        poles = {}
        for latitude in POLES:
            pixel = self._pole(latitude)
            if pixel is not None:
                poles[latitude] = pixel
        return poles

    def _pole(self, latitude: float) -> Point | None:
        if self.crs.is_geographic:
            return None
        try:
            with library_call("it has no such pole"):
                (x, other_x), (y, other_y) = rasterio.warp.transform(
                    WGS84, self.crs, [0.0, 90.0], [latitude, latitude]
                )
        except DataError:  # most projections end before a pole
            return None
        if not np.isfinite([x, y]).all():
            return None
        # Two longitudes must lead to the same place; only projections around a pole do that.
        pixel_size = abs(self.transform.a) + abs(self.transform.b)
        distances = np.abs([other_x - x, other_y - y])
        if not (distances <= pixel_size).all():
            return None
        column, row = ~self.transform @ (x, y)
        return float(column), float(row)

    def _holds_pole(self, box: PixelBox, latitude: float) -> bool:
        pole = self._poles.get(latitude)
        return pole is not None and box.holds(pole)


def find_place(crs: CRS | None, transform: Affine) -> Place | None:
    """The georeference of a raster, or None where it has none or a local one.

    Args:
        crs: of the raster.
        transform: of the raster.

    Raises:
        DataError: it has one that is not of a place on Earth.
    """
    if crs is None or transform.is_identity:
        return None
    check_transform(transform)
    if system_facts(crs).is_local:
        return None
    check_is_on_earth(crs)
    check_is_flat(crs)
    return Place(crs, transform)


def check_side(side: float) -> None:
    """Check that the side of a pixel is one of a raster of the Earth.

    Args:
        side: metres.

    Raises:
        DataError: it is none, or far too short or long.
    """
    least, most = PIXEL_SIDES
    if not side > 0:
        raise DataError(NO_SIZE)
    if not least <= side <= most:
        raise DataError(
            f"its pixels are {side:.3g} m wide or high on the ground; from {least:g} m to"
            f" {most:.3g} m are possible: its georeference is damaged"
        )


def check_transform(transform: Affine) -> None:
    """Check that pixels have a size.

    Raises:
        DataError: they have none.
    """
    if not np.isfinite(transform.determinant) or transform.determinant == 0:
        raise DataError(NO_SIZE)
