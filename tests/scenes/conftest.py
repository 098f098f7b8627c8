"""Small rasters made for a test."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
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


@pytest.fixture
def write_raster(tmp_path):
    """Write a raster by its path below the folder of the test: bands of one value each."""

    def write(name, *values, dtype="uint16", driver="GTiff", pixel=10.0, size=20, **profile):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        usual = {"crs": UTM, "transform": Affine(pixel, 0, 500_000, 0, -pixel, 5_000_000)}
        with rasterio.open(
            path,
            "w",
            driver=driver,
            count=len(values),
            height=size,
            width=size,
            dtype=dtype,
            **{**usual, **profile},
        ) as dataset:
            for number, value in enumerate(values, 1):
                dataset.write(np.full((size, size), value, dtype=dtype), number)
        return path

    return write


@pytest.fixture
def values_of():
    """What a source shows: its bands' values at the middle, and its descriptions."""

    def read_middle(source):
        with rasterio.open(source.opened_as) as dataset:
            middle = dataset.read()[:, dataset.height // 2, dataset.width // 2]
            return middle.tolist(), dataset.descriptions

    return read_middle
