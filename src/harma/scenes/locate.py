"""Finding a raster's place: by its transform, control points (GCPs) or coefficients (RPCs)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC

from harma.scenes.control_points import fit_points, make_point, unwrapped
from harma.scenes.edge import library_call
from harma.scenes.mapping import AffineMapping, Mapping, ReprojectedMapping
from harma.scenes.place import (
    PIXEL_SIDES,
    PixelSize,
    Place,
    check_side,
    check_transform,
    find_place,
)
from harma.scenes.rational import fit_coefficients
from harma.scenes.systems import local_unit, projection_between, system_facts
from harma.scenes.unplaced import LOCAL, NO_CRS
from harma.scenes.upright import Grid, is_upright, upright_grid

# Nearer to a pole than this longitudes run together: places are found in a projection around it.
POLAR_DEGREES = 78.0
POLAR_CRS = {1: "EPSG:3995", -1: "EPSG:3031"}


class Georeference(NamedTuple):
    """What a raster says of its place.

    Attributes:
        width: pixels.
        height: pixels.
        crs: of the transform, or None.
        transform: (column, row) → coordinates; the identity where there is none.
        points: ground control points.
        points_crs: of the points, or None.
        coefficients: rational polynomial coefficients, or None.
    """

    width: int
    height: int
    crs: CRS | None
    transform: Affine
    points: Sequence[GroundControlPoint] = ()
    points_crs: CRS | None = None
    coefficients: RPC | None = None

    @property
    def needs_crs(self) -> bool:
        """Whether its coordinates name no reference system."""
        if not self.transform.is_identity:
            return self.crs is None
        return bool(self.points) and self.points_crs is None


@dataclass(frozen=True)
class Location:
    """Where a raster is, and which pixels show it north up.

    Attributes:
        place: of the pixels that are shown; None without a place.
        width: of what is shown, pixels.
        height: of what is shown.
        placed_by: what places it; "" where it is the raster's own transform.
        mapping: from the raster's own pixels, where these are not shown as they are.
        gsd: metres per pixel, if known.
        pixel_size: on the ground; None without a place.
    """

    place: Place | None
    width: int
    height: int
    placed_by: str = ""
    mapping: Mapping | None = None
    gsd: float | None = None
    pixel_size: PixelSize | None = None

    @property
    def crs_name(self) -> str:
        """Of its coordinate reference system, or ""."""
        return "" if self.place is None else self.place.name

    @property
    def grid(self) -> Grid:
        """The grid that is shown."""
        assert self.place is not None
        return Grid(self.place.transform, self.width, self.height)


def locate(given: Georeference, *, crs: CRS | None = None, height: float | None = None) -> Location:
    """Find the place of a raster.

    Args:
        given: what the raster says.
        crs: of coordinates that name none.
        height: of the ground above the ellipsoid, metres, for rational polynomial coefficients.

    Raises:
        DataError: its georeference is damaged, or not of the Earth.
    """
    if not given.transform.is_identity:
        return _by_transform(given, given.crs or crs)
    if given.coefficients is not None:
        return _by_coefficients(given, given.coefficients, height)
    if given.points:
        return _by_points(given, given.points_crs or crs)
    return Location(None, given.width, given.height)


def _by_transform(given: Georeference, crs: CRS | None) -> Location:
    if crs is None:
        return Location(None, given.width, given.height, NO_CRS)
    check_transform(given.transform)
    if system_facts(crs).is_local:
        gsd = _local_gsd(crs, given.transform)
        return Location(None, given.width, given.height, LOCAL, gsd=gsd)
    placed_by = ""
    if given.crs is None:
        placed_by = f"a stated reference system, {Place(crs, given.transform).name}"
    return _shown(given, crs, AffineMapping(given.transform), placed_by)


def _local_gsd(crs: CRS, transform: Affine) -> float | None:
    """Metres per pixel by the unit of a local system; None where that is no length."""
    unit = local_unit(crs)
    if unit is None:
        return None
    across = float(np.hypot(transform.a, transform.d))
    along = float(np.hypot(transform.b, transform.e))
    # Of a site nobody checks the size: one that cannot be is as good as none.
    gsd = unit * (across + along) / 2
    return gsd if PIXEL_SIDES[0] <= gsd <= PIXEL_SIDES[1] else None


def _by_points(given: Georeference, crs: CRS | None) -> Location:
    if crs is None:
        return Location(None, given.width, given.height, NO_CRS)
    if system_facts(crs).is_local:
        return Location(None, given.width, given.height, LOCAL)
    points = list(given.points)
    if crs.is_geographic:
        points = unwrapped(points)
        latitude = float(np.median([point.y for point in points]))
        polar = _polar_crs(latitude)
        if polar is not None:
            points = _projected(points, crs, polar)
            crs = polar
    fit = fit_points(points)
    return _shown(given, crs, fit.mapping, fit.said)


def _by_coefficients(given: Georeference, coefficients: RPC, height: float | None) -> Location:
    fit = fit_coefficients(coefficients, height)
    mapping = fit.mapping
    crs = CRS.from_epsg(4326)
    polar = _polar_crs(coefficients.lat_off)
    if polar is not None:
        mapping = ReprojectedMapping(mapping, projection_between(crs, polar))
        crs = polar
    return _shown(given, crs, mapping, fit.said)


def _shown(given: Georeference, crs: CRS, mapping: Mapping, placed_by: str) -> Location:
    """A raster of this mapping: as it is, or on a grid that is north up."""
    width = given.width
    height = given.height
    if isinstance(mapping, AffineMapping) and is_upright(mapping.transform, width, height):
        grid = Grid(mapping.transform, width, height)
        how: Mapping | None = None
    else:
        grid = upright_grid(mapping, width, height, is_in_degrees=crs.is_geographic)
        how = mapping
    place = find_place(crs, grid.transform)
    assert place is not None
    # A raster of which no part lies on the Earth is refused.
    size = place.pixel_size(grid.width, grid.height)
    for side in size:
        check_side(side)
    return Location(place, grid.width, grid.height, placed_by, how, size.mean, size)


def _polar_crs(latitude: float) -> CRS | None:
    """The projection around the pole that a latitude is near to, or None."""
    if not abs(latitude) > POLAR_DEGREES:
        return None
    return CRS.from_user_input(POLAR_CRS[1 if latitude > 0 else -1])


def _projected(
    points: Sequence[GroundControlPoint], crs: CRS, other: CRS
) -> list[GroundControlPoint]:
    projection = projection_between(crs, other)
    with library_call("its ground control points cannot be projected"):
        xs, ys = projection.transform([point.x for point in points], [point.y for point in points])
    return [
        make_point(point.row, point.col, x, y, point.z)
        for point, x, y in zip(points, xs, ys, strict=True)
    ]
