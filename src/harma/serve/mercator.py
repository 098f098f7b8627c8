"""Web Mercator tiles: the grid of a tile {z}/{x}/{y}, and the zooms that show a scene best."""

import math

import numpy as np
from affine import Affine

from harma.errors import NotFoundError
from harma.scenes.mapping import Numbers
from harma.scenes.upright import Grid

# Side of a tile, pixels.
TILE_SIDE = 256
MOST_ZOOM = 24
# Of the sphere, metres; half of its circumference is where the map ends on all sides.
RADIUS = 6378137.0
HALF = math.pi * RADIUS
# The longitude is that of WGS84, the latitude as on a sphere; see EPSG:3857.
WEB_MERCATOR = "EPSG:3857"


def tile_grid(z: int, x: int, y: int) -> Grid:
    """The pixels of a tile.

    Raises:
        NotFoundError: there is no such tile.
    """
    if not 0 <= z <= MOST_ZOOM:
        raise NotFoundError(f"there are no tiles of zoom {z}, but of 0 to {MOST_ZOOM}")
    if not (0 <= x < 2**z and 0 <= y < 2**z):
        raise NotFoundError(
            f"there is no tile {x}, {y} of zoom {z}; both go from 0 to {2**z - 1:,}"
        )
    size = pixel_size(z)
    west = -HALF + x * TILE_SIDE * size
    north = HALF - y * TILE_SIDE * size
    return Grid(Affine(size, 0, west, 0, -size, north), TILE_SIDE, TILE_SIDE)


def pixel_size(z: int) -> float:
    """Size of a tile's pixels at the equator, metres."""
    return 2 * HALF / (TILE_SIDE << z)


def ground_size(z: int, latitude: float) -> float:
    """Size of a tile's pixels on the ground, metres."""
    return pixel_size(z) * math.cos(math.radians(min(85.0, abs(latitude))))


def degrees(xs: Numbers, ys: Numbers) -> tuple[Numbers, Numbers]:
    """Longitudes and latitudes of x and y."""
    return np.degrees(xs / RADIUS), np.degrees(np.arctan(np.sinh(ys / RADIUS)))


def full_zoom(gsd: float, latitude: float) -> int:
    """The zoom from which on every pixel of a scene is seen.

    Args:
        gsd: metres per pixel of the scene.
        latitude: of it.
    """
    zoom = math.ceil(math.log2(ground_size(0, latitude) / gsd) - 0.01)
    return min(MOST_ZOOM, max(0, zoom))


def whole_zoom(full: int, side: int) -> int:
    """The zoom at which a scene is about as large as a tile.

    Args:
        full: zoom from which on every pixel is seen.
        side: its longer one, pixels.
    """
    return max(0, full - math.ceil(math.log2(max(1.0, side / TILE_SIDE))))
