"""The range of a data set whose images are rasters."""

import numpy as np
import pytest
import rasterio
from tests.data.rasters import LEVELS, describe, write_rasters

from harma.data.annotations import load_split
from harma.data.cache import ImageCache
from harma.data.datasets import CaptionPairs
from harma.data.description import load_description
from harma.errors import ConfigError
from harma.model.embedding import embed_images
from harma.scenes.rendering import read_rgb


@pytest.fixture
def rasters(tmp_path):
    return write_rasters(tmp_path)


def load(path, split, **options):
    return load_split(load_description(path), split, path.parent, **options)


def test_all_splits_have_the_range_of_all_images(rasters):
    readings = [load(rasters, split).reading for split in LEVELS]
    assert readings[0] == readings[1] == readings[2]
    (known,) = readings[0].ranges
    values = []
    for path in sorted((rasters.parent / "images").iterdir()):
        with rasterio.open(path) as dataset:
            values.append(dataset.read())
    low, high = np.percentile(values, (0.5, 99.5))
    np.testing.assert_allclose(known.stretch.low, [low] * 3)
    np.testing.assert_allclose(known.stretch.high, [high] * 3)


@pytest.mark.parametrize("mode", ["none", "memory", "disk"])
def test_training_and_evaluation_see_the_same(rasters, tmp_path, model, mode):
    split = load(rasters, "train")
    pairs = CaptionPairs(split, lambda pixels: pixels, model[0].tokenize)
    cache = ImageCache(mode, tmp_path / "cache", split.reading)
    means = []
    for number, path in enumerate(split.images):
        picture = np.moveaxis(np.asarray(read_rgb(path, split.reading)), -1, 0)
        assert (pairs[number]["pixels"].numpy() == picture).all()
        assert (cache.get(path).numpy() == picture).all()
        assert (cache.get(path).numpy() == picture).all(), "also when it was kept"
        means.append(picture.mean())
    assert means[0] + 20 < means[1] < means[2] - 20, "darker images are darker"


def test_what_a_description_says(rasters):
    path = describe(rasters.parent, "stretch: 0,4000\n")
    reading = load(path, "train").reading
    assert str(reading.stretch) == "fixed:0,4000"
    assert reading.ranges == ()
    image = rasters.parent / "images" / "train500.tif"
    with rasterio.open(image) as dataset:
        right = np.round(dataset.read() / 4000 * 255)
    difference = np.moveaxis(np.asarray(read_rgb(image, reading)), -1, 0) - right
    assert np.abs(difference).max() <= 1
    path = describe(rasters.parent, "stretch: scene:0,100\n")
    assert load(path, "test").reading.ranges == ()
    path = describe(rasters.parent, "stretch: bright\n")
    with pytest.raises(ConfigError, match="stretch is 'bright'; allowed are auto"):
        load(path, "train")


def test_plain_pictures_need_no_reading(tiny_data):
    split = load(tiny_data / "data.yaml", "train")
    assert split.reading is None
    assert split.subset([0, 1]).reading is None


def test_a_part_of_a_split_is_read_as_all_of_it(rasters):
    split = load(rasters, "train")
    assert split.subset([1]).reading is split.reading


def test_entries_of_other_ranges_are_not_met(rasters, tmp_path):
    split = load(rasters, "train")
    other = load(describe(rasters.parent, "stretch: 0,4000\n"), "train")
    first = ImageCache("disk", tmp_path / "cache", split.reading).get(split.images[0])
    second = ImageCache("disk", tmp_path / "cache", other.reading).get(split.images[0])
    assert not (first == second).all()


def test_files_that_are_embedded_together_have_one_range(rasters, model):
    split = load(rasters, "train")
    right = [np.asarray(read_rgb(path, split.reading)) for path in split.images]
    paths = sorted((rasters.parent / "images").iterdir())
    together = embed_images(model[0], paths)
    of_train = [paths.index(path) for path in split.images]
    np.testing.assert_allclose(together[of_train], embed_images(model[0], right), atol=1e-5)
