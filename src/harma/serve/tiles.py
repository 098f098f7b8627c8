"""Tiles: a scene as the model saw it, with the index's own bands, stretch and nodata.

The pixels of a tile are those of the scene that lie nearest to them, read by the reader that cut
the chips: turned scenes, scenes of control points and of several files come out as they were
indexed. What holds no data is transparent.
"""

import io
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from rasterio.crs import CRS

from harma.errors import NotFoundError, OffEarthError
from harma.index.extents import Box, around
from harma.scenes.mapping import AffineMapping, Mapping, Numbers, Pairs, ReprojectedMapping
from harma.scenes.readers import Pixels
from harma.scenes.scene import Scene
from harma.scenes.systems import projection_between
from harma.scenes.upright import Grid, UprightReader
from harma.scenes.windows import Window
from harma.serve.mercator import TILE_SIDE, WEB_MERCATOR, degrees, ground_size, tile_grid
from harma.serve.open_scenes import KeptScene
from harma.serve.sparse import SparseReader

# Up to this zoom every pixel is mapped by itself: 16 of them are a degree wide and more.
EXACT_ZOOM = 5
# Part of a scene's width by which its box may be too small: edges are bent between its corners.
SLACK = 0.02


class Format(NamedTuple):
    """How a tile is written.

    Attributes:
        media_type: of it.
        name: Pillow's.
        options: for Pillow.
    """

    media_type: str
    name: str
    options: dict[str, int]


# A fifth of the bytes, for programs that say that they read it: all browsers do.
WEBP = Format("image/webp", "WEBP", {"quality": 90, "method": 0})
# Exact; packed quickly.
PNG = Format("image/png", "PNG", {"compress_level": 1})


@dataclass(frozen=True)
class TurnedMapping:
    """A mapping of longitudes that wrap around: those beside the map come in on the other side.

    Attributes:
        inner: of a raster in degrees.
        middle: longitude of its middle, as the raster counts.
    """

    inner: Mapping
    middle: float

    def coordinates(self, columns: Numbers, rows: Numbers) -> Pairs:
        """See `Mapping.coordinates`."""
        return self.inner.coordinates(columns, rows)

    def pixels(self, xs: Numbers, ys: Numbers) -> Pairs:
        """See `Mapping.pixels`."""
        west = self.middle - 180.0
        return self.inner.pixels((xs - west) % 360.0 + west, ys)


def draw_tile(kept: KeptScene, z: int, x: int, y: int) -> Pixels:
    """A tile of a scene.

    Args:
        kept: the scene, open.
        z: zoom.
        x: column of tiles, from the west.
        y: row of tiles, from the north.

    Returns:
        256 × 256 pixels; where the scene has no data they are black, and not valid.

    Raises:
        NotFoundError: there is no such tile, or the scene has no place.
        DataError: the file is damaged there.
    """
    grid = tile_grid(z, x, y)
    facts = kept.scene.facts
    if kept.mapping is None:
        raise NotFoundError("the scene has no place on the Earth, and so no tiles")
    near = _near(grid, kept.bounds)
    if not near.any():
        return empty_tile()
    reader = UprightReader(
        SparseReader(kept.scene.reader, kept.dataset, facts.bands[0]),
        kept.mapping,
        grid,
        facts.width,
        facts.height,
        step=_step(z, facts.gsd, kept.bounds),
        is_exact=z <= EXACT_ZOOM,
    )
    pixels = reader.read(Window(0, 0, TILE_SIDE, TILE_SIDE))
    # Far away from a scene its projection may lead back into it.
    return Pixels(pixels.rgb, pixels.valid & near)


def empty_tile() -> Pixels:
    """A tile that shows nothing."""
    shape = (TILE_SIDE, TILE_SIDE)
    return Pixels(np.zeros((*shape, 3), dtype=np.uint8), np.zeros(shape, dtype=bool))


def bounds_of(scene: Scene) -> Box | None:
    """Where a scene is; None where it has no place, or reaches beyond the Earth's rim."""
    facts = scene.facts
    if scene.place is None:
        return None
    try:
        footprint = scene.place.footprint(0, 0, facts.width, facts.height)
    except OffEarthError:
        return None
    bounds = shapely.bounds(shapely.get_parts(footprint))
    west, east = around([(float(part[0]), float(part[2])) for part in bounds])
    return west, float(bounds[:, 1].min()), east, float(bounds[:, 3].max())


def _near(grid: Grid, bounds: Box | None) -> NDArray[np.bool_]:
    """Pixels of a tile (H, W) that may lie in a scene."""
    if bounds is None:
        return np.ones((TILE_SIDE, TILE_SIDE), dtype=bool)
    west, south, east, north = bounds
    middles: Numbers = np.arange(TILE_SIDE, dtype=np.float64) + 0.5
    longitudes, latitudes = degrees(
        grid.transform.a * middles + grid.transform.c, grid.transform.e * middles + grid.transform.f
    )
    width = (east - west) % 360.0 or 360.0
    slack = SLACK * max(width, north - south)
    beyond_west = (longitudes - west + slack) % 360.0
    across = beyond_west <= width + 2 * slack
    along = (latitudes >= south - slack) & (latitudes <= north + slack)
    near: NDArray[np.bool_] = along[:, None] & across[None, :]
    return near


def mapping_of(scene: Scene, bounds: Box | None) -> Mapping | None:
    """From the pixels of a scene to Web Mercator; None where it has no place.

    Args:
        scene: it.
        bounds: where it is, as `bounds_of` says.
    """
    place = scene.place
    if place is None:
        return None
    own: Mapping = AffineMapping(place.transform)
    if place.crs.is_geographic and bounds is not None:
        west, _, east, _ = bounds
        middle = west + (east - west) % 360.0 / 2
        own = TurnedMapping(own, middle)
    return ReprojectedMapping(own, projection_between(place.crs, CRS.from_user_input(WEB_MERCATOR)))


def _step(z: int, gsd: float | None, bounds: Box | None) -> int:
    """Pixels of a scene to one of a tile."""
    if gsd is None or bounds is None:
        return 1
    latitude = (bounds[1] + bounds[3]) / 2
    return max(1, int(ground_size(z, latitude) / gsd))


def encoded(pixels: Pixels, form: Format) -> bytes:
    """A tile as a file; without an alpha band where all of it holds data."""
    image = Image.fromarray(pixels.rgb)
    if not pixels.valid.all():
        alpha = np.where(pixels.valid, 255, 0).astype(np.uint8)
        image.putalpha(Image.fromarray(alpha))
    buffer = io.BytesIO()
    image.save(buffer, form.name, **form.options)
    return buffer.getvalue()
