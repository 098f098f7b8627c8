"""Small maps of hits, drawn without a server: land, footprints, dots; shapes for inline SVG.

`land.wkt` is the land of Natural Earth at 1:110 million (public domain; made from the `world-atlas`
data, coordinates to a tenth of a degree): enough to see which coast a hit is near.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import shapely
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from harma.index.hits import Hit

# Sides of a map, pixels.
WIDTH = 360
HEIGHT = 200
# Around what is shown, a share of it.
PAD = 0.12
# A map of land is never smaller (degrees of latitude), as land is drawn coarsely.
LEAST_LAND = 40.0
# Nor is any other map: about 50 m.
LEAST_CLOSE = 0.0005
# Hits that are further apart (degrees) would be specks on a map of their own.
MOST_CLOSE = 2.0
# Footprints that are drawn.
MOST_DRAWN = 1000
FULL_CIRCLE = 360.0


@dataclass(frozen=True)
class DrawnHit:
    """A hit on a map.

    Attributes:
        path: outline, as the `d` of an SVG path; "" of a dot.
        x: of its middle, pixels.
        y: of its middle, pixels.
        standing: of the hit.
        words: its rank and date.
    """

    path: str
    x: float
    y: float
    standing: str
    words: str


@dataclass(frozen=True)
class SmallMap:
    """A map.

    Attributes:
        land: outlines of land, as the `d` of an SVG path.
        hits: the best last, so that nothing covers it.
        corners: where its upper left and lower right corner are, in words.
    """

    land: str
    hits: Sequence[DrawnHit]
    corners: tuple[str, str]


def small_maps(hits: Sequence[Hit]) -> list[SmallMap]:
    """Where hits are: on land, and from near where they are close together.

    Args:
        hits: those without a place are left out.

    Returns:
        No map where no hit has a place.
    """
    placed = {rank: hit for rank, hit in enumerate(hits[:MOST_DRAWN], 1) if _has_place(hit)}
    if not placed:
        return []
    footprints = dict(zip(placed, _joined([hit.geometry for hit in placed.values()]), strict=True))
    bounds = shapely.total_bounds(list(footprints.values())).tolist()
    wide = _Sheet.around(bounds, LEAST_LAND)
    maps = [SmallMap(wide.land(), _dots(wide, placed, footprints), wide.corners)]
    if max(bounds[2] - bounds[0], bounds[3] - bounds[1]) <= MOST_CLOSE:
        close = _Sheet.around(bounds, LEAST_CLOSE)
        maps.append(SmallMap("", _outlines(close, placed, footprints), close.corners))
    return maps


def _has_place(hit: Hit) -> bool:
    return hit.geometry is not None and not hit.geometry.is_empty


def _joined(footprints: Sequence[BaseGeometry | None]) -> list[BaseGeometry]:
    """Footprints on one sheet: those of both sides of the 180th meridian beside each other."""
    shapes = [shape for shape in footprints if shape is not None]
    return min(shapes, [_moved_east(shape) for shape in shapes], key=_spread)


def _parts(shape: BaseGeometry) -> list[BaseGeometry]:
    return list(shapely.get_parts(shape))


def _moved_east(shape: BaseGeometry) -> BaseGeometry:
    """A shape, those parts of it that lie in the west moved to over 180 degrees."""
    moved = []
    for part in _parts(shape):
        is_west = part.bounds[0] < 0
        moved.append(translate(part, FULL_CIRCLE) if is_west else part)
    return shapely.union_all(moved)


def _spread(shapes: Sequence[BaseGeometry]) -> float:
    west, _, east, _ = shapely.total_bounds(list(shapes))
    return float(east - west)


@dataclass(frozen=True)
class _Sheet:
    """A part of the Earth as it is drawn: as wide and high on the ground as on the screen.

    Attributes:
        west: left edge, degrees; may be over 180.
        north: upper edge, degrees.
        degrees: height of the map, degrees of latitude.
        stretch: degrees of longitude that are as long as one of latitude.
    """

    west: float
    north: float
    degrees: float
    stretch: float

    @classmethod
    def around(cls, bounds: Sequence[float], least: float) -> "_Sheet":
        """A frame around west, south, east, north that is so high at least (degrees)."""
        west, south, east, north = bounds
        middle = (south + north) / 2
        # At the poles a degree of longitude has no length.
        stretch = 1 / max(0.1, math.cos(math.radians(middle)))
        padded = 1 + 2 * PAD
        width = (east - west) * padded / stretch * HEIGHT / WIDTH
        degrees = max((north - south) * padded, width, least)
        across = degrees * stretch * WIDTH / HEIGHT
        return cls((west + east - across) / 2, middle + degrees / 2, degrees, stretch)

    @property
    def east(self) -> float:
        """Right edge, degrees."""
        return self.west + self.degrees * self.stretch * WIDTH / HEIGHT

    @property
    def south(self) -> float:
        """Lower edge, degrees."""
        return self.north - self.degrees

    @property
    def corners(self) -> tuple[str, str]:
        """The upper left and the lower right corner: longitude and latitude in words."""
        digits = max(0, 1 - math.floor(math.log10(self.degrees)))
        return (
            _coordinates(self.west, self.north, digits),
            _coordinates(self.east, self.south, digits),
        )

    def pixel(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Where a point is drawn."""
        scale = HEIGHT / self.degrees
        x = (longitude - self.west) / self.stretch * scale
        return round(x, 1), round((self.north - latitude) * scale, 1)

    def path(self, shape: BaseGeometry) -> str:
        """Outlines of polygons as the `d` of an SVG path."""
        rings: list[str] = []
        for polygon in _polygons(shape):
            for ring in (polygon.exterior, *polygon.interiors):
                points = [self.pixel(x, y) for x, y in ring.coords]
                rings.append("M" + "L".join(f"{x:g},{y:g}" for x, y in points) + "Z")
        return "".join(rings)

    def land(self) -> str:
        """Outlines of the land inside."""
        # A frame may lie over the 180th meridian, or be wider than the Earth.
        shown: list[str] = []
        for turn in (-FULL_CIRCLE, 0.0, FULL_CIRCLE):
            part = shapely.clip_by_rect(
                _land(), self.west - turn, self.south, self.east - turn, self.north
            )
            shown.append(self.path(translate(part, turn)))
        return "".join(shown)


def _polygons(shape: BaseGeometry) -> Iterable[shapely.Polygon]:
    return [part for part in _parts(shape) if isinstance(part, shapely.Polygon)]


@cache
def _land() -> BaseGeometry:
    return shapely.from_wkt((files("harma.index") / "land.wkt").read_text(encoding="utf-8"))


def _coordinates(longitude: float, latitude: float, digits: int) -> str:
    """A point in words; longitudes from -180 to 180."""
    longitude = (longitude + 180) % FULL_CIRCLE - 180
    return f"{longitude:.{digits}f}, {latitude:.{digits}f}"


def _dots(
    frame: _Sheet, placed: dict[int, Hit], footprints: dict[int, BaseGeometry]
) -> list[DrawnHit]:
    drawn = []
    for rank, hit in reversed(placed.items()):
        middle = footprints[rank].centroid
        x, y = frame.pixel(middle.x, middle.y)
        drawn.append(DrawnHit("", x, y, hit.standing, _words(rank, hit)))
    return drawn


def _outlines(
    frame: _Sheet, placed: dict[int, Hit], footprints: dict[int, BaseGeometry]
) -> list[DrawnHit]:
    drawn = []
    for rank, hit in reversed(placed.items()):
        middle = footprints[rank].centroid
        x, y = frame.pixel(middle.x, middle.y)
        path = frame.path(footprints[rank])
        drawn.append(DrawnHit(path, x, y, hit.standing, _words(rank, hit)))
    return drawn


def _words(rank: int, hit: Hit) -> str:
    return " · ".join(part for part in (str(rank), hit.standing, hit.date_text) if part)
