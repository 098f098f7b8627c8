"""Footprints of other programs, of any coordinate reference system, to valid ones in WGS84."""

from collections.abc import Callable, Mapping
from typing import Any

import antimeridian
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError
from harma.scenes.place import WGS84
from harma.scenes.systems import EARTH_RADIUS

Footprints = NDArray[Any]
# Same coordinates as WGS84, but for the order, which GeoParquet fixes.
SAME_AS_WGS84 = (WGS84, "EPSG:4326")


def to_wgs84(described: Mapping[str, Any], where: str) -> Callable[[Footprints], Footprints]:
    """How geometries of a file become longitudes and latitudes.

    Args:
        described: of the geometry column, in the `geo` metadata; without a `crs` it is WGS84.
        where: the file, for messages.

    Returns:
        A function of geometries (n,), None where a row has none.

    Raises:
        DataError: the coordinate reference system is unknown, or not of the Earth.
    """
    if "crs" not in described:
        return _flat
    text = described["crs"]
    if text is None:
        raise DataError(
            f"{where}: its coordinate reference system is unknown (crs is null); state it (set_crs)"
            " first"
        )
    crs = _crs(text, where)
    if any(crs.equals(pyproj.CRS(same), ignore_axis_order=True) for same in SAME_AS_WGS84):
        return _flat
    ellipsoid = crs.ellipsoid
    # Coordinates on Mars or the Moon would come out as places on Earth, without any sign of it.
    if ellipsoid is None or not EARTH_RADIUS[0] < ellipsoid.semi_major_metre < EARTH_RADIUS[1]:
        raise DataError(
            f"{where}: its coordinate reference system ({crs.name}) has no place on Earth"
        )
    # Longitude first, whatever the system's authority says: GeoParquet fixes the order.
    transformer = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)

    def transform(footprints: Footprints) -> Footprints:
        turned = shapely.transform(
            footprints, lambda points: np.column_stack(transformer.transform(*points.T))
        )
        return np.array([_split(footprint) for footprint in turned], dtype=object)

    return transform


def _crs(text: object, where: str) -> pyproj.CRS:
    """A coordinate reference system of PROJJSON, or of what else files hold."""
    try:
        if isinstance(text, dict):
            return pyproj.CRS.from_json_dict(text)
        return pyproj.CRS.from_user_input(text)
    except CRSError as error:
        raise DataError(
            f"{where}: its coordinate reference system is not understood ({error})"
        ) from error


def _flat(footprints: Footprints) -> Footprints:
    """Footprints without heights."""
    return np.asarray(shapely.force_2d(footprints))


def _split(footprint: BaseGeometry | None) -> BaseGeometry | None:
    """Cut at the 180th meridian what a transformation tore apart there."""
    # Written so that the bounds of an empty one, which are NaN, pass.
    if footprint is None or not footprint.bounds[2] - footprint.bounds[0] > 180:
        return footprint
    if footprint.geom_type == "Polygon":
        return antimeridian.fix_polygon(footprint)
    if footprint.geom_type == "MultiPolygon":
        return antimeridian.fix_multi_polygon(footprint)
    return footprint


def checked(footprints: Footprints, start: int, where: str) -> Footprints:
    """Footprints (n,), empty ones as None.

    Args:
        footprints: in WGS84.
        start: number of the first row, for messages.
        where: the file, for messages.

    Raises:
        DataError: one is not valid, or lies outside of longitudes and latitudes.
    """
    # Empty ones are replaced below, in an array that is the caller's.
    footprints = footprints.copy()
    footprints[shapely.is_empty(footprints)] = None
    there = ~shapely.is_missing(footprints)
    bounds = shapely.bounds(footprints)
    # Bounds of what is missing are NaN.
    with np.errstate(invalid="ignore"):
        inside = (bounds >= (-180, -90, -180, -90)) & (bounds <= (180, 90, 180, 90))
    outside = there & ~inside.all(axis=1)
    if outside.any():
        row = int(np.argmax(outside))
        raise DataError(
            f"{where}, row {start + row}: the geometry reaches from {bounds[row, :2].tolist()} to"
            f" {bounds[row, 2:].tolist()}; longitudes go from -180 to 180, latitudes from -90 to"
            " 90. Correct the coordinates, or the file's coordinate reference system"
        )
    broken = there & ~shapely.is_valid(footprints)
    if broken.any():
        row = int(np.argmax(broken))
        reason = shapely.is_valid_reason(footprints[row])
        raise DataError(
            f"{where}, row {start + row}: the geometry is not valid ({reason}); repair it"
            " (make_valid)"
        )
    return footprints
