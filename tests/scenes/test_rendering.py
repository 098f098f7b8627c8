"""Any picture or raster as 8-bit RGB."""

import logging
import subprocess
import sys

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.shutil import copy

from harma.errors import DataError, MissingFileError
from harma.scenes.picture import read_image
from harma.scenes.ranges import KindRange
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.rendering import is_plain_picture, read_rgb, reading_of, size_of
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import parse_stretch
from harma.scenes.windows import Window

RNG = np.random.default_rng(0)
FIXED = Reading(stretch=parse_stretch("500,3500"))


def smooth(num_bands, dtype=np.uint16, low=500, high=3500):
    """Values (bands, 40, 50) that change slowly."""
    rows, columns = np.mgrid[:40, :50]
    waves = [np.sin(rows / (5 + n)) + np.cos(columns / (7 + n)) for n in range(num_bands)]
    return (low + (np.stack(waves) + 2) / 4 * (high - low)).astype(dtype)


def shown(values, low, high):
    """The mirror: values (bands, H, W) of a range as 8-bit RGB, by numpy alone."""
    scaled = np.clip(np.round((values.astype(float) - low) / (high - low) * 255), 0, 255)
    rgb = np.moveaxis(scaled.astype(np.uint8), 0, -1)
    return np.repeat(rgb, 3, axis=-1) if rgb.shape[-1] == 1 else rgb


def assert_alike(picture, expected):
    """Equal but for rounding at a half."""
    difference = np.abs(np.asarray(picture).astype(int) - expected.astype(int))
    assert difference.max() <= 1
    assert (difference > 0).mean() < 0.02


# -- what is plain --------------------------------------------------------------------------------

PLAIN = {
    "rgb.png": ("RGB", {}),
    "grey.png": ("L", {}),
    "alpha.png": ("RGBA", {}),
    "palette.gif": ("P", {}),
    "photo.jpg": ("RGB", {}),
    "cmyk.jpg": ("CMYK", {}),
    "rgb.tif": ("RGB", {"compression": "tiff_lzw"}),
    "grey.tif": ("L", {}),
    "alpha.tif": ("RGBA", {}),
    "two.bmp": ("1", {}),
    "rgb.webp": ("RGB", {"lossless": True}),
}


@pytest.mark.parametrize("name", PLAIN)
def test_plain_pictures_are_read_by_pillow_as_ever(tmp_path, name):
    mode, options = PLAIN[name]
    picture = Image.fromarray(RNG.integers(0, 256, (20, 30, 3)).astype(np.uint8))
    path = tmp_path / name
    picture.convert(mode).save(path, **options)
    assert is_plain_picture(path)
    assert read_rgb(path).tobytes() == read_image(path).tobytes()
    assert size_of(path) == (30, 20)


def test_georeferenced_colours_of_8_bits_are_plain(make_raster):
    values = RNG.integers(0, 256, (3, 40, 50)).astype(np.uint8)
    path = make_raster(values=values, interpretation=None, photometric="RGB", nodata=7)
    assert is_plain_picture(path)
    assert (np.asarray(read_rgb(path)) == np.moveaxis(values, 0, -1)).all()


# -- what is not ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("num_bands", "dtype", "expected"),
    [
        (1, np.uint16, [0]),
        (2, np.uint16, [0]),
        (3, np.uint16, [0, 1, 2]),
        (4, np.uint16, [0, 1, 2]),
        (5, np.int16, [0, 1, 2]),
        (3, np.float32, [0, 1, 2]),
        (1, np.float64, [0]),
        (4, np.uint32, [0, 1, 2]),
    ],
)
def test_rasters_are_read_as_an_index_reads_them(make_raster, num_bands, dtype, expected):
    values = smooth(num_bands, dtype)
    path = make_raster(values=values)
    assert not is_plain_picture(path)
    picture = read_rgb(path, FIXED)
    assert_alike(picture, shown(values[expected], 500, 3500))
    with open_scene(str(path), FIXED) as scene:
        assert (scene.read(Window(0, 0, 50, 40))[0] == np.asarray(picture)).all()
    # By itself it has a range of its own: one for all bands, so that colours stay.
    low, high = np.percentile(values[expected], (0.5, 99.5))
    assert_alike(read_rgb(path), shown(values[expected], low, high))
    assert size_of(path) == (50, 40)


def test_pictures_of_16_bits_are_shown_as_the_same_values_in_a_raster(make_raster, tmp_path):
    grey = smooth(1, low=0, high=4095)
    Image.fromarray(grey[0]).save(tmp_path / "grey.png")
    with rasterio.open(
        tmp_path / "rgb.png", "w", driver="PNG", width=50, height=40, count=3, dtype="uint16"
    ) as file:
        file.write(smooth(3, low=0, high=4095))
    Image.fromarray(grey[0]).save(tmp_path / "grey.tif")
    Image.fromarray(grey[0].astype(np.float32)).save(tmp_path / "float.tif")
    of_raster = np.asarray(read_rgb(make_raster("a.tif", grey)))
    for name in ("grey.png", "grey.tif", "float.tif"):
        assert not is_plain_picture(tmp_path / name)
        assert (np.asarray(read_rgb(tmp_path / name)) == of_raster).all()
    of_colours = np.asarray(read_rgb(make_raster("b.tif", smooth(3, low=0, high=4095))))
    assert (np.asarray(read_rgb(tmp_path / "rgb.png")) == of_colours).all()
    assert of_raster.max() == 255


def test_jpeg_2000_virtual_rasters_palettes_and_bands_of_8_bits(make_raster, tmp_path):
    values = smooth(3)
    path = make_raster("a.tif", values)
    with rasterio.open(path) as dataset:
        lossless = {"REVERSIBLE": "YES", "QUALITY": "100"}
        copy(dataset, tmp_path / "a.jp2", driver="JP2OpenJPEG", **lossless)
        copy(dataset, tmp_path / "a.vrt", driver="VRT")
    right = np.asarray(read_rgb(path))
    assert (np.asarray(read_rgb(tmp_path / "a.jp2")) == right).all()
    assert (np.asarray(read_rgb(tmp_path / "a.vrt")) == right).all()
    numbers = np.zeros((1, 40, 50), dtype=np.uint16)
    numbers[0, :20] = 300
    table = {0: (1, 2, 3, 255), 255: (0, 0, 0, 255)}
    palette = make_raster("palette.tif", numbers.astype(np.uint8), colormap=table)
    assert np.asarray(read_rgb(palette))[-1, 0].tolist() == [1, 2, 3]
    eight = RNG.integers(0, 256, (6, 40, 50)).astype(np.uint8)
    many = make_raster("six.tif", eight)
    assert (np.asarray(read_rgb(many)) == np.moveaxis(eight[:3], 0, -1)).all()


def test_nodata_is_black_and_no_part_of_the_range(make_raster):
    values = smooth(3)
    values[:, :, 25:] = 65_535
    picture = np.asarray(read_rgb(make_raster(values=values, nodata=65_535)))
    low, high = np.percentile(values[:, :, :25], (0.5, 99.5))
    assert_alike(picture[:, :25], shown(values[:, :, :25], low, high))
    assert (picture[:, 25:] == 0).all()


def test_large_rasters_are_thinned_out(make_raster, monkeypatch):
    monkeypatch.setattr("harma.scenes.rendering.MOST_SIDE", 20)
    ramp = np.arange(80 * 60, dtype=np.uint16).reshape(1, 80, 60)
    picture = np.asarray(
        read_rgb(make_raster(values=ramp), Reading(stretch=parse_stretch("0,4799")))
    )
    assert picture.shape == (20, 15, 3)
    # Each pixel is one of the 4 × 4 that it stands for.
    blocks = (ramp[0].reshape(20, 4, 15, 4) / 4799 * 255).transpose(0, 2, 1, 3).reshape(20, 15, 16)
    assert (picture[..., 0] >= blocks.min(axis=-1) - 1).all()
    assert (picture[..., 0] <= blocks.max(axis=-1) + 1).all()


# -- files that belong together -------------------------------------------------------------------


def test_files_that_belong_together_have_one_range(make_raster, tmp_path):
    dark, bright = smooth(3, low=100, high=400), smooth(3, low=3000, high=4000)
    paths = [make_raster("dark.tif", dark), make_raster("bright.tif", bright)]
    Image.new("RGB", (4, 4)).save(tmp_path / "plain.png")
    reading = reading_of([*paths, tmp_path / "plain.png", tmp_path / "gone.tif"])
    low, high = np.percentile(np.concatenate([dark, bright]), (0.5, 99.5))
    assert_alike(read_rgb(paths[0], reading), shown(dark, low, high))
    assert_alike(read_rgb(paths[1], reading), shown(bright, low, high))
    assert reading_of([tmp_path / "plain.png"]) is None
    assert reading_of([]) is None
    assert reading_of([tmp_path / "plain.png"], FIXED.stretch) == FIXED


def test_a_kind_without_a_range_is_told(make_raster, caplog):
    path = make_raster(values=smooth(3))
    known = KindRange("unknown sensor, float32, 3 bands", Stretch((0.0,) * 3, (1.0,) * 3))
    with caplog.at_level(logging.WARNING):
        read_rgb(path, Reading(ranges=(known,)))
    assert "no range is known of its kind (unknown sensor, uint16, 3 bands)" in caplog.text
    caplog.clear()
    read_rgb(path)
    read_rgb(path, FIXED)
    assert caplog.text == ""


# -- what cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["https://x.org/a.tif", "http:/x.org/a.png", "s3://b/a.tif", "/vsicurl/https://x/a.tif"]
)
def test_addresses_are_not_read_here(name):
    with pytest.raises(MissingFileError, match="addresses are not read here; save it as a file"):
        read_rgb(name)


def test_what_is_no_picture_is_told_as_ever(tmp_path):
    (tmp_path / "text.tif").write_text("no picture")
    (tmp_path / "empty.tif").write_text("")
    Image.new("RGB", (90, 90), (1, 2, 3)).save(tmp_path / "cut.jpg")
    data = (tmp_path / "cut.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    for name, error, message in (
        ("text.tif", DataError, "is not an image that can be read"),
        ("empty.tif", DataError, "is empty"),
        ("gone.tif", MissingFileError, "is not there"),
        ("cut.jpg", DataError, "truncated or damaged"),
        (".", MissingFileError, "is a directory"),
    ):
        with pytest.raises(error, match=message):
            read_rgb(tmp_path / name)


def test_a_raster_that_is_damaged_is_named(make_raster):
    path = make_raster(values=smooth(3), compress="deflate")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="scene.tif"):
        read_rgb(path)


def test_without_rasterio_pillow_reads_what_it_can(make_raster, tmp_path, monkeypatch, caplog):
    values = smooth(1)
    Image.fromarray(values[0]).save(tmp_path / "grey.png")
    Image.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "plain.png")
    raster = make_raster(values=smooth(4))
    for module in ("raster", "reading"):
        monkeypatch.setitem(sys.modules, f"harma.scenes.{module}", None)
    assert read_rgb(tmp_path / "plain.png").getpixel((0, 0)) == (1, 2, 3)
    assert caplog.text == ""
    assert (np.asarray(read_rgb(tmp_path / "grey.png")) == read_image(tmp_path / "grey.png")).all()
    assert "rasters are read right with harma[search] installed" in caplog.text
    assert reading_of([raster]) is None
    with pytest.raises(DataError, match="is not an image that can be read"):
        read_rgb(raster)


def test_the_plain_install_trains_and_embeds(tmp_path):
    """Without what the extra `search` brings: pictures are found, read and trained on."""
    Image.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "plain.png")
    code = f"""
import sys
missing = ("rasterio", "affine", "shapely", "pyproj", "antimeridian", "lancedb", "pyarrow")
for name in (*missing, "geopandas", "pystac"):
    sys.modules[name] = None
import harma.training.launch, harma.training.evaluate, harma.curation.check, harma.curation.stats
from harma.model.image_files import find_images
from harma.scenes.rendering import read_rgb, reading_of
(path,) = find_images([{str(tmp_path)!r}])
assert read_rgb(path).getpixel((0, 0)) == (1, 2, 3)
assert reading_of([path]) is None
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
