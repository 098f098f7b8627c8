"""Plain pictures that were opened once."""

import numpy as np
import pytest
from PIL import Image
from tests.index.parts import write_stripes

from harma.errors import DataError, MissingFileError
from harma.scenes.known_pictures import KnownPicture
from harma.scenes.raster import open_scene
from harma.scenes.windows import Window

ORIENTATION = 0x0112
ON_ITS_SIDE = 6


def looked_at(path):
    with open_scene(str(path), survey=True) as scene:
        return KnownPicture.of(scene)


def picture(height, width, bands=3):
    """Colours that differ from place to place, and little from pixel to pixel."""
    rows, columns = np.mgrid[:height, :width]
    planes = [rows * 255 // height, columns * 255 // width, (rows + columns) % 64, columns % 200]
    return Image.fromarray(np.stack(planes[:bands], axis=-1).astype(np.uint8))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "on_its_side.jpg", "transparent.png"])
def test_a_known_picture_is_the_scene_that_opening_it_gives(tmp_path, name):
    path = tmp_path / name
    exif = Image.Exif()
    if name.startswith("on"):
        exif[ORIENTATION] = ON_ITS_SIDE
    picture(40, 60, 4 if name.startswith("tr") else 3).save(path, exif=exif)
    known = looked_at(path).open()
    with open_scene(str(path)) as scene:
        assert known.facts == scene.facts
        for window in (Window(0, 0, scene.facts.width, scene.facts.height), Window(8, 4, 16, 16)):
            pixels, nodata = known.read(window)
            expected, expected_nodata = scene.read(window)
            np.testing.assert_array_equal(pixels, expected)
            assert nodata == expected_nodata
        np.testing.assert_array_equal(known.read_whole()[0], scene.read_whole()[0])


def test_a_raster_is_none(tmp_path):
    assert looked_at(write_stripes(tmp_path / "a.tif", [1, 2])) is None


def test_another_picture_under_its_name_is_opened_anew(tmp_path):
    path = tmp_path / "a.jpg"
    picture(40, 60).save(path)
    known = looked_at(path)
    picture(40, 61).save(path)
    assert known.open() is None
    path.write_bytes(b"\xff\xd8\xff no picture")
    with pytest.raises(DataError, match="not an image that can be read"):
        known.open()
    path.unlink()
    with pytest.raises(MissingFileError, match="is not there"):
        known.open()


@pytest.mark.parametrize(
    ("least", "shape"),
    [(None, (400, 800)), (400, (400, 800)), (200, (200, 400)), (101, (200, 400)), (20, (50, 100))],
)
def test_a_large_jpeg_is_decoded_smaller_but_not_too_small(tmp_path, least, shape):
    path = tmp_path / "a.jpg"
    picture(400, 800).save(path, quality=95)
    known = looked_at(path)
    scene = known.open(least)
    pixels, nodata = scene.read_whole()
    assert (pixels.shape, nodata) == ((*shape, 3), 0)
    assert (scene.facts.width, scene.facts.height) == (800, 400)
    whole = Image.fromarray(known.open().read_whole()[0])
    smaller = np.asarray(whole.resize(shape[::-1], Image.Resampling.BOX), dtype=float)
    assert np.abs(smaller - pixels).mean() < 3


def test_other_pictures_are_decoded_as_they_are(tmp_path):
    path = tmp_path / "a.png"
    picture(400, 800).save(path)
    assert looked_at(path).open(20).read_whole()[0].shape == (400, 800, 3)
