"""Opened scenes: chips, their share of nodata, overviews, footprints."""

import numpy as np
import pytest

from harma.errors import DataError
from harma.scenes.raster import open_scene
from harma.scenes.windows import Window


def test_footprints_of_windows(make_raster):
    with open_scene(str(make_raster())) as scene:
        footprint = scene.footprint(Window(5, 10, 20, 10))
        assert footprint.equals(scene.place.footprint(5, 10, 20, 10))
    with open_scene(str(make_raster("plain.tif", crs=None, pixel=None))) as scene:
        assert scene.footprint(Window(0, 0, 10, 10)) is None


def test_the_share_of_nodata_and_black_in_its_place(make_raster, bands, read):
    values = bands(9, 8, 7)
    values[:, :10] = 0
    _, pixels, empty = read(make_raster(values=values, nodata=0))
    assert empty == 0.25
    assert (pixels[:10] == 0).all()
    assert (pixels[10:] == [9, 8, 7]).all()
    # Over the edge on the right alone, and below alone.
    path = make_raster("b.tif")
    for window in (Window(40, 0, 40, 40), Window(0, 30, 50, 40)):
        _, pixels, empty = read(path, window)
        assert empty == 0.75
        assert pixels.shape == (window.height, window.width, 3)
        assert (pixels == 100).mean() == 0.25


def test_an_overview_is_thinned_out_and_black_without_data(make_raster):
    values = np.zeros((3, 40, 60), dtype=np.uint8)
    values[0] = np.arange(60)[None, :] + 1
    values[1:, :, 30:] = 200
    values[:, 20:] = 0
    with open_scene(str(make_raster(values=values, nodata=0))) as scene:
        whole = scene.overview(60)
        half = scene.overview(30)
        larger = scene.overview(500)
    assert np.array_equal(whole, np.moveaxis(values, 0, -1))
    assert half.shape == (20, 30, 3)
    assert (half[10:] == 0).all()
    # Nearest: every value is one of the scene's own, from its own half.
    assert set(np.unique(half[:10, :, 0])) <= set(range(1, 61))
    assert (half[:10, 15:, 1] == 200).all()
    assert larger.shape == whole.shape, "never enlarged"


def test_a_chip_that_does_not_fit_into_memory_is_told(make_raster, monkeypatch):
    with open_scene(str(make_raster())) as scene:

        def full(window, shape=None):
            raise MemoryError

        monkeypatch.setattr(scene.reader, "read", full)
        with pytest.raises(DataError, match="a chip of 50 × 40 pixels does not fit into memory"):
            scene.read(Window(0, 0, 50, 40))
