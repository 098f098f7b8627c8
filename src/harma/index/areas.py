"""Areas to search in: a bbox, a polygon (GeoJSON, WKT, a file) or a circle, as one in WGS84."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import antimeridian
import numpy as np
import pyproj
import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, box
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError, QueryError
from harma.index.ask import Where

GEOD = pyproj.Geod(ellps="WGS84")
# Corners of a circle on the ground.
CIRCLE_POINTS = 128
ANYWHERE = 20_000.0  # km: half around the Earth

Area: TypeAlias = "str | Path | Mapping[str, Any] | BaseGeometry"


def area_of(where: Where) -> BaseGeometry | None:
    """What all areas of a declaration have in common; None where none is given.

    Raises:
        QueryError: one of them is not usable.
    """
    area: BaseGeometry | None = None
    for part in _areas(where):
        area = part if area is None else area.intersection(part)
    if where.within and area is None:
        raise QueryError("within needs an area: give bbox, polygon or near with radius_km")
    return area


def _areas(where: Where) -> Iterator[BaseGeometry]:
    if where.bbox is not None:
        yield _box(where.bbox)
    if where.polygon is not None:
        yield _polygon(where.polygon)
    if where.near is not None:
        yield _circle(where.near, where.radius_km)
    elif where.radius_km is not None:
        raise QueryError("a radius needs a point: give near as longitude, latitude")


def _box(bbox: Sequence[float]) -> BaseGeometry:
    if len(bbox) != 4 or not all(math.isfinite(value) for value in bbox):
        raise QueryError(f"bbox is {list(bbox)}; give west, south, east, north in degrees")
    west, south, east, north = (float(value) for value in bbox)
    has_longitudes = -180 <= west <= 180 and -180 <= east <= 180
    if not has_longitudes or not -90 <= south <= north <= 90:
        raise QueryError(
            f"bbox is {west:g},{south:g},{east:g},{north:g}; give west,south,east,north with"
            " longitudes from -180 to 180 and latitudes from -90 to 90, the south first"
        )
    if west > east:
        return MultiPolygon([box(west, south, 180, north), box(-180, south, east, north)])
    return box(west, south, east, north)


# -- polygons -------------------------------------------------------------------------------------


def _polygon(polygon: Area) -> BaseGeometry:
    try:
        geometry = _geometry(polygon)
    except DataError as error:
        raise QueryError(f"the polygon cannot be used: {error.problem}") from error
    _check_polygon(geometry)
    west, _, east, _ = geometry.bounds
    if west >= -180 and east <= 180:
        return geometry
    # Edges are straight in degrees, as those of a box: what lies beyond ±180 comes in on the
    # other side.
    world = box(-180, -90, 180, 90)
    turns = [translate(geometry, by).intersection(world) for by in (-360, 0, 360)]
    return shapely.union_all(turns)


def _geometry(polygon: Area) -> BaseGeometry:
    """What is given, as one geometry in longitudes and latitudes."""
    if isinstance(polygon, BaseGeometry):
        return shapely.force_2d(polygon)
    # Late: what else can be a polygon takes GDAL, and boxes and circles do not.
    from harma.index.area_files import area_of_frame, read_area
    from harma.index.area_texts import area_of_geojson, area_of_text, is_area_text

    if isinstance(polygon, Mapping):
        return area_of_geojson(polygon)
    if isinstance(polygon, str) and is_area_text(polygon):
        return area_of_text(polygon)
    if isinstance(polygon, str | Path):
        return read_area(polygon)
    # A GeoSeries or GeoDataFrame, which knows its coordinate reference system.
    if hasattr(polygon, "to_crs"):
        return area_of_frame(polygon)
    if hasattr(polygon, "__geo_interface__"):
        return area_of_geojson(polygon.__geo_interface__)
    raise QueryError(f"the polygon is {polygon!r}; give GeoJSON, WKT, a file or a geometry")


def _check_polygon(geometry: BaseGeometry) -> None:
    """Check that a geometry is a polygon on the Earth."""
    if geometry.is_empty:
        what = f"an empty {geometry.geom_type}"
        raise QueryError(f"the polygon is {what}; give a Polygon or MultiPolygon")
    if geometry.geom_type not in ("Polygon", "MultiPolygon"):
        raise QueryError(f"the polygon is a {geometry.geom_type}; give a Polygon or MultiPolygon")
    if not geometry.is_valid:
        raise QueryError(f"the polygon is not valid: {shapely.is_valid_reason(geometry)}")
    west, south, east, north = geometry.bounds
    # Once around the Earth on each side: polygons across the 180th meridian are drawn so.
    if south < -90 or north > 90 or west < -360 or east > 360:
        raise QueryError(
            f"the polygon reaches from {west:g},{south:g} to {east:g},{north:g}; give longitudes"
            " and latitudes (WGS84)"
        )


# -- circles --------------------------------------------------------------------------------------


def _circle(near: Sequence[float], radius_km: float | None) -> BaseGeometry:
    """A circle on the ground, as a polygon that holds it to a thousandth of its radius."""
    if len(near) != 2 or not (-180 <= near[0] <= 180 and -90 <= near[1] <= 90):
        raise QueryError(
            f"near is {list(near)}; give longitude (-180 to 180) and latitude (-90 to 90)"
        )
    if radius_km is None:
        raise QueryError("near has no radius; give radius_km (--radius), kilometres around it")
    if not 0 < radius_km < ANYWHERE:
        raise QueryError(
            f"radius_km is {radius_km}; give kilometres, over 0 and under {ANYWHERE:,.0f}"
        )
    longitude = float(near[0])
    latitude = float(near[1])
    bearings = np.linspace(360, 0, CIRCLE_POINTS, endpoint=False)
    ones = np.ones(CIRCLE_POINTS)
    lons, lats, _ = GEOD.fwd(longitude * ones, latitude * ones, bearings, 1000 * radius_km * ones)
    holds_north = _distance_km(longitude, latitude, 90) <= radius_km
    holds_south = _distance_km(longitude, latitude, -90) <= radius_km
    ring = shapely.Polygon(np.column_stack([lons, lats]))
    crosses = bool((np.abs(np.diff(lons, append=lons[0])) > 180).any())
    if not (crosses or holds_north or holds_south):
        return ring
    return antimeridian.fix_polygon(
        ring, force_north_pole=holds_north, force_south_pole=holds_south
    )


def _distance_km(longitude: float, latitude: float, pole: float) -> float:
    """From a point to a pole (latitude 90 or -90)."""
    return float(GEOD.inv(longitude, latitude, 0, pole)[2]) / 1000
