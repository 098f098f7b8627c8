"""Which chips a search may find: by place, date, source, or an SQL expression on the columns."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import antimeridian
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, box, shape
from shapely.geometry.base import BaseGeometry

from harma.errors import ConfigError
from harma.index.schema import quoted
from harma.scenes.dates import parse_date

GEOD = pyproj.Geod(ellps="WGS84")
# Corners of a circle on the ground.
CIRCLE_POINTS = 128
ANYWHERE = 20_000.0  # km: half around the Earth


@dataclass(frozen=True)
class Filter:
    """What a chip must be.

    Attributes:
        area: geometry in WGS84 that its footprint must intersect, or None.
        within: the footprint must lie inside instead.
        where: SQL on the columns, or "".
    """

    area: BaseGeometry | None = None
    within: bool = False
    where: str = ""

    def also(self, condition: str) -> "Filter":
        """This filter with a further condition in SQL."""
        return replace(self, where=f"({self.where}) AND ({condition})" if self.where else condition)

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """West, south, east and north of the area's parts; none where there is no area, or an empty one."""
        if self.area is None or self.area.is_empty:
            return []
        return [part.bounds for part in getattr(self.area, "geoms", [self.area])]

    @property
    def sql(self) -> str:
        """SQL that every matching chip fulfils, and some others where there is an area."""
        parts = [f"({self.where})"] if self.where else []
        if self.area is not None:
            parts.append(
                "(" + (" OR ".join(_overlaps(*box) for box in self.boxes()) or "false") + ")"
            )
        return " AND ".join(parts)

    def matches(self, geometries: Sequence[bytes | None]) -> NDArray[np.bool_]:
        """Which footprints (WKB) the area admits, exactly."""
        if self.area is None:
            return np.ones(len(geometries), dtype=bool)
        footprints = shapely.from_wkb(np.array(geometries, dtype=object))
        shapely.prepare(self.area)
        # A predicate of a missing footprint is false.
        test = shapely.covers if self.within else shapely.intersects
        found: NDArray[np.bool_] = np.asarray(test(self.area, footprints), dtype=bool)
        return found


def make_filter(
    *,
    bbox: Sequence[float] | None = None,
    polygon: Any = None,
    near: Sequence[float] | None = None,
    radius_km: float | None = None,
    within: bool = False,
    date: Sequence[str | datetime | None] | None = None,
    source: str | Sequence[str] | None = None,
    where: str | None = None,
) -> Filter:
    """A filter from what a person says; several conditions must all hold, several areas mean what they have in common.

    Args:
        bbox: west, south, east, north in degrees; west greater than east crosses the 180th
            meridian.
        polygon: GeoJSON (a mapping, its text, or a file): geometry, feature or collection; or a
            shapely geometry.
        near: longitude and latitude.
        radius_km: around `near`, on the ground.
        within: footprints must lie inside the area instead of touching it.
        date: first and last, either may be None; both days belong to the range. Chips without date
            do not match.
        source: name of a source, with * and ? as in file names; or several.
        where: SQL on the columns of the index.

    Raises:
        ConfigError: something said is not usable.
    """
    areas = []
    if bbox is not None:
        areas.append(_box(bbox))
    if polygon is not None:
        areas.append(_polygon(polygon))
    if near is not None:
        areas.append(_circle(near, radius_km))
    elif radius_km is not None:
        raise ConfigError("a radius needs a point: give near as longitude, latitude")
    if within and not areas:
        raise ConfigError("within needs an area: give bbox, polygon or near with radius_km")
    area: BaseGeometry | None = None
    for part in areas:
        area = part if area is None else area.intersection(part)
    _check_closed(where or "")
    conditions = [
        *_dates(date),
        *_sources(source),
        *([where.strip()] if where and where.strip() else []),
    ]
    return Filter(area, within, " AND ".join(f"({condition})" for condition in conditions))


def _check_closed(where: str) -> None:
    """A condition must close what it opens: else it would undo the filters beside it."""
    depth, quote = 0, ""
    for sign in where:
        if quote or sign in "'\"":
            quote = "" if sign == quote else quote or sign
            continue
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            break
    if depth or quote or "--" in where:
        raise ConfigError(
            f"the condition {where!r} is not closed; check its parentheses and quotes, and leave"
            " out --"
        )


def _overlaps(west: float, south: float, east: float, north: float) -> str:
    # repr keeps every digit of a float.
    return f"(xmin <= {east!r} AND xmax >= {west!r} AND ymin <= {north!r} AND ymax >= {south!r})"


def _box(bbox: Sequence[float]) -> BaseGeometry:
    if len(bbox) != 4 or not all(math.isfinite(value) for value in bbox):
        raise ConfigError(f"bbox is {list(bbox)}; give west, south, east, north in degrees")
    west, south, east, north = (float(value) for value in bbox)
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise ConfigError(
            f"bbox is {west:g},{south:g},{east:g},{north:g}; give west,south,east,north with"
            " longitudes from -180 to 180 and latitudes from -90 to 90, the south first"
        )
    if west > east:
        return MultiPolygon([box(west, south, 180, north), box(-180, south, east, north)])
    square: BaseGeometry = box(west, south, east, north)
    return square


def _polygon(polygon: Any) -> BaseGeometry:
    geometry = polygon if isinstance(polygon, BaseGeometry) else _of_geojson(_loaded(polygon))
    if geometry.is_empty or geometry.geom_type not in ("Polygon", "MultiPolygon"):
        what = f"an empty {geometry.geom_type}" if geometry.is_empty else f"a {geometry.geom_type}"
        raise ConfigError(f"the polygon is {what}; give a Polygon or MultiPolygon")
    if not geometry.is_valid:
        raise ConfigError(f"the polygon is not valid: {shapely.is_valid_reason(geometry)}")
    west, south, east, north = geometry.bounds
    if south < -90 or north > 90 or west < -360 or east > 360:
        raise ConfigError(
            f"the polygon reaches from {west:g},{south:g} to {east:g},{north:g}; give longitudes"
            " and latitudes (WGS84)"
        )
    if west < -180 or east > 180:
        # Edges are straight in degrees, as those of a box: what lies beyond ±180 comes in on the
        # other side.
        world = box(-180, -90, 180, 90)
        shifted = [translate(geometry, by) for by in (-360, 0, 360)]
        geometry = shapely.union_all([part.intersection(world) for part in shifted])
    area: BaseGeometry = geometry
    return area


def _loaded(polygon: Any) -> Any:
    """GeoJSON as a mapping."""
    if isinstance(polygon, Mapping):
        return polygon
    text = str(polygon)
    try:
        if not text.lstrip().startswith("{"):
            text = Path(text).read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise ConfigError(
            f"the polygon {polygon} cannot be read ({error.strerror}); give GeoJSON or a file of it"
        ) from error
    except ValueError as error:
        raise ConfigError(f"the polygon is not GeoJSON ({error})") from error


def _of_geojson(content: Any) -> BaseGeometry:
    try:
        if content["type"] == "FeatureCollection":
            features = [shape(feature["geometry"]) for feature in content["features"]]
        else:
            features = [shape(content["geometry"] if content["type"] == "Feature" else content)]
        union: BaseGeometry = features[0] if len(features) == 1 else shapely.union_all(features)
        return union
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        shapely.errors.ShapelyError,
    ) as error:
        raise ConfigError(
            f"the polygon is not GeoJSON of a geometry, feature or collection ({error!r})"
        ) from error


def _circle(near: Sequence[float], radius_km: float | None) -> BaseGeometry:
    """A circle on the ground, as a polygon that holds it to a thousandth of its radius."""
    if len(near) != 2 or not (-180 <= near[0] <= 180 and -90 <= near[1] <= 90):
        raise ConfigError(
            f"near is {list(near)}; give longitude (-180 to 180) and latitude (-90 to 90)"
        )
    if radius_km is None or not 0 < radius_km < ANYWHERE:
        raise ConfigError(
            f"radius_km is {radius_km}; give kilometres, over 0 and under {ANYWHERE:,.0f}"
        )
    longitude, latitude = float(near[0]), float(near[1])
    bearings = np.linspace(360, 0, CIRCLE_POINTS, endpoint=False)
    ones = np.ones(CIRCLE_POINTS)
    lons, lats, _ = GEOD.fwd(longitude * ones, latitude * ones, bearings, 1000 * radius_km * ones)
    poles = {
        sign: GEOD.inv(longitude, latitude, 0, sign * 90)[2] <= 1000 * radius_km for sign in (1, -1)
    }
    ring: BaseGeometry = shapely.Polygon(np.column_stack([lons, lats]))
    crosses = bool((np.abs(np.diff(lons, append=lons[0])) > 180).any())
    if not (crosses or poles[1] or poles[-1]):
        return ring
    fixed: BaseGeometry = antimeridian.fix_polygon(
        ring, force_north_pole=poles[1], force_south_pole=poles[-1]
    )
    return fixed


def _dates(date: Sequence[str | datetime | None] | None) -> list[str]:
    if date is None:
        return []
    if isinstance(date, str | datetime) or len(date) != 2:
        raise ConfigError(
            f"date is {date!r}; give two, the first and the last, of which one may be None"
        )
    first, last = (
        None if d is None else moment(d, is_end=is_end)
        for d, is_end in zip(date, (False, True), strict=True)
    )
    if first is not None and last is not None and first > last:
        raise ConfigError(f"date is from {date[0]} to {date[1]}; the first comes after the last")
    bounds = ((">=", first), ("<=", last))
    return [
        f"datetime {sign} timestamp {quoted(when.strftime('%Y-%m-%d %H:%M:%S.%f'))}"
        for sign, when in bounds
        if when is not None
    ]


def moment(date: str | datetime, *, is_end: bool, option: str = "date") -> datetime:
    """The first or last moment of a date, in UTC; a year or day has many, a time only itself.

    Args:
        date: as a person writes it, or a datetime (UTC if it names no zone).
        is_end: whether its last moment is wanted.
        option: what the date is called in messages.

    Raises:
        ConfigError: it is no date.
    """
    if not isinstance(date, str | datetime):
        raise ConfigError(f"{option} is {date!r}; give a text such as 2015-09-26, or a datetime")
    if isinstance(date, datetime):
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    when, text = parse_date(date, option), date.strip()
    if not is_end or len(text) > len("2015-09-26"):
        return when
    try:
        following = (
            when.replace(year=when.year + 1)
            if len(text) == len("2015")
            else when + timedelta(days=1)
        )
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=UTC)
    return following - timedelta(microseconds=1)


def _sources(source: str | Sequence[str] | None) -> list[str]:
    if source is None:
        return []
    names = [source] if isinstance(source, str) else list(source)
    if not names:
        raise ConfigError("source is an empty list; name one, or leave it out")
    return [" OR ".join(_like(name) for name in names)]


def _like(name: str) -> str:
    """SQL for a name with * and ?."""
    if not any(sign in name for sign in "*?"):
        return f"source = {quoted(name)}"
    escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"source LIKE {quoted(escaped.replace('*', '%').replace('?', '_'))} ESCAPE '\\'"
