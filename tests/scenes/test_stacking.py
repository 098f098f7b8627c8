"""Bands put together as one raster."""

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from harma.errors import DataError
from harma.scenes.products.product import BandPart
from harma.scenes.raster import open_scene
from harma.scenes.stacking import UnfitError, name_of, stacked

COLORS = ("red", "green", "blue")


def parts(*paths, **options):
    return [
        BandPart(str(path), color, **options) for path, color in zip(paths, COLORS, strict=False)
    ]


def opened(*paths, **options):
    return rasterio.open(stacked(parts(*paths, **options)))


def test_bands_of_one_grid(write_raster):
    paths = [write_raster(f"{value}.tif", value) for value in (40, 30, 20)]
    with opened(*paths) as dataset, rasterio.open(paths[0]) as first:
        assert dataset.read()[:, 5, 5].tolist() == [40, 30, 20]
        assert (dataset.transform, dataset.crs) == (first.transform, first.crs)
        assert dataset.descriptions == COLORS
        assert [color.name for color in dataset.colorinterp] == list(COLORS)
        assert dataset.dtypes == ("uint16",) * 3


@pytest.mark.parametrize(("metres", "size"), [(20, 10), (5, 40), (40, 5), (100, 2), (200, 1)])
def test_bands_of_other_resolutions_are_fitted_to_the_first(metres, size, write_raster):
    fine = write_raster("fine.tif", 40)
    other = write_raster("other.tif", 7, pixel=metres, size=size)
    values = np.arange(size * size, dtype="uint16").reshape(size, size)
    with rasterio.open(other, "r+") as dataset:
        dataset.write(values, 1)
    with opened(fine, other) as dataset:
        rows = np.floor((np.arange(20) + 0.5) * size / 20).astype(int)
        assert np.array_equal(dataset.read(2), values[np.ix_(rows, rows)])


def test_nodata_is_the_files_or_else_the_products(write_raster):
    paths = [write_raster("a.tif", 1, nodata=9), write_raster("b.tif", 1)]
    with opened(*paths, nodata=0.0) as dataset:
        assert dataset.nodatavals == (9, 0)
    with opened(*paths) as dataset:
        assert dataset.nodatavals == (9, None)


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint32", "int32", "float32", "float64"])
def test_types_stay(kind, write_raster):
    with opened(write_raster("a.tif", 3, dtype=kind)) as dataset:
        assert dataset.dtypes == (kind,)


def test_control_points_and_coefficients_come_along(write_raster, tmp_path):
    points = [
        GroundControlPoint(0, 0, 10, 50),
        GroundControlPoint(0, 20, 10.5, 50),
        GroundControlPoint(20, 0, 10, 49.5),
        GroundControlPoint(20, 20, 10.5, 49.5, 12.5),
    ]
    path = write_raster("a.tif", 3, crs="EPSG:4326", transform=None, gcps=points)
    with opened(path) as dataset:
        there, crs = dataset.gcps
        assert crs == rasterio.CRS.from_epsg(4326)
        expected = [(point.row, point.col, point.x, point.y, point.z or 0) for point in points]
        assert [(p.row, p.col, p.x, p.y, p.z) for p in there] == expected
    ones = [1.0] + [0.0] * 19
    offsets = {f"{name}_off": 10.0 for name in ("height", "lat", "line", "long", "samp")}
    scales = {f"{name}_scale": 2.0 for name in ("height", "lat", "line", "long", "samp")}
    terms = {f"{name}_coeff": ones for name in ("line_num", "line_den", "samp_num", "samp_den")}
    rpcs = RPC(**offsets, **scales, **terms, err_bias=None, err_rand=None)
    path = write_raster("b.tif", 3, crs=None, transform=None, rpcs=rpcs)
    with opened(path) as dataset, rasterio.open(path) as plain:
        assert dataset.tags(ns="RPC")["LINE_OFF"] == plain.tags(ns="RPC")["LINE_OFF"]
        assert dataset.rpcs == plain.rpcs


def test_names_with_odd_characters(write_raster):
    for name in ("a & b <c>.tif", 'quote".tif', "Zürich 東京.tif", "it's.tif", "[1] 50%.tif"):
        path = write_raster(name, 4)
        with opened(path) as dataset:
            assert dataset.read()[0, 0, 0] == 4
        assert name_of(stacked(parts(path))) == str(path)
    assert name_of("/a/b.tif") == "/a/b.tif"


def test_files_that_are_no_bands_of_one_scene(write_raster):
    first = write_raster("a.tif", 1)
    for other, problem in (
        (write_raster("three.tif", 1, 2, 3), "three.tif has 3 bands, not one"),
        (write_raster("elsewhere.tif", 1, pixel=11), "elsewhere.tif lies elsewhere"),
        (write_raster("zone.tif", 1, crs="EPSG:32632"), "another coordinate reference system"),
        (write_raster("small.tif", 1, size=19), "small.tif lies elsewhere"),
        (write_raster("none.tif", 1, crs=None), "another coordinate reference system"),
    ):
        with pytest.raises(UnfitError, match=problem):
            stacked(parts(first, other))


def test_a_file_that_cannot_be_read_is_named(write_raster, tmp_path):
    first = write_raster("a.tif", 1)
    (tmp_path / "b.tif").write_bytes(b"no raster")
    with pytest.raises(DataError, match=r"b\.tif: it cannot be read"):
        stacked(parts(first, tmp_path / "b.tif"))


def test_errors_of_a_scene_that_is_put_together_name_its_first_file(write_raster):
    path = write_raster("scene_20200101.tif", 4)
    text = stacked(parts(path))
    with open_scene(text, survey=True) as scene:
        assert scene.facts.source == str(path)
        assert scene.facts.taken.start.year == 2020
    path.unlink()
    with pytest.raises(DataError) as told, open_scene(text) as scene:
        scene.read(scene.facts)
    assert "<VRT" not in str(told.value)


def test_scales_and_offsets_stay(write_raster):
    path = write_raster("a.tif", 1)
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = (0.0001,)
        dataset.offsets = (-0.1,)
    with opened(path, write_raster("b.tif", 1)) as dataset:
        assert dataset.scales == (0.0001, 1)
        assert dataset.offsets == (-0.1, 0)
