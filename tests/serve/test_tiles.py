"""Tiles: pixel by pixel what the index's own reader shows of a scene."""

import io

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC
from tests.serve.mixed import picture, write_raster

from harma.errors import NotFoundError
from harma.scenes.products.product import BandPart
from harma.scenes.raster import scene_of
from harma.scenes.reading import Reading
from harma.scenes.source import Source
from harma.scenes.stacking import stacked
from harma.scenes.windows import Window
from harma.serve.mercator import HALF, full_zoom, pixel_size
from harma.serve.open_scenes import KeptScene
from harma.serve.rasters import open_raster, serving_settings
from harma.serve.tiles import (
    PNG,
    WEBP,
    bounds_of,
    draw_tile,
    empty_tile,
    encoded,
    mapping_of,
)

UTM = "EPSG:32631"
NORTH_UP = Affine(10, 0, 500_000, 0, -10, 5_000_000)
SIDE = 200


def kept(opened_as, reading=None):
    """A scene as the server keeps it; the test ends soon and closes it."""
    with serving_settings(opened_as):
        dataset = open_raster(Source(opened_as, opened_as))
        scene = scene_of(dataset, opened_as, reading or Reading())
        bounds = bounds_of(scene)
        return KeptScene("c", dataset, scene, bounds, mapping_of(scene, bounds))


def middle_tile(scene, z):
    """The tile in which the middle of a scene lies."""
    middle = scene.place.transform @ (scene.facts.width / 2, scene.facts.height / 2)
    x, y = pyproj.Transformer.from_crs(
        scene.place.crs.to_wkt(), "EPSG:3857", always_xy=True
    ).transform(*middle)
    side = 256 * pixel_size(z)
    return int((x + HALF) / side), int((HALF - y) / side)


def expected(scene, z, x, y):
    """A tile, pixel by pixel: the pixel of the scene that each one's middle lies in."""
    whole = Window(0, 0, scene.facts.width, scene.facts.height)
    rgb, valid = scene.reader.read(whole)
    middles = (np.arange(256) + 0.5) * pixel_size(z)
    xs, ys = np.meshgrid(
        -HALF + x * 256 * pixel_size(z) + middles, HALF - y * 256 * pixel_size(z) - middles
    )
    projection = pyproj.Transformer.from_crs("EPSG:3857", scene.place.crs.to_wkt(), always_xy=True)
    xs, ys = projection.transform(xs, ys)
    columns, rows = ~scene.place.transform @ (xs, ys)
    inside = (columns >= 0) & (columns < whole.width) & (rows >= 0) & (rows < whole.height)
    columns = np.where(inside, columns, 0).astype(int)
    rows = np.where(inside, rows, 0).astype(int)
    shown = inside & valid[rows, columns]
    return np.where(shown[..., None], rgb[rows, columns], 0), shown


def write_plain(path):
    write_raster(path, picture(1, SIDE), UTM, NORTH_UP)


def write_sixteen_bit(path):
    values = picture(2, SIDE).astype(np.uint16) * 40
    values[:50, :70] = 0
    write_raster(path, values, UTM, NORTH_UP, nodata=0)


def write_turned(path):
    write_raster(path, picture(3, SIDE), UTM, NORTH_UP @ Affine.rotation(30))


def write_degrees(path):
    write_raster(path, picture(4, SIDE), "EPSG:4326", Affine(1e-4, 0, 7, 0, -1e-4, 47))


def write_bent(path):
    """By control points, a little off a plane."""
    pixels = picture(5, SIDE)
    points = []
    for row in (0, 100, 200):
        for column in (0, 100, 200):
            lon, lat = 7 + 1e-4 * column + 2e-6 * row, 47 - 1e-4 * row + 1e-5 * (column == 100)
            points.append(GroundControlPoint(row, column, lon, lat))
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=SIDE,
        height=SIDE,
        count=3,
        dtype="uint8",
        crs="EPSG:4326",
        gcps=points,
    ) as dataset:
        dataset.write(np.moveaxis(pixels, -1, 0))


def write_by_coefficients(path):
    """By rational polynomials: longitude and latitude along columns and rows."""
    plain = [0.0] * 20
    across = plain.copy()
    across[1] = 1.0
    along = plain.copy()
    along[2] = -1.0
    one = plain.copy()
    one[0] = 1.0
    coefficients = RPC(
        height_off=0,
        height_scale=500,
        lat_off=47,
        lat_scale=0.01,
        line_den_coeff=one,
        line_num_coeff=along,
        line_off=100,
        line_scale=100,
        long_off=7,
        long_scale=0.01,
        samp_den_coeff=one,
        samp_num_coeff=across,
        samp_off=100,
        samp_scale=100,
    )
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=SIDE,
        height=SIDE,
        count=3,
        dtype="uint8",
        rpcs=coefficients,
    ) as dataset:
        dataset.write(np.moveaxis(picture(6, SIDE), -1, 0))


def write_palette(path):
    numbers = np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE) % 7
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=SIDE,
        height=SIDE,
        count=1,
        dtype="uint8",
        crs=UTM,
        transform=NORTH_UP,
    ) as dataset:
        dataset.write(numbers, 1)
        dataset.write_colormap(1, {n: (30 * n, 255 - 30 * n, 10 * n, 255) for n in range(7)})


KINDS = {
    "plain": write_plain,
    "16 bit": write_sixteen_bit,
    "turned": write_turned,
    "degrees": write_degrees,
    "control points": write_bent,
    "coefficients": write_by_coefficients,
    "palette": write_palette,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_tile_shows_the_pixels_that_the_index_saw(kind, tmp_path):
    path = tmp_path / "scene.tif"
    KINDS[kind](path)
    opened = kept(str(path))
    scene = opened.scene
    z = full_zoom(scene.facts.gsd, scene.place.to_wgs84([(0, 0)])[0][1])
    x, y = middle_tile(scene, z)
    pixels = draw_tile(opened, z, x, y)
    rgb, valid = expected(scene, z, x, y)
    assert valid.mean() > 0.2
    # Between two lattice points a bent mapping is straight: a pixel at an edge may be either.
    assert (pixels.valid == valid).mean() > 0.999
    assert (pixels.rgb == rgb).all(axis=-1).mean() > 0.99
    opened.dataset.close()


def test_a_tile_of_a_scene_in_its_own_pixels_is_a_window_of_it(tmp_path):
    z, x, y = 14, 8300, 5600
    size = pixel_size(z)
    # 300 pixels, of which the tile begins 20 to the right and 30 below.
    west = -HALF + (x * 256 - 20) * size
    north = HALF - (y * 256 - 30) * size
    write_raster(
        tmp_path / "a.tif", picture(7, 300), "EPSG:3857", Affine(size, 0, west, 0, -size, north)
    )
    opened = kept(str(tmp_path / "a.tif"))
    pixels = draw_tile(opened, z, x, y)
    assert pixels.valid.all()
    assert (pixels.rgb == opened.scene.read(Window(20, 30, 256, 256))[0]).all()
    # As a file, without loss.
    assert (np.array(Image.open(io.BytesIO(encoded(pixels, PNG)))) == pixels.rgb).all()
    # Its neighbour shows what is left of it.
    beside = draw_tile(opened, z, x + 1, y)
    assert beside.valid.sum() == (300 - 276) * 256
    assert (beside.rgb[:, :24] == opened.scene.read(Window(276, 30, 24, 256))[0]).all()
    # The next one nothing.
    assert not draw_tile(opened, z, x + 2, y).valid.any()
    opened.dataset.close()


def test_bands_of_several_files_are_shown_together(tmp_path):
    pixels = picture(8, SIDE)
    parts = []
    for band, color in enumerate(("red", "green", "blue")):
        path = tmp_path / f"{color}.tif"
        write_raster(path, pixels[..., band : band + 1], UTM, NORTH_UP)
        parts.append(BandPart(str(path), color))
    opened = kept(stacked(parts))
    x, y = middle_tile(opened.scene, 14)
    shown = draw_tile(opened, 14, x, y)
    rgb, valid = expected(opened.scene, 14, x, y)
    assert valid.any()
    assert (shown.rgb == rgb).all(axis=-1).mean() > 0.999
    opened.dataset.close()


def test_a_scene_across_the_dateline_is_shown_on_both_sides(tmp_path):
    path = tmp_path / "a.tif"
    write_raster(path, picture(9, SIDE), "EPSG:4326", Affine(1e-3, 0, 179.9, 0, -1e-3, -16))
    opened = kept(str(path))
    z = 8
    row = middle_tile(opened.scene, z)[1]
    west_of_it = draw_tile(opened, z, 2**z - 1, row)
    east_of_it = draw_tile(opened, z, 0, row)
    assert west_of_it.valid[:, -1].any()
    assert not west_of_it.valid[:, 0].any()
    assert east_of_it.valid[:, 0].any()
    assert not east_of_it.valid[:, -1].any()
    shown = west_of_it.valid.sum() + east_of_it.valid.sum()
    assert shown == pytest.approx((0.2 / 360 * 2**z * 256) ** 2, rel=0.1)
    # Nowhere else, not even in a tile of the whole Earth.
    world = draw_tile(opened, 2, 2, row >> 6)
    assert not world.valid.any()
    opened.dataset.close()


@pytest.mark.parametrize("z", [0, 1, 2, 3, 5, 6])
def test_the_pole_is_shown_where_it_is(tmp_path, z):
    path = tmp_path / "ice.tif"
    transform = Affine(20_000, 0, -1_000_000, 0, -20_000, 1_000_000)
    write_raster(path, picture(10, 100), "EPSG:3995", transform)
    opened = kept(str(path))
    shown = 0
    for x in range(min(4, 2**z)):
        pixels = draw_tile(opened, z, x, 0)
        rgb, valid = expected(opened.scene, z, x, 0)
        assert (pixels.valid == valid).mean() > 0.995
        both = pixels.valid & valid
        if z > 3:
            # From farther away a pixel of a tile is many of the scene.
            assert (pixels.rgb[both] == rgb[both]).all(axis=-1).mean() > 0.97
        shown += int(valid.sum())
    assert shown
    opened.dataset.close()


def test_from_afar_a_scene_is_thinned_out(tmp_path):
    path = tmp_path / "a.tif"
    write_raster(path, picture(11, 1000), UTM, NORTH_UP)
    opened = kept(str(path))
    x, y = middle_tile(opened.scene, 9)
    pixels = draw_tile(opened, 9, x, y)
    assert 0 < pixels.valid.sum() < 60**2
    # Its colours are those of the four fields.
    colors = picture(11, 1000)[250::500, 250::500].reshape(-1, 3).astype(int)
    distances = np.abs(pixels.rgb[pixels.valid][:, None, :].astype(int) - colors).max(axis=-1)
    assert (distances.min(axis=1) <= 41).all()
    opened.dataset.close()


def test_nodata_is_transparent_in_both_formats(tmp_path):
    path = tmp_path / "a.tif"
    write_sixteen_bit(path)
    opened = kept(str(path))
    x, y = middle_tile(opened.scene, 14)
    pixels = draw_tile(opened, 14, x, y)
    for form in (PNG, WEBP):
        image = Image.open(io.BytesIO(encoded(pixels, form)))
        assert image.format == form.name
        assert image.size == (256, 256)
        assert ((np.array(image.convert("RGBA"))[..., 3] > 0) == pixels.valid).all()
    image = Image.open(io.BytesIO(encoded(empty_tile(), PNG)))
    assert np.array(image)[..., 3].max() == 0
    opened.dataset.close()


@pytest.mark.parametrize(
    "place", [(25, 0, 0), (-1, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0), (0, 1, 0)]
)
def test_tiles_that_are_none_are_refused(tmp_path, place):
    write_plain(tmp_path / "a.tif")
    opened = kept(str(tmp_path / "a.tif"))
    with pytest.raises(NotFoundError, match="no tile"):
        draw_tile(opened, *place)
    opened.dataset.close()


def test_a_scene_without_a_place_has_no_tiles(tmp_path):
    Image.fromarray(picture(12)).save(tmp_path / "a.png")
    opened = kept(str(tmp_path / "a.png"))
    assert opened.bounds is None
    with pytest.raises(NotFoundError, match="no place"):
        draw_tile(opened, 0, 0, 0)
    opened.dataset.close()
