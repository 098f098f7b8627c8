"""Where a raster is on Earth: footprints in WGS84 and ground sample distance."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import antimeridian
import numpy as np
import pyproj
import rasterio.warp
import shapely
from affine import Affine
from pyproj.exceptions import CRSError
from rasterio._err import CPLE_BaseError  # what warp.transform raises; it has no public name
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError
from harma.ground.messages import first_line

# Longitude first, whatever a library's opinion on EPSG:4326 is.
WGS84 = "OGC:CRS84"
# Radii of Earth's ellipsoids lie within; those of other bodies do not.
EARTH_RADIUS = (6.3e6, 6.4e6)
# Edges of windows wider than this (degrees) are bent by the projection: they get points between the
# corners.
STRAIGHT, POINTS_PER_EDGE = 0.5, 16
FAILED = (RasterioError, CPLE_BaseError, ValueError)
GEOD = pyproj.Geod(ellps="WGS84")


@dataclass(frozen=True)
class Place:
    """The georeference of a raster.

    Attributes:
        crs: its coordinate reference system.
        transform: (column, row) → coordinates.
    """

    crs: CRS
    transform: Affine

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
        left, upper, right, lower = column, row, column + width, row + height
        if any(self._touches((left, upper, right, lower), pole) for pole in self._poles.values()):
            # An outline through a pole has no longitude there: the window gives way by a hundredth
            # of a pixel.
            left, upper, right, lower = left + 0.01, upper + 0.01, right - 0.01, lower - 0.01
        corners = [(left, upper), (right, upper), (right, lower), (left, lower)]
        ring = self.to_wgs84(corners)
        if np.ptp(ring[:, 0]) > STRAIGHT or np.ptp(ring[:, 1]) > STRAIGHT:
            ring = self.to_wgs84(_densified(corners))
        north, south = (self._holds_pole(corners, latitude) for latitude in (90.0, -90.0))
        return _fixed(ring, north, south)

    def to_wgs84(self, pixels: Any) -> np.ndarray[Any, Any]:
        """Longitude and latitude (n, 2) of points (column, row).

        Raises:
            DataError: a point has none.
        """
        points = [self.transform @ (float(column), float(row)) for column, row in pixels]
        try:
            longitude, latitude = rasterio.warp.transform(
                self.crs, WGS84, *zip(*points, strict=True)
            )
        except FAILED as error:
            raise DataError(
                f"its coordinates cannot be turned into longitude and latitude: {first_line(error)}"
            ) from error
        ring = np.column_stack([longitude, latitude])
        if not np.isfinite(ring).all() or (np.abs(ring[:, 1]) > 90 + 1e-9).any():
            raise DataError(
                "a part of it lies outside of what its coordinate reference system describes"
            )
        return ring

    def gsd(self, width: int, height: int) -> float:
        """Ground sample distance in the middle of a raster: metres per pixel, the mean of both directions."""
        column, row = width / 2, height / 2
        (lon, lat), (right_lon, right_lat), (low_lon, low_lat) = self.to_wgs84(
            [(column, row), (column + 1, row), (column, row + 1)]
        )
        across = GEOD.inv(lon, lat, right_lon, right_lat)[2]
        along = GEOD.inv(lon, lat, low_lon, low_lat)[2]
        return float(across + along) / 2

    @cached_property
    def _poles(self) -> dict[float, tuple[float, float]]:
        """Column and row of each pole (its latitude) that is one point of the projection."""
        found = {latitude: self._pole(latitude) for latitude in (90.0, -90.0)}
        return {latitude: pixel for latitude, pixel in found.items() if pixel is not None}

    def _pole(self, latitude: float) -> tuple[float, float] | None:
        if self.crs.is_geographic:
            return None
        try:
            # Two longitudes must lead to the same place; only projections around a pole do that.
            (x, other_x), (y, other_y) = rasterio.warp.transform(
                WGS84, self.crs, [0.0, 90.0], [latitude, latitude]
            )
        except FAILED:
            return None
        scale = abs(self.transform.a) + abs(self.transform.b)
        if not np.isfinite([x, y]).all() or not (
            abs(other_x - x) <= scale and abs(other_y - y) <= scale
        ):
            return None
        column, row = ~self.transform @ (x, y)
        return float(column), float(row)

    @staticmethod
    def _touches(box: tuple[float, float, float, float], pole: tuple[float, float]) -> bool:
        """Whether a pole (column, row) lies on the outline of a window, or nearer than a hundredth of a pixel."""
        (left, upper, right, lower), (column, row) = box, pole
        near = 0.01
        beside = left - near <= column <= right + near and upper - near <= row <= lower + near
        inside = left + near < column < right - near and upper + near < row < lower - near
        return beside and not inside

    def _holds_pole(self, corners: list[tuple[float, float]], latitude: float) -> bool:
        """Whether a window contains a pole."""
        if latitude not in self._poles:
            return False
        (left, upper), (right, lower) = corners[0], corners[2]
        column, row = self._poles[latitude]
        return left <= column <= right and upper <= row <= lower


def find_place(crs: CRS | None, transform: Affine, gcps: Any = None) -> Place | None:
    """The georeference of an opened raster, or None where it has none.

    Args:
        crs: of the raster.
        transform: of the raster.
        gcps: ground control points and their CRS, as rasterio gives them.

    Raises:
        DataError: it has one that is not of a place on Earth.
    """
    points, points_crs = gcps or ((), None)
    if crs is None and points and points_crs is not None:
        crs, transform = points_crs, rasterio.transform.from_gcps(points)
    if crs is None or transform.is_identity:
        return None
    try:
        described = pyproj.CRS.from_wkt(crs.to_wkt())
    except CRSError as error:
        raise DataError(
            f"its coordinate reference system is not understood: {first_line(error)}"
        ) from error
    ellipsoid = described.ellipsoid
    if ellipsoid is None:
        raise DataError(
            f"its coordinate reference system ({described.name}) is a local one without a place on"
            " Earth"
        )
    if not EARTH_RADIUS[0] < ellipsoid.semi_major_metre < EARTH_RADIUS[1]:
        raise DataError(
            f"its coordinate reference system ({described.name}) is not of the Earth: the body's"
            f" radius is {ellipsoid.semi_major_metre / 1000:,.0f} km. It has no WGS84 footprint"
        )
    return Place(crs, transform)


def middle(geometry: BaseGeometry) -> tuple[float, float]:
    """Longitude and latitude of the middle of a footprint, which may cross the 180th meridian."""
    west, _, east, _ = geometry.bounds
    if geometry.geom_type == "MultiPolygon" and east - west > 180:
        # Its parts lie at both ends of the map: the western ones are moved to the other side.
        geometry = shapely.transform(
            geometry, lambda points: points + np.where(points < [0, -90], [360, 0], 0)
        )
    centre = geometry.centroid
    return (centre.x - 360 if centre.x > 180 else centre.x), centre.y


def _densified(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    steps = np.linspace(0, 1, POINTS_PER_EDGE, endpoint=False)
    pairs = zip(corners, corners[1:] + corners[:1], strict=True)
    return [
        (float(x + t * (next_x - x)), float(y + t * (next_y - y)))
        for (x, y), (next_x, next_y) in pairs
        for t in steps
    ]


def _fixed(ring: np.ndarray[Any, Any], north: bool, south: bool) -> BaseGeometry:
    """A valid geometry of a ring that may cross the 180th meridian or hold a pole."""
    polygon = Polygon(ring)
    crosses = bool((np.abs(np.diff(ring[:, 0], append=ring[:1, 0])) > 180).any()) or bool(
        (np.abs(ring[:, 0]) > 180).any()
    )
    if not (crosses or north or south):
        return polygon if polygon.is_valid else shapely.make_valid(polygon)
    try:
        fixed: Polygon | MultiPolygon = antimeridian.fix_polygon(
            polygon, force_north_pole=north, force_south_pole=south, fix_winding=True
        )
    except ValueError as error:
        raise DataError(
            f"its outline across the 180th meridian or a pole cannot be drawn ({first_line(error)})"
        ) from error
    return fixed if fixed.is_valid else shapely.make_valid(fixed)
