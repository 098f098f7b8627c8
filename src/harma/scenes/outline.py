"""Outlines across the dateline (the 180th meridian) and over a pole, as valid geometries."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import antimeridian
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from harma.scenes.edge import library_call

# An outline that passes a pole nearer than this (pixels) passes through it.
NEAR_A_POLE = 0.01
POINTS_PER_EDGE = 16

Point = tuple[float, float]

# Typed names of functions that shapely does not type.
_polygon: Callable[[NDArray[Any]], Polygon] = Polygon
_make_valid: Callable[[BaseGeometry], BaseGeometry] = shapely.make_valid


class PixelBox(NamedTuple):
    """A window in the pixels of a raster, which may be parts of pixels."""

    left: float
    upper: float
    right: float
    lower: float

    @property
    def corners(self) -> list[Point]:
        """(column, row) of the corners, clockwise from the upper left."""
        return [
            (self.left, self.upper),
            (self.right, self.upper),
            (self.right, self.lower),
            (self.left, self.lower),
        ]

    def shrunk(self, by: float) -> "PixelBox":
        """The box without a rim; a negative width makes it larger."""
        return PixelBox(self.left + by, self.upper + by, self.right - by, self.lower - by)

    def holds(self, point: Point) -> bool:
        """Whether (column, row) lies in the box or on its outline."""
        column, row = point
        return self.left <= column <= self.right and self.upper <= row <= self.lower

    def passes(self, point: Point) -> bool:
        """Whether (column, row) lies on the outline, or nearer to it than `NEAR_A_POLE`."""
        column, row = point
        inner = self.shrunk(NEAR_A_POLE)
        is_inside = inner.left < column < inner.right and inner.upper < row < inner.lower
        return self.shrunk(-NEAR_A_POLE).holds(point) and not is_inside


def densified(corners: Sequence[Point]) -> list[Point]:
    """The corners of a ring, with points on its edges between them: projections bend these."""
    shares = np.linspace(0, 1, POINTS_PER_EDGE, endpoint=False)
    following = [*corners[1:], corners[0]]
    points: list[Point] = []
    for (x, y), (next_x, next_y) in zip(corners, following, strict=True):
        for share in shares:
            points.append((float(x + share * (next_x - x)), float(y + share * (next_y - y))))
    return points


def geometry_of(ring: NDArray[Any], *, holds_north: bool, holds_south: bool) -> BaseGeometry:
    """The geometry that a ring outlines.

    Args:
        ring: longitudes and latitudes (n, 2), degrees.
        holds_north: the north pole lies inside.
        holds_south: the south pole lies inside.

    Returns:
        A valid polygon, or several where it crosses the 180th meridian.

    Raises:
        DataError: no geometry can be made of it.
    """
    with library_call("its outline across the 180th meridian or a pole cannot be drawn"):
        polygon = _polygon(ring)
        if not (_crosses_dateline(ring) or holds_north or holds_south):
            return _valid(polygon)
        fixed: Polygon | MultiPolygon = antimeridian.fix_polygon(
            polygon,
            force_north_pole=holds_north,
            force_south_pole=holds_south,
            fix_winding=True,
        )
        return _valid(fixed)


def _crosses_dateline(ring: NDArray[Any]) -> bool:
    longitudes = ring[:, 0]
    # From 179 to -179 is a step of 358 degrees; some projections count on to 181.
    steps = np.abs(np.diff(longitudes, append=longitudes[:1]))
    return bool((steps > 180).any() or (np.abs(longitudes) > 180).any())


def _valid(geometry: BaseGeometry) -> BaseGeometry:
    return geometry if geometry.is_valid else _make_valid(geometry)
