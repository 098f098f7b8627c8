"""Geolocation arrays of swaths."""

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import shapely
from rasterio.crs import CRS

from harma.errors import DataError
from harma.scenes.raster import open_scene
from harma.scenes.windows import Window

HEIGHT, WIDTH = 90, 120


def swath(column, row, middle=(12.0, 48.0)):
    """Longitude and latitude of a pixel's middle: a bent, turned strip."""
    x = (column - WIDTH / 2) * 0.01
    y = (row - HEIGHT / 2) * 0.008
    longitude = middle[0] + 0.9 * x + 0.2 * y + 0.15 * x**2
    return (longitude + 180) % 360 - 180, middle[1] - y + 0.15 * x


@pytest.fixture
def write(tmp_path):
    """A swath with its longitudes and latitudes in files beside it."""

    def make(middle=(12.0, 48.0), *, step=1, fill=False):
        columns, rows = np.meshgrid(np.arange(0, WIDTH, step), np.arange(0, HEIGHT, step))
        for name, array in zip(("lon", "lat"), swath(columns, rows, middle), strict=True):
            if fill:
                array = np.where((rows < 8) & (columns < 8), -999.0, array)
            write_band(tmp_path / f"{name}.tif", array, nodata=-999.0)
        values = np.full((HEIGHT, WIDTH), 20, dtype=np.int16)
        values[30:33, 80:83] = 900
        tags = {
            "X_DATASET": f"{tmp_path}/lon.tif",
            "Y_DATASET": f"{tmp_path}/lat.tif",
            "X_BAND": "1",
            "Y_BAND": "1",
            "PIXEL_OFFSET": "0",
            "LINE_OFFSET": "0",
            "PIXEL_STEP": str(step),
            "LINE_STEP": str(step),
            "GEOREFERENCING_CONVENTION": "PIXEL_CENTER",
            "SRS": CRS.from_epsg(4326).to_wkt(),
        }
        write_band(tmp_path / "a.tif", values, tags=tags)
        return str(tmp_path / "a.tif")

    return make


def write_band(path, array, *, nodata=None, tags=None):
    height, width = array.shape
    profile = {"width": width, "height": height, "count": 1, "dtype": array.dtype, "nodata": nodata}
    with rasterio.open(path, "w", driver="GTiff", **profile) as dataset:
        dataset.write(array, 1)
        dataset.update_tags(ns="GEOLOCATION", **(tags or {}))


def bright(opened):
    with open_scene(opened) as scene:
        window = Window(0, 0, scene.facts.width, scene.facts.height)
        rows, columns = np.nonzero(scene.read(window)[0][..., 0] > 128)
        at = [(columns.mean() + 0.5, rows.mean() + 0.5)]
        return scene.place.to_wgs84(at)[0], scene


@pytest.mark.parametrize("middle", [(12, 48), (-70, -55), (0, 0), (100, 60), (30, -20)])
@pytest.mark.parametrize("options", [{}, {"fill": True}, {"step": 5}])
def test_a_swath_lies_where_its_arrays_say(write, middle, options):
    found, scene = bright(write(middle, **options))
    expected = swath(81, 31, middle)
    assert found == pytest.approx(expected, abs=0.015)
    kind, error = scene.facts.placed_by.split(", ")[1:]
    assert kind in ("thin-plate spline", "polynomial")
    assert float(error.split()[0]) < 2
    assert scene.facts.pixel_size.across == pytest.approx(scene.facts.pixel_size.along, rel=0.03)


@pytest.mark.parametrize("longitude", [180.0, 179.7, -179.9])
def test_a_swath_across_the_dateline(write, longitude):
    with open_scene(write((longitude, 20.0))) as scene:
        window = Window(0, 0, scene.facts.width, scene.facts.height)
        footprint = scene.footprint(window)
        assert footprint.is_valid
        assert footprint.area < 4
        x, y = swath(40, 60, (longitude, 20.0))
        assert footprint.covers(shapely.Point(x, y))


@pytest.mark.parametrize("name", ["/etc/passwd", "../lon.tif", "/vsicurl/https://x.org/lon.tif"])
def test_arrays_elsewhere_are_not_opened(tmp_path, name):
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=60, height=40, count=1, dtype="uint8"
    ) as dataset:
        dataset.write(np.ones((1, 40, 60), dtype=np.uint8))
        dataset.update_tags(ns="GEOLOCATION", X_DATASET=name, Y_DATASET=name)
    with (
        pytest.raises(DataError, match="its geolocation arrays lie elsewhere"),
        open_scene(str(path)),
    ):
        pass


def test_a_swath_in_netcdf(write, tmp_path):
    # GDAL writes the arrays into the file, as agencies do.
    rasterio.shutil.copy(write(), tmp_path / "a.nc", driver="netCDF")
    for name in ("a.tif", "lon.tif", "lat.tif"):
        (tmp_path / name).unlink()
    with rasterio.open(tmp_path / "a.nc") as dataset:
        names = [name for name in dataset.subdatasets if name.endswith("Band1")]
    found, _ = bright((names or [str(tmp_path / "a.nc")])[0])
    assert found == pytest.approx(swath(81, 31), abs=0.015)
