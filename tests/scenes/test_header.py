"""Headers: what a raster says of itself, as it was written into it."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

from harma.errors import DataError
from harma.scenes.edge import gdal_settings
from harma.scenes.header import read_header


def header_of(path):
    with gdal_settings(), rasterio.open(path) as dataset:
        return read_header(dataset)


def test_what_was_written_is_read(make_raster):
    values = np.zeros((2, 30, 50), dtype=np.uint16)
    path = make_raster(values=values, descriptions=["red", None], tags={"ACQUIRED": "2020-01-02"})
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = (0.0001, 1.0)
        dataset.offsets = (-0.1, 0.0)
    header = header_of(path)
    assert (header.driver, header.width, header.height) == ("GTiff", 50, 30)
    assert header.crs.to_epsg() == 32631
    assert header.transform == Affine(10, 0, 500_000, 0, -10, 5_000_000)
    assert (header.types, header.descriptions) == (("uint16",) * 2, ("red", None))
    assert header.scaling == ((0.0001, -0.1), (1.0, 0.0))
    assert header.tags["ACQUIRED"] == "2020-01-02"
    assert header.coefficients is None
    assert header.wavelengths == (None, None)
    assert header.band_facts("a.tif").descriptions == ("red", None)


def test_wavelengths_of_bands_are_read(make_raster):
    path = make_raster(values=np.zeros((2, 8, 8), dtype=np.uint8))
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(1, wavelength="665", wavelength_units="nm")
    assert header_of(path).wavelengths == (665.0, None)


def test_points_are_read(tmp_path):
    points = [GroundControlPoint(row, column, column, row) for row in (0, 9) for column in (0, 9)]
    path = tmp_path / "points.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=9, height=9, count=1, dtype="uint8"
    ) as dataset:
        dataset.gcps = (points, CRS.from_epsg(4326))
    there, crs = header_of(path).gcps
    assert [(point.x, point.y) for point in there] == [(point.x, point.y) for point in points]
    assert crs.to_epsg() == 4326


def test_what_cannot_be_read_is_an_error_of_ours(make_raster):
    with rasterio.open(make_raster()) as dataset:
        pass
    with pytest.raises(DataError, match="what it says of itself cannot be read"):
        read_header(dataset)
