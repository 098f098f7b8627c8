"""Areas as text: GeoJSON (with byte order marks, null geometries, an old `crs`), WKT and EWKT."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from harma.errors import DataError, QueryError
from harma.ground.json_text import parse_json
from harma.index.area_crs import crs_of_member, named_crs
from harma.index.area_parts import joined
from harma.index.well_known import read_wkt, said_by_geos

# A text that begins so is WKT, and no name of a file.
WKT = re.compile(
    r"(?:SRID=(?P<srid>\d+);\s*)?(?P<wkt>(?:MULTIPOLYGON|POLYGON|GEOMETRYCOLLECTION|MULTISURFACE"
    r"|CURVEPOLYGON|(?:MULTI)?POINT|(?:MULTI)?LINESTRING)\s*(?:ZM|Z|M)?\s*(?:\(|EMPTY\b).*)",
    re.IGNORECASE | re.DOTALL,
)
# The longer ones first: that of UTF-32 begins as that of UTF-16.
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
GEOJSON_TYPES = (
    *("FeatureCollection", "Feature", "GeometryCollection", "Polygon", "MultiPolygon"),
    *("Point", "MultiPoint", "LineString", "MultiLineString"),
)

COORDINATES = (
    "those of a Polygon are a list of rings, each a list of four or more positions such as [13.4,"
    " 52.5], the first again at the end; a MultiPolygon holds a list of such lists"
)
KINDS = "give a Polygon, MultiPolygon, Feature or FeatureCollection"
# Letters of a value in a message.
MOST_SAID = 60


def decoded(content: bytes) -> str | None:
    """Text of a file without its byte order mark; None if it is no text."""
    encoding = "utf-8"
    for mark, of_mark in BYTE_ORDER_MARKS.items():
        if content.startswith(mark):
            encoding = of_mark
            break
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def is_area_text(text: str) -> bool:
    """Whether a text is an area itself, and no name of a file."""
    start = text.lstrip("\ufeff \t\r\n")
    return start.startswith("{") or WKT.match(start) is not None


def area_of_text(text: str) -> BaseGeometry:
    """The area of a text that is GeoJSON, WKT or EWKT.

    Raises:
        QueryError: it is not, or no polygons.
    """
    text = text.lstrip("\ufeff \t\r\n")
    matched = WKT.match(text)
    if matched is not None:
        return _of_wkt(matched["wkt"], matched["srid"])
    try:
        content = parse_json(text)
    except DataError as error:
        raise QueryError(f"the polygon is not GeoJSON: {error.problem}") from error
    return area_of_geojson(content)


def _of_wkt(wkt: str, srid: str | None) -> BaseGeometry:
    crs = None if srid is None else named_crs(f"EPSG:{srid}")
    try:
        geometry = read_wkt(wkt)
    except QueryError as error:
        raise QueryError(f"the polygon is not read: {error.problem}") from error
    except (shapely.errors.ShapelyError, ValueError, NotImplementedError) as error:
        reason = said_by_geos(error)
        raise QueryError(f"the polygon is not WKT ({reason})") from error
    return joined([geometry], crs)


def area_of_geojson(content: Any) -> BaseGeometry:
    """A geometry, feature or collection of features as one area.

    Features without a geometry (null) are left out. A member `crs`, as files of before 2016 have
    it, says what the coordinates are; without one they are longitudes and latitudes.

    Raises:
        QueryError: it is no GeoJSON, or not of polygons.
    """
    try:
        geometries = [_shape(geometry) for geometry in _geometries(content)]
    except _NotGeoJSONError as error:
        raise QueryError(
            f"the polygon is not GeoJSON of a geometry, feature or collection: {error}"
        ) from error
    return joined(geometries, crs_of_member(content.get("crs")))


class _NotGeoJSONError(Exception):
    """What is no GeoJSON; the message says why."""


def _geometries(content: Any) -> Iterator[Any]:
    """The geometries that GeoJSON holds, as they are written; None where one is null."""
    kind = _member(content, "type", "it")
    if kind == "FeatureCollection":
        features = _member(content, "features", "it")
        if isinstance(features, str | Mapping) or not isinstance(features, Iterable):
            raise _NotGeoJSONError(f"its features are {_said(features)}, and no list")
        for number, feature in enumerate(features):
            yield _member(feature, "geometry", f"its feature {number}")
    elif kind == "Feature":
        yield _member(content, "geometry", "it")
    elif kind in GEOJSON_TYPES:
        yield content
    else:
        raise _NotGeoJSONError(f"its type is {_said(kind)}; {KINDS}")


def _member(content: Any, name: str, owner: str) -> Any:
    """A member of an object."""
    if not isinstance(content, Mapping):
        raise _NotGeoJSONError(f"{owner} is {_said(content)}, and no object")
    if name not in content:
        raise _NotGeoJSONError(f"{owner} has no {name}")
    return content[name]


def _said(value: Any) -> str:
    """A value as JSON writes it; of what may be long, what it is."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    written = json.dumps(value, ensure_ascii=False, default=str)
    return written if len(written) <= MOST_SAID else f"{written[:MOST_SAID]}…"


def _shape(geometry: Any) -> BaseGeometry | None:
    if geometry is None:
        return None
    kind = _member(geometry, "type", "a geometry")
    if kind not in GEOJSON_TYPES:
        raise _NotGeoJSONError(f"a geometry has the type {_said(kind)}; {KINDS}")
    if kind != "GeometryCollection":
        _member(geometry, "coordinates", f"its {kind}")
    try:
        return shape(geometry)
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        # An integer of JSON may be larger than any float.
        OverflowError,
        RecursionError,
        shapely.errors.ShapelyError,
    ) as error:
        # In words of ours: those of the libraries speak of Python's types.
        raise _NotGeoJSONError(
            f"the coordinates of its {kind} cannot be read; {COORDINATES}"
        ) from error
