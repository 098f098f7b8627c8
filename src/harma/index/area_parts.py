"""Areas put together from the geometries of a file: polygons alone, each valid, in WGS84."""

from collections import Counter
from collections.abc import Iterable, Iterator

import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from harma.errors import QueryError
from harma.index.area_crs import to_wgs84

# Geometries and corners of an area at the most: more take minutes to put together, and a search
# compares every chip with them.
MOST_PARTS = 100_000
MOST_CORNERS = 1_000_000


def joined(geometries: Iterable[BaseGeometry | None], crs: pyproj.CRS | None) -> BaseGeometry:
    """One area of all geometries; features without one are left out, collections taken apart.

    Args:
        geometries: polygons.
        crs: of their coordinates; None: longitudes and latitudes.

    Raises:
        QueryError: there are none, or others than polygons, one is not valid, or there are too many
            of them.
    """
    parts = list(_parts(geometries))
    _check_size(parts)
    # Alone it is looked at by who asked for it, as a geometry that is given is.
    if len(parts) > 1:
        _check_parts(parts)
    if not parts:
        raise QueryError("the polygon holds no geometry: all of its features are without one")
    if crs is not None:
        _check_parts(parts)
        parts = [to_wgs84(part, crs) for part in parts]
    # A union would mend a single geometry that is not valid, silently.
    if len(parts) == 1:
        return parts[0]
    return shapely.union_all(parts)


def _parts(geometries: Iterable[BaseGeometry | None]) -> Iterator[BaseGeometry]:
    # No recursion: collections may be nested as deep as a stranger likes.
    waiting = [geometry for geometry in geometries if geometry is not None]
    waiting.reverse()
    while waiting:
        geometry = waiting.pop()
        if geometry.geom_type == "GeometryCollection" and not geometry.is_empty:
            waiting += reversed(list(geometry.geoms))
        else:
            # Heights say nothing of a place on the ground.
            yield shapely.force_2d(geometry)


def _check_size(parts: list[BaseGeometry]) -> None:
    num_corners = int(shapely.get_num_coordinates(parts).sum()) if parts else 0
    if len(parts) > MOST_PARTS or num_corners > MOST_CORNERS:
        raise QueryError(
            f"the polygon has {len(parts):,} parts with {num_corners:,} corners; at most"
            f" {MOST_PARTS:,} with {MOST_CORNERS:,} are searched in. Simplify it, or dissolve it"
        )


def _check_parts(parts: list[BaseGeometry]) -> None:
    """Check that all are polygons, and valid."""
    kinds = Counter(part.geom_type for part in parts)
    others = {kind: number for kind, number in kinds.items() if "Polygon" not in kind}
    if others:
        shown = ", ".join(f"{number:,} {kind}" for kind, number in others.items())
        raise QueryError(
            f"the polygon holds {shown} among {len(parts):,} geometries; give Polygons and"
            " MultiPolygons alone, or draw an area around the others (a buffer)"
        )
    for number, part in enumerate(parts):
        if not part.is_valid:
            reason = shapely.is_valid_reason(part)
            raise QueryError(f"the polygon is not valid in its part {number}: {reason}")
