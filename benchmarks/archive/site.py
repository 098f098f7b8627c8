"""Where a scene lies, when it was taken and what it shows, drawn by its number and the seed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pyproj
import shapely
from affine import Affine
from benchmarks.archive.pattern import Pattern, draw
from benchmarks.archive.truth import SceneTruth, moment

FIRST_DAY = datetime(2014, 1, 1, tzinfo=UTC)
NUM_DAYS = 3600
# Points on each side of an outline: sides are curved in other coordinates.
SIDE_POINTS = 33
COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Site:
    """A scene to be written.

    Attributes:
        number: of it in the archive.
        rng: for what else a product needs.
        pattern: what it shows.
        epsg: of its coordinates.
        transform: pixels → coordinates.
        taken: when.
    """

    number: int
    rng: np.random.Generator
    pattern: Pattern
    epsg: int
    transform: Affine
    taken: datetime

    @property
    def zone(self):
        """Of UTM, such as "33N"."""
        return f"{self.epsg % 100:02}{'N' if self.epsg // 100 == 326 else 'S'}"

    @property
    def pixel(self):
        """Its side in units of the coordinates."""
        return float(np.hypot(self.transform.a, self.transform.d))

    def outline(self):
        """Its outline in its coordinates, with points between the corners."""
        return outline(self.transform, self.pattern.width, self.pattern.height)


def site_of(number, seed, *, pixel, side=96, fill_columns=None, north=True, year=None):
    """Draw a scene.

    Args:
        number: of it in the archive.
        seed: of the archive.
        pixel: metres.
        side: pixels; a multiple of 6.
        fill_columns: of the border without data; drawn if None.
        north: whether it may lie in the north alone.
        year: of it, if not any.
    """
    rng = np.random.default_rng((seed, number))
    if fill_columns is None:
        fill_columns = 6 * int(rng.integers(0, side // 18))
    zone = int(rng.integers(1, 61))
    latitude = float(rng.uniform(5, 60))
    hemisphere = 326
    if not north and rng.random() < 0.3:
        hemisphere = 327
        latitude = -latitude / 2
    epsg = hemisphere * 100 + zone
    centre = pyproj.Transformer.from_crs(4326, epsg, always_xy=True).transform(
        zone * 6 - 183 + float(rng.uniform(-2, 2)), latitude
    )
    # Pixels begin at whole multiples of their size, as those of products do.
    left, top = (round(value / pixel) * pixel for value in centre)
    taken = FIRST_DAY + timedelta(
        days=int(rng.integers(NUM_DAYS)), seconds=int(rng.integers(86400))
    )
    if year is not None:
        taken = taken.replace(year=year, day=min(taken.day, 28))
    return Site(
        number=number,
        rng=rng,
        pattern=draw(rng, side, side, fill_columns),
        epsg=epsg,
        transform=Affine(pixel, 0, left, 0, -pixel, top),
        taken=taken,
    )


def outline(transform, width, height):
    """Points (n, 2) along the sides of a picture, in the coordinates of a transform."""
    steps = np.linspace(0, 1, SIDE_POINTS)
    corners = [(0, 0), (width, 0), (width, height), (0, height), (0, 0)]
    points = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        points += [transform @ (x0 + (x1 - x0) * s, y0 + (y1 - y0) * s) for s in steps]
    return np.array(points)


def degrees(points, epsg):
    """Longitude and latitude (n, 2) of points."""
    turn = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True)
    return np.column_stack(turn.transform(points[:, 0], points[:, 1]))


def box(points):
    """West, south, east, north of points."""
    return (*map(float, points.min(axis=0)), *map(float, points.max(axis=0)))


def truth_of(site, product, paths, **known):
    """The record of a scene that is as its site says, but for what is known otherwise."""
    box_shown = box(site.outline())
    west, south, east, north = box_shown
    marks = []
    for field, (x, y) in site.pattern.centres.items():
        if field in COLOURS:
            right, up = site.transform @ (x, y)
            marks.append((field, (right - west) / (east - west), (north - up) / (north - south)))
    # Of the picture shown north up, with what of it is fill.
    grid = Affine(east - west, 0, west, 0, south - north, north)
    bounds = box(degrees(outline(grid, 1, 1), site.epsg))
    starts, ends = moment(site.taken)
    usual = {
        "product": product,
        "paths": tuple(paths),
        "fills": tuple(dict.fromkeys((site.pattern.fill, fill_shown(site, box_shown)))),
        "bounds": bounds,
        # A pixel and a half: places of pixels are rounded where pictures are turned.
        "tolerance": 1.5 * site.pixel * degrees_of_unit(site),
        "starts": starts,
        "ends": ends,
        "bands": None,
        "sensor": None,
        "marks": tuple(marks),
    }
    return SceneTruth(**{**usual, **known})


def degrees_of_unit(site):
    """Degrees of longitude of a unit of the coordinates, at the scene."""
    if pyproj.CRS(site.epsg).is_geographic:
        return 1.0
    latitude = degrees(site.outline(), site.epsg)[0, 1]
    return 1 / (111_320 * np.cos(np.radians(latitude)))


def fill_shown(site, box_shown):
    """Share without data of the box that a picture takes up when it is shown north up."""
    valid = site.pattern.valid
    columns = np.flatnonzero(valid.any(axis=0))
    rows = np.flatnonzero(valid.any(axis=1))
    # The border without data leaves a rectangle.
    left, right = int(columns[0]), int(columns[-1]) + 1
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    data = shapely.Polygon([site.transform @ corner for corner in corners])
    return max(0.0, 1 - data.area / shapely.box(*box_shown).area)


def grey_marks(marks):
    """The marks of a picture in shades of grey: pan shows the red field bright, the blue dark."""
    shades = {"red": "bright", "blue": "dark"}
    return tuple((shades[field], *place) for field, *place in marks if field in shades)
