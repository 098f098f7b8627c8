"""Where a raster is on Earth: georeference, footprints in WGS84, ground sample distance (GSD)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyproj
import rasterio.transform
import rasterio.warp
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError
from harma.scenes.edge import library_call
from harma.scenes.outline import NEAR_A_POLE, PixelBox, Point, densified, geometry_of

# Longitude first, whatever a library's opinion on EPSG:4326 is.
WGS84 = "OGC:CRS84"
# Radii of Earth's ellipsoids lie within; those of other bodies do not.
EARTH_RADIUS = (6.3e6, 6.4e6)
# Edges of windows that span more degrees are bent by the projection.
STRAIGHT_DEGREES = 0.5
POLES = (90.0, -90.0)
GEOD = pyproj.Geod(ellps="WGS84")

# A typed name of a function that rasterio does not type.
_from_gcps: Callable[[Sequence[GroundControlPoint]], Affine] = rasterio.transform.from_gcps


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
            DataError: the window's corners have no longitude and latitude.
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
            DataError: a point has none.
        """
        points = [self.transform @ (float(column), float(row)) for column, row in pixels]
        xs, ys = zip(*points, strict=True)
        with library_call("its coordinates cannot be turned into longitude and latitude"):
            longitudes, latitudes = rasterio.warp.transform(self.crs, WGS84, xs, ys)
        ring = np.column_stack([longitudes, latitudes])
        # Beyond a pole by a rounding error is at the pole.
        is_on_earth = np.isfinite(ring).all() and (np.abs(ring[:, 1]) <= 90 + 1e-9).all()
        if not is_on_earth:
            raise DataError(
                "a part of it lies outside of what its coordinate reference system describes"
            )
        return ring

    def gsd(self, width: int, height: int) -> float:
        """Ground sample distance in the middle of a raster, metres per pixel.

        It is the mean of both directions.

        Args:
            width: of the raster, pixels.
            height: of the raster, pixels.

        Raises:
            DataError: the middle has no longitude and latitude.
        """
        column = width / 2
        row = height / 2
        here, right, below = self.to_wgs84([(column, row), (column + 1, row), (column, row + 1)])
        with library_call("the size of its pixels cannot be measured"):
            across = GEOD.inv(*here, *right)[2]
            along = GEOD.inv(*here, *below)[2]
        return float(across + along) / 2

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


def find_place(
    crs: CRS | None,
    transform: Affine,
    gcps: tuple[Sequence[GroundControlPoint], CRS | None] = ((), None),
) -> Place | None:
    """The georeference of an opened raster, or None where it has none.

    Args:
        crs: of the raster.
        transform: of the raster.
        gcps: ground control points and their CRS, as rasterio gives them.

    Raises:
        DataError: it has one that is not of a place on Earth.
    """
    points, points_crs = gcps
    if crs is None and points and points_crs is not None:
        crs = points_crs
        transform = _fitted(points)
    if crs is None or transform.is_identity:
        return None
    if not np.isfinite(transform.determinant) or transform.determinant == 0:
        raise DataError("its pixels have no size on the ground: its georeference is damaged")
    _check_is_on_earth(crs)
    return Place(crs, transform)


def middle(geometry: BaseGeometry) -> Point:
    """Longitude and latitude of the middle of a footprint, which may cross the 180th meridian."""
    west, _, east, _ = geometry.bounds
    if geometry.geom_type == "MultiPolygon" and east - west > 180:
        # Its parts lie at both ends of the map: the western ones are moved to the other side.
        geometry = shapely.transform(geometry, _moved_east)
    centre = geometry.centroid
    longitude = centre.x
    if longitude > 180:
        longitude -= 360
    return longitude, centre.y


def _fitted(points: Sequence[GroundControlPoint]) -> Affine:
    """The transform that fits ground control points best.

    Raises:
        DataError: they determine none.
    """
    pixels = np.array([(point.col, point.row) for point in points], dtype=np.float64)
    coordinates = np.array([(point.x, point.y) for point in points], dtype=np.float64)
    # Of points in a line rasterio makes a transform of whatever is in memory.
    if not (_span_a_plane(pixels) and _span_a_plane(coordinates)):
        raise DataError(
            f"its {len(points)} ground control points determine no place: they lie in a line"
        )
    with library_call("its ground control points cannot be used"):
        return _from_gcps(points)


def _span_a_plane(points: NDArray[np.float64]) -> bool:
    if not np.isfinite(points).all():
        return False
    if len(points) == 2:  # GDAL takes them for corners of an upright rectangle
        return bool((np.ptp(points, axis=0) > 0).all())
    return bool(np.linalg.matrix_rank(points - points.mean(axis=0)) == 2)


def _check_is_on_earth(crs: CRS) -> None:
    """Check that a coordinate reference system is of the whole Earth.

    Raises:
        DataError: it is not.
    """
    with library_call("its coordinate reference system is not understood"):
        described = pyproj.CRS.from_wkt(crs.to_wkt())
        ellipsoid = described.ellipsoid
    if ellipsoid is None:
        raise DataError(
            f"its coordinate reference system ({described.name}) is a local one without a place on"
            " Earth"
        )
    least, most = EARTH_RADIUS
    if not least < ellipsoid.semi_major_metre < most:
        raise DataError(
            f"its coordinate reference system ({described.name}) is not of the Earth: the body's"
            f" radius is {ellipsoid.semi_major_metre / 1000:,.0f} km. It has no WGS84 footprint"
        )


def _moved_east(points: NDArray[Any]) -> NDArray[Any]:
    west = points[:, 0] < 0
    return np.column_stack([points[:, 0] + np.where(west, 360, 0), points[:, 1]])
