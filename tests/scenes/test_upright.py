"""North up: what is turned, mirrored or bent."""

import numpy as np
import pytest
import rasterio.control
import rasterio.warp
from affine import Affine
from rasterio.crs import CRS

from harma.errors import DataError
from harma.scenes.mapping import AffineMapping
from harma.scenes.raster import open_scene
from harma.scenes.upright import is_upright, upright_grid
from harma.scenes.windows import Window

NORTH_UP = Affine(10, 0, 500_000, 0, -10, 5_000_000)
WHOLE = Window(0, 0, 50, 40)


@pytest.fixture
def scene_pixels():
    return np.random.default_rng(3).integers(1, 256, (3, 40, 50)).astype(np.uint8)


@pytest.fixture
def write(tmp_path):
    def make(name, values, transform, crs="EPSG:32631", **profile):
        count, height, width = values.shape
        profile = {"dtype": values.dtype, "crs": crs, "transform": transform} | profile
        path = tmp_path / name
        with rasterio.open(
            path, "w", driver="GTiff", count=count, height=height, width=width, **profile
        ) as dataset:
            dataset.write(values)
        return path

    return make


def whole(scene):
    return Window(0, 0, scene.facts.width, scene.facts.height)


# How pixels are stored, and the transform that undoes it; (column, row) of the stored raster.
STORED = {
    "south up": (lambda v: v[:, ::-1], Affine(1, 0, 0, 0, -1, 40)),
    "mirrored": (lambda v: v[:, :, ::-1], Affine(-1, 0, 50, 0, 1, 0)),
    "turned by 180": (lambda v: v[:, ::-1, ::-1], Affine(-1, 0, 50, 0, -1, 40)),
    "turned left": (lambda v: np.rot90(v, 1, (1, 2)), Affine(0, -1, 50, 1, 0, 0)),
    "turned right": (lambda v: np.rot90(v, -1, (1, 2)), Affine(0, 1, 0, -1, 0, 40)),
    "transposed": (lambda v: v.transpose(0, 2, 1), Affine(0, 1, 0, 1, 0, 0)),
}


@pytest.mark.parametrize("stored", STORED)
def test_flips_and_quarter_turns_are_exact(write, scene_pixels, stored):
    change, back = STORED[stored]
    path = write("a.tif", np.ascontiguousarray(change(scene_pixels)), NORTH_UP @ back)
    with open_scene(str(path)) as scene:
        assert (scene.facts.width, scene.facts.height) == (50, 40)
        pixels, empty = scene.read(WHOLE)
        assert (np.moveaxis(pixels, -1, 0) == scene_pixels).all()
        assert empty == 0
        part = scene.read(Window(7, 5, 20, 30))[0]
        assert (np.moveaxis(part, -1, 0) == scene_pixels[:, 5:35, 7:27]).all()
        assert scene.place.transform.almost_equals(NORTH_UP)
        assert scene.facts.gsd == pytest.approx(10, rel=0.01)


def test_what_is_north_up_is_read_as_it_is(write, scene_pixels):
    path = write("a.tif", scene_pixels, NORTH_UP)
    nearly = write("b.tif", scene_pixels, NORTH_UP @ Affine.rotation(0.2))
    with open_scene(str(path)) as scene, open_scene(str(nearly)) as other:
        assert type(scene.reader).__name__ == "BandReader"
        assert type(other.reader).__name__ == "BandReader"
        assert (scene.read(WHOLE)[0] == other.read(WHOLE)[0]).all()


@pytest.mark.parametrize(
    ("degrees", "expected"), [(0, True), (0.4, True), (0.8, False), (30, False), (180, False)]
)
def test_how_much_off_is_upright(degrees, expected):
    assert is_upright(NORTH_UP @ Affine.rotation(degrees), 50, 40) is expected


@pytest.mark.parametrize("degrees", [30, -30, 45, 100, 12.5, 200])
@pytest.mark.parametrize("crs", ["EPSG:32631", "EPSG:4326"])
def test_turned_rasters_are_as_gdal_warps_them(write, scene_pixels, degrees, crs):
    north_up = NORTH_UP if crs != "EPSG:4326" else Affine(1.6e-4, 0, 3, 0, -1e-4, 51)
    middle = Affine.translation(25, 20)
    turned = north_up @ middle @ Affine.rotation(degrees) @ ~middle
    path = write("a.tif", scene_pixels, turned, crs)
    with open_scene(str(path)) as scene, rasterio.open(path) as dataset:
        assert scene.place.transform.b == scene.place.transform.d == 0
        pixels, empty = scene.read(whole(scene))
        expected = np.zeros((4, *pixels.shape[:2]), dtype=np.uint8)
        rasterio.warp.reproject(
            np.concatenate([dataset.read(), np.full((1, 40, 50), 255, dtype=np.uint8)]),
            expected,
            src_transform=turned,
            src_crs=crs,
            dst_transform=scene.place.transform,
            dst_crs=crs,
            tolerance=0,
        )
        valid = expected[3] > 0
        expected = np.moveaxis(expected[:3], 0, -1)
        # Nearest of what lies between two pixels may be either.
        assert (pixels == expected).all(axis=-1).mean() > 0.99
        assert empty == pytest.approx(1 - valid.mean(), abs=0.005)
        # The grid holds all of the raster, and its pixels are as large.
        area = (1 - empty) * scene.facts.width * scene.facts.height
        assert area == pytest.approx(50 * 40, rel=0.03)
        size = scene.facts.pixel_size
        assert size.across == pytest.approx(size.along, rel=0.01)


def test_a_turned_raster_with_nodata_mask_alpha_or_palette(tmp_path, scene_pixels):
    turned = NORTH_UP @ Affine.rotation(30)
    half = np.zeros((40, 50), dtype=np.uint8)
    half[:, 25:] = 255
    profile = {
        "driver": "GTiff",
        "height": 40,
        "width": 50,
        "crs": "EPSG:32631",
        "transform": turned,
        "dtype": "uint8",
    }
    with rasterio.open(tmp_path / "nodata.tif", "w", count=3, nodata=0, **profile) as out:
        out.write(scene_pixels * (half > 0))
    with rasterio.open(tmp_path / "mask.tif", "w", count=3, **profile) as out:
        out.write(scene_pixels)
        out.write_mask(half)
    with rasterio.open(
        tmp_path / "alpha.tif", "w", count=4, photometric="RGB", alpha="YES", **profile
    ) as out:
        out.write(np.concatenate([scene_pixels, half[None]]))
    with rasterio.open(tmp_path / "palette.tif", "w", count=1, nodata=0, **profile) as out:
        out.write(half[None] // 255)
        out.write_colormap(1, {0: (9, 9, 9, 255), 1: (200, 100, 50, 255)})
    shares = {}
    for path in sorted(tmp_path.glob("*.tif")):
        with open_scene(str(path)) as scene:
            pixels, empty = scene.read(whole(scene))
            shares[path.name] = empty
            if path.name == "palette.tif":
                assert {tuple(p) for p in pixels.reshape(-1, 3)} == {(0, 0, 0), (200, 100, 50)}
            num_valid = (1 - empty) * pixels.shape[0] * pixels.shape[1]
            assert num_valid == pytest.approx(1000, rel=0.05)
    assert len(set(shares.values())) == 1


def test_chips_of_a_turned_raster_lie_where_its_pixels_do(write):
    values = np.zeros((1, 200, 300), dtype=np.uint8)
    values[0, 60:70, 200:210] = 255
    turned = NORTH_UP @ Affine.rotation(-40)
    path = write("a.tif", values, turned)
    with open_scene(str(path)) as scene:
        pixels = scene.read(whole(scene))[0][..., 0]
        rows, columns = np.nonzero(pixels)
        x, y = scene.place.transform @ (columns.mean() + 0.5, rows.mean() + 0.5)
        assert (x, y) == pytest.approx(turned @ (205, 65), abs=1)
        bounds = scene.footprint(whole(scene)).bounds
        expected = rasterio.warp.transform_bounds(
            "EPSG:32631",
            "EPSG:4326",
            *rasterio.transform.array_bounds(200, 300, turned),
        )
        assert bounds == pytest.approx(expected, abs=2e-3)


def test_parts_of_a_large_window_join(write):
    rng = np.random.default_rng(0)
    values = rng.integers(1, 255, (1, 1500, 1200)).astype(np.uint8)
    path = write("a.tif", values, NORTH_UP @ Affine.rotation(20))
    with open_scene(str(path)) as scene:
        pixels, _ = scene.read(whole(scene))
        for window in (Window(1000, 1000, 60, 60), Window(700, 1020, 300, 10)):
            rows = slice(window.row, window.row + window.height)
            columns = slice(window.column, window.column + window.width)
            assert (scene.read(window)[0] == pixels[rows, columns]).all()
        # Over the edge of the grid is nodata, as of other scenes.
        chip, empty = scene.read(Window(scene.facts.width - 10, 0, 40, 40))
        assert chip.shape == (40, 40, 3)
        assert empty > 0.75


def test_an_absurd_grid_is_refused():
    transform = Affine(1, 1e6, 0, 1, 1e6 + 1e-3, 0)
    with pytest.raises(DataError, match="north up it would have .* its georeference is damaged"):
        upright_grid(AffineMapping(transform), 5000, 5000, is_in_degrees=False)
    nowhere = AffineMapping(Affine(1, 0, np.inf, 0, 1, 0))
    with pytest.raises(DataError, match="parts of it have no coordinates"):
        upright_grid(nowhere, 50, 50, is_in_degrees=False)


def test_the_crs_of_the_grid_is_the_raster_s(write, scene_pixels):
    path = write("a.tif", scene_pixels, NORTH_UP @ Affine.rotation(30), "EPSG:3413")
    with open_scene(str(path)) as scene:
        assert scene.place.crs == CRS.from_epsg(3413)
        assert scene.facts.crs == "EPSG:3413"


REAL = ["RGB.byte.tif", "L7_ETMs.tif", "cogeo.tif", "test_tiled.tif", "1985.tif"]


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_rasters_stored_south_up_look_and_lie_as_they_were(shared_dir, tmp_path, name):
    source = shared_dir / "data/scenes" / name
    path = tmp_path / name
    with rasterio.open(source) as dataset:
        profile = dataset.profile | {"driver": "GTiff", "tiled": False}
        for key in ("blockxsize", "blockysize", "photometric", "compress", "interleave"):
            profile.pop(key, None)
        flipped = dataset.transform @ Affine(1, 0, 0, 0, -1, dataset.height)
        values = dataset.read()[:, ::-1]
        interpretation = dataset.colorinterp
    with rasterio.open(path, "w", **(profile | {"transform": flipped})) as dataset:
        dataset.colorinterp = interpretation
        dataset.write(values)
    window = Window(60, 90, 200, 150)
    with open_scene(str(source)) as scene, open_scene(str(path)) as turned:
        assert (scene.facts.width, scene.facts.height) == (
            turned.facts.width,
            turned.facts.height,
        )
        assert scene.read(window)[1] == turned.read(window)[1]
        assert (scene.read(window)[0] == turned.read(window)[0]).all()
        bounds = scene.footprint(window).bounds
        assert turned.footprint(window).bounds == pytest.approx(bounds, abs=1e-9)
        assert turned.facts.gsd == pytest.approx(scene.facts.gsd)


@pytest.mark.shared
@pytest.mark.parametrize("degrees", [12, 75, 160])
def test_a_real_raster_by_control_points_of_its_own_transform(shared_dir, tmp_path, degrees):
    source = shared_dir / "data/scenes/cogeo.tif"
    path = tmp_path / "a.tif"
    with rasterio.open(source) as dataset:
        values = dataset.read((1, 2, 3), window=((0, 512), (0, 512)))
        middle = Affine.translation(256, 256)
        turned = dataset.transform @ middle @ Affine.rotation(degrees) @ ~middle
        crs = dataset.crs
    points = [
        rasterio.control.GroundControlPoint(row, column, *(turned @ (column, row)))
        for row in (0, 256, 512)
        for column in (0, 256, 512)
    ]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=3,
        width=512,
        height=512,
        dtype="uint8",
        gcps=points,
        crs=crs,
    ) as dataset:
        dataset.write(values)
    with open_scene(str(path)) as scene:
        pixels, empty = scene.read(whole(scene))
        expected = np.zeros((3, *pixels.shape[:2]), dtype=np.uint8)
        rasterio.warp.reproject(
            values,
            expected,
            src_transform=turned,
            src_crs=crs,
            dst_transform=scene.place.transform,
            dst_crs=crs,
            tolerance=0,
        )
        assert (pixels == np.moveaxis(expected, 0, -1)).all(axis=-1).mean() > 0.99
        assert scene.facts.placed_by == "9 ground control points, affine, 0.0 pixels"
        assert (1 - empty) * pixels[..., 0].size == pytest.approx(512 * 512, rel=0.01)
