"""Areas as text: GeoJSON (with byte order marks, null geometries, an old `crs`), WKT and EWKT."""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from harma.errors import QueryError
from harma.index.area_crs import crs_of_member, named_crs
from harma.index.area_parts import joined

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
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError(f"the polygon is not GeoJSON ({error})") from error
    return area_of_geojson(content)


def _of_wkt(wkt: str, srid: str | None) -> BaseGeometry:
    crs = None if srid is None else named_crs(f"EPSG:{srid}")
    try:
        geometry = shapely.from_wkt(wkt)
    except (shapely.errors.ShapelyError, ValueError, NotImplementedError) as error:
        raise QueryError(f"the polygon is not WKT ({error})") from error
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
        raise QueryError(
            f"the polygon is not GeoJSON of a geometry, feature or collection ({error!r})"
        ) from error
    return joined(geometries, crs_of_member(content.get("crs")))


def _geometries(content: Any) -> Iterator[Mapping[str, Any] | None]:
    kind = content["type"]
    if kind == "FeatureCollection":
        for feature in content["features"]:
            yield feature["geometry"]
    elif kind == "Feature":
        yield content["geometry"]
    elif kind in GEOJSON_TYPES:
        yield content
    else:
        raise ValueError(f"its type is {kind!r}")


def _shape(geometry: Mapping[str, Any] | None) -> BaseGeometry | None:
    if geometry is None:
        return None
    if geometry["type"] not in GEOJSON_TYPES:
        raise ValueError(f"a geometry has the type {geometry['type']!r}")
    return shape(geometry)
