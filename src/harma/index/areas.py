"""Areas to search in: a bbox, a polygon (GeoJSON) or a circle, as one geometry in WGS84."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import antimeridian
import numpy as np
import pyproj
import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, box, shape
from shapely.geometry.base import BaseGeometry

from harma.errors import QueryError
from harma.index.ask import Where

GEOD = pyproj.Geod(ellps="WGS84")
# Corners of a circle on the ground.
CIRCLE_POINTS = 128
ANYWHERE = 20_000.0  # km: half around the Earth


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


def _polygon(polygon: str | Path | Mapping[str, Any] | BaseGeometry) -> BaseGeometry:
    geometry = _geometry(polygon)
    _check_polygon(geometry)
    west, _, east, _ = geometry.bounds
    if west >= -180 and east <= 180:
        return geometry
    # Edges are straight in degrees, as those of a box: what lies beyond ±180 comes in on the
    # other side.
    world = box(-180, -90, 180, 90)
    turns = [translate(geometry, by).intersection(world) for by in (-360, 0, 360)]
    return shapely.union_all(turns)


def _geometry(polygon: str | Path | Mapping[str, Any] | BaseGeometry) -> BaseGeometry:
    if isinstance(polygon, BaseGeometry):
        return polygon
    return _of_geojson(_loaded(polygon))


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


def _loaded(polygon: str | Path | Mapping[str, Any]) -> Any:
    """GeoJSON as a mapping."""
    if isinstance(polygon, Mapping):
        return polygon
    text = str(polygon)
    try:
        if not text.lstrip().startswith("{"):
            text = Path(text).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise QueryError(
            f"the polygon {polygon} cannot be read ({error.strerror}); give GeoJSON or a file of it"
        ) from error
    except ValueError as error:
        raise QueryError(f"the polygon is not GeoJSON ({error})") from error


def _of_geojson(content: Any) -> BaseGeometry:
    """A geometry, feature or collection of features as one geometry."""
    try:
        if content["type"] == "FeatureCollection":
            parts = [shape(feature["geometry"]) for feature in content["features"]]
        elif content["type"] == "Feature":
            parts = [shape(content["geometry"])]
        else:
            parts = [shape(content)]
        # A union would mend a single geometry that is not valid, silently.
        if len(parts) == 1:
            return parts[0]
        return shapely.union_all(parts)
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        shapely.errors.ShapelyError,
    ) as error:
        raise QueryError(
            f"the polygon is not GeoJSON of a geometry, feature or collection ({error!r})"
        ) from error


# -- circles --------------------------------------------------------------------------------------


def _circle(near: Sequence[float], radius_km: float | None) -> BaseGeometry:
    """A circle on the ground, as a polygon that holds it to a thousandth of its radius."""
    if len(near) != 2 or not (-180 <= near[0] <= 180 and -90 <= near[1] <= 90):
        raise QueryError(
            f"near is {list(near)}; give longitude (-180 to 180) and latitude (-90 to 90)"
        )
    if radius_km is None or not 0 < radius_km < ANYWHERE:
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
