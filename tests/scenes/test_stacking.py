"""Bands of several files as one raster."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from harma.scenes.products.product import Part
from harma.scenes.stacking import UnfitError, stacked


def write(path, value, *, side=8, metres=10.0, west=0):
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=side,
        height=side,
        count=1,
        dtype="uint16",
        crs="EPSG:32631",
        nodata=0,
        transform=Affine(metres, 0, 500_000 + west, 0, -metres, 5_000_000),
    ) as dataset:
        dataset.write(np.full((1, side, side), value, dtype="uint16"))
    return str(path)


def test_bands_are_put_together_on_the_grid_of_the_first(tmp_path):
    parts = [
        Part(write(tmp_path / "r.tif", 100), "red"),
        Part(write(tmp_path / "g.tif", 200), "green"),
        Part(write(tmp_path / "b.tif", 300, side=4, metres=20.0), "blue"),
    ]
    with rasterio.open(stacked(parts)) as dataset:
        assert (dataset.width, dataset.height, dataset.crs) == (8, 8, "EPSG:32631")
        assert [color.name for color in dataset.colorinterp] == ["red", "green", "blue"]
        assert [int(band.mean()) for band in dataset.read()] == [100, 200, 300]
        assert dataset.nodatavals == (0, 0, 0)


def test_bands_that_lie_apart(tmp_path):
    parts = [
        Part(write(tmp_path / "r.tif", 100), "red"),
        Part(write(tmp_path / "g.tif", 200, west=80), "green"),
    ]
    with pytest.raises(UnfitError, match=r"g\.tif lies elsewhere"):
        stacked(parts)
