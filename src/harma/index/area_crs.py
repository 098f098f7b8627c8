"""Areas in a coordinate reference system of their own, to longitudes and latitudes (WGS84)."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from harma.errors import QueryError
from harma.scenes.edge import library_call
from harma.scenes.outline import geometry_of
from harma.scenes.place import POLES, WGS84
from harma.scenes.systems import EARTH_RADIUS

# As GeoJSON and PostGIS name systems. Nothing else is handed to PROJ, which also takes names of
# files: urn:ogc:def:crs:EPSG::25832, http://www.opengis.net/def/crs/OGC/1.3/CRS84, EPSG:25832.
NAME = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|https?://www\.opengis\.net/def/crs/)?"
    r"(?P<authority>EPSG|OGC|ESRI|IGNF)[:/](?:[\w.]*[:/])?(?P<code>\w+)",
    re.IGNORECASE,
)
SAME_AS_WGS84 = (WGS84, "EPSG:4326")
# Edges that are straight in their own system are bent in longitudes and latitudes: so many points
# along the longest side keep them.
POINTS_ALONG = 100


def crs_of_member(member: object) -> pyproj.CRS | None:
    """What `crs` of an old GeoJSON (2008) names; None: longitudes and latitudes.

    Raises:
        QueryError: it is a link, or of a system that is not known.
    """
    if member is None:
        return None
    kind = member.get("type") if isinstance(member, Mapping) else None
    properties = member.get("properties") if isinstance(member, Mapping) else None
    if not isinstance(properties, Mapping):
        raise QueryError(f"the polygon has the crs {member!r}, which names none; {_ALLOWED}")
    # Before 2008 the type was the authority.
    if str(kind).upper() == "EPSG":
        return named_crs(f"EPSG:{properties.get('code')}")
    if kind != "name":
        raise QueryError(f"the polygon has a crs of type {kind!r}, which is not read; {_ALLOWED}")
    return named_crs(str(properties.get("name")))


_ALLOWED = "name one such as urn:ogc:def:crs:EPSG::25832, or give longitudes and latitudes (WGS84)"


def named_crs(name: str) -> pyproj.CRS | None:
    """The system of a name; None: longitudes and latitudes.

    Raises:
        QueryError: it is not known.
    """
    matched = NAME.fullmatch(name.strip())
    if matched is None:
        raise QueryError(f"the polygon has the crs {name!r}, which is not known; {_ALLOWED}")
    try:
        return unless_wgs84(pyproj.CRS.from_authority(matched["authority"], matched["code"]))
    except CRSError as error:
        raise QueryError(
            f"the polygon has the crs {name!r}, which is not known; {_ALLOWED}"
        ) from error


def unless_wgs84(crs: pyproj.CRS) -> pyproj.CRS | None:
    """A system, or None where its coordinates are longitudes and latitudes in WGS84.

    Raises:
        QueryError: it has no place on Earth.
    """
    if any(crs.equals(pyproj.CRS(same), ignore_axis_order=True) for same in SAME_AS_WGS84):
        return None
    ellipsoid = crs.ellipsoid
    # Coordinates on Mars or the Moon would come out as places on Earth, without any sign of it.
    if ellipsoid is None or not EARTH_RADIUS[0] < ellipsoid.semi_major_metre < EARTH_RADIUS[1]:
        raise QueryError(f"the polygon has the crs {crs.name}, which has no place on Earth")
    return crs


def to_wgs84(geometry: BaseGeometry, crs: pyproj.CRS) -> BaseGeometry:
    """A valid polygon, or several, of a system as one in longitudes and latitudes.

    What crosses the 180th meridian or holds a pole is cut there.

    Raises:
        QueryError: it does not lie where the system has places on Earth.
        DataError: no outline can be drawn.
    """
    west, south, east, north = geometry.bounds
    longest = max(east - west, north - south)
    with library_call("its coordinate reference system cannot be used"):
        # Longitude first, whatever the system's authority says: files have it so.
        transformer = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
        bent = shapely.segmentize(geometry, longest / POINTS_ALONG)
    polygons = [_polygon(polygon, transformer) for polygon in shapely.get_parts(bent)]
    return shapely.union_all(polygons)


def _polygon(polygon: Polygon, transformer: pyproj.Transformer) -> BaseGeometry:
    shell = _outlined(polygon.exterior.coords, transformer)
    for hole in polygon.interiors:
        shell = shell.difference(_outlined(hole.coords, transformer))
    return shell


def _outlined(corners: Any, transformer: pyproj.Transformer) -> BaseGeometry:
    """The area inside of a ring."""
    ring = np.asarray(corners, dtype=np.float64)[:-1]
    with library_call("its coordinates cannot be turned into longitudes and latitudes"):
        places: NDArray[Any] = np.column_stack(transformer.transform(*ring.T))
    if not np.isfinite(places).all():
        x, y = ring[~np.isfinite(places).all(axis=1)][0]
        raise QueryError(
            f"the polygon has a corner at {x:g}, {y:g}, which is no place in its coordinate"
            " reference system"
        )
    inside = Polygon(ring)
    holds_north, holds_south = [_holds_pole(inside, transformer, pole) for pole in POLES]
    return geometry_of(places, holds_north=holds_north, holds_south=holds_south)


def _holds_pole(ring: Polygon, transformer: pyproj.Transformer, latitude: float) -> bool:
    x, y = transformer.transform(0.0, latitude, direction="INVERSE")
    # Of degrees a pole is an edge, not a point.
    is_degrees = transformer.source_crs is not None and transformer.source_crs.is_geographic
    return not is_degrees and bool(np.isfinite([x, y]).all()) and ring.contains(shapely.Point(x, y))
