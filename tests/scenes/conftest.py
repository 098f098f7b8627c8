"""Small rasters made for a test."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from harma.scenes.raster import Reading, open_scene
from harma.scenes.stretch_rule import parse_stretch
from harma.scenes.windows import Window

UTM = "EPSG:32631"
ALL = Window(0, 0, 50, 40)  # of the usual raster


@pytest.fixture
def make_raster(tmp_path):
    """Write a GeoTIFF: values (bands, H, W), and what the profile needs beside them."""

    def make(
        name="scene.tif",
        values=None,
        *,
        crs=UTM,
        left=500_000.0,
        top=5_000_000.0,
        pixel=10.0,
        interpretation=None,
        tags=None,
        mask=None,
        colormap=None,
        descriptions=None,
        **profile,
    ):
        values = np.full((3, 40, 50), 100, dtype=np.uint8) if values is None else np.asarray(values)
        transform = None if pixel is None else Affine(pixel, 0, left, 0, -pixel, top)
        path = tmp_path / name
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=len(values),
            height=values.shape[1],
            width=values.shape[2],
            dtype=values.dtype,
            crs=crs,
            transform=transform,
            **profile,
        ) as dataset:
            if interpretation:
                dataset.colorinterp = interpretation
            dataset.write(values)
            if colormap:
                dataset.write_colormap(1, colormap)
            if mask is not None:
                dataset.write_mask(mask)
            dataset.update_tags(**(tags or {}))
            for number, text in enumerate(descriptions or (), 1):
                dataset.set_band_description(number, text)
        return path

    return make


@pytest.fixture
def bands():
    """Bands (bands, 40, 50) of one value each."""

    def make(*values, dtype=np.uint8):
        return np.stack([np.full((40, 50), value, dtype=dtype) for value in values])

    return make


@pytest.fixture
def read():
    """Open a scene and read a window: facts, pixels, and the share of nodata."""

    def make(path, window=ALL, **options):
        if "stretch" in options:
            options["stretch"] = parse_stretch(options["stretch"])
        with open_scene(str(path), Reading(**options)) as scene:
            pixels, empty = scene.read(window)
            return scene.facts, pixels, empty

    return make
