"""Rasters inside of other files, by name."""

import shutil

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine

from harma.errors import DataError
from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes
from harma.scenes.subdatasets import as_colors, file_of, name_one, subdataset, subdatasets_of


@pytest.fixture
def geopackage(tmp_path):
    """A GeoPackage of two rasters."""

    def make(name="g.gpkg", tables=("first", "second")):
        path = tmp_path / name
        for number, table in enumerate(tables):
            append = "YES" if number else "NO"
            with rasterio.open(
                path,
                "w",
                driver="GPKG",
                count=3,
                height=32,
                width=32,
                dtype="uint8",
                crs="EPSG:32631",
                transform=Affine(10, 0, 500_000, 0, -10, 5_000_000),
                RASTER_TABLE=table,
                APPEND_SUBDATASET=append,
            ) as dataset:
                dataset.write(np.full((3, 32, 32), 50 + 100 * number, dtype="uint8"))
        return path

    return make


@pytest.fixture
def netcdf(write_raster):
    """A NetCDF of several variables, as GDAL writes bands."""

    def make(name="c.nc", count=3):
        plain = write_raster("plain.tif", *range(1, count + 1), dtype="uint8")
        path = plain.parent / name
        path.parent.mkdir(exist_ok=True)
        rasterio.shutil.copy(plain, path, driver="netCDF")
        plain.unlink()
        return path

    return make


def test_the_name_that_the_message_shows_is_read(netcdf, monkeypatch):
    path = netcdf()
    words = "it holds 3 subdatasets, name one: "
    with pytest.raises(DataError, match=words) as told, open_scene(str(path), survey=True):
        pass
    shown = str(told.value).split("name one: ")[1].split(", ")
    assert shown == [f"NETCDF:{path}:Band{number}" for number in (1, 2, 3)]
    monkeypatch.chdir(path.parent)
    for number, name in enumerate(shown, 1):
        for written in (name, f"netcdf:c.nc:Band{number}", f'NETCDF:"{path}":Band{number}'):
            (source,) = find_scenes([written]).sources
            assert source.name == name
            assert source.files == (str(path),)
            with open_scene(source.opened_as) as scene, rasterio.open(name) as dataset:
                assert scene.facts.width == 20
                assert dataset.read(1).max() == number


@pytest.mark.parametrize("name", ["a b.nc", "a:b.nc", "12:30.nc", "ü.nc", "a'b.nc"])
def test_paths_with_odd_characters(name, netcdf, monkeypatch):
    path = netcdf(name)
    for listed in subdatasets_of(str(path)):
        (source,) = find_scenes([listed]).sources
        with rasterio.open(source.opened_as) as dataset:
            assert dataset.count == 1
        assert file_of(source.name) == str(path)


def test_every_raster_of_a_geopackage_is_a_scene(geopackage, tmp_path):
    path = geopackage()
    sources = find_scenes([tmp_path]).sources
    assert [source.name for source in sources] == [f"GPKG:{path}:first", f"GPKG:{path}:second"]
    for source, value in zip(sources, (50, 150), strict=True):
        with rasterio.open(source.opened_as) as dataset:
            assert dataset.read(1)[5, 5] == pytest.approx(value, abs=3)
    alone = geopackage("one.gpkg", tables=("only",))
    assert [source.name for source in find_scenes([alone]).sources] == [str(alone)]


def test_variables_of_hdf5(write_raster, tmp_path):
    plain = write_raster("plain.tif", 1, 2, dtype="uint8")
    # A NetCDF-4 file is one of HDF5.
    rasterio.shutil.copy(plain, tmp_path / "x.nc", driver="netCDF", FORMAT="NC4")
    (tmp_path / "x.nc").rename(tmp_path / "x.h5")
    found = find_scenes([tmp_path / "x.h5"])
    with (
        pytest.raises(DataError, match="name one: ") as told,
        open_scene(found.sources[0].opened_as, survey=True),
    ):
        pass
    shown = str(told.value).split("name one: ")[1].split(", ")
    for number, name in enumerate([name for name in shown if "Band" in name], 1):
        (source,) = find_scenes([name]).sources
        with rasterio.open(source.opened_as) as dataset:
            assert dataset.read(1).max() == number
        assert source.files == (str(tmp_path / "x.h5"),)


def test_a_folder_names_what_it_leaves_out(netcdf, tmp_path):
    path = netcdf()
    netcdf("one.nc", count=1)
    found = find_scenes([tmp_path])
    assert [source.name for source in found.sources] == [str(tmp_path / "one.nc")]
    assert "holds 3 subdatasets, name one: NETCDF:" in found.left_out[str(path)]


def test_lists_name_subdatasets_too(netcdf, tmp_path):
    netcdf("deep/c.nc")
    (tmp_path / "list.txt").write_text("NETCDF:deep/c.nc:Band2\n")
    (source,) = find_scenes([tmp_path / "list.txt"]).sources
    assert source.name == f"NETCDF:{tmp_path}/deep/c.nc:Band2"


@pytest.mark.parametrize(
    "item",
    [
        "WMS:http://example.org/x",
        "NETCDF:/nowhere/c.nc:x",
        "NETCDF:/vsicurl/http://example.org/c.nc:x",
        "HDF5:",
        "C:/data/a.tif",
        "plain.tif",
        "PG:dbname=x",
    ],
)
def test_what_is_no_subdataset_of_a_file_here(item, tmp_path):
    assert subdataset(item, tmp_path) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('HDF5:"x.h5"://group/data', "HDF5:{}/x.h5://group/data"),
        ("HDF5:x.h5://group/data", "HDF5:{}/x.h5://group/data"),
        ("SENTINEL2_L2A:x.h5:10m:EPSG_32631", "SENTINEL2_L2A:{}/x.h5:10m:EPSG_32631"),
        ("GTIFF_DIR:2:x.h5", "GTIFF_DIR:2:{}/x.h5"),
        ("NITF_IM:0:x.h5", "NITF_IM:0:{}/x.h5"),
        ('zarr:"x.zarr":/red', "ZARR:{}/x.zarr:/red"),
        ('HDF4_EOS:EOS_GRID:"x.h5":grid:field', "HDF4_EOS:EOS_GRID:{}/x.h5:grid:field"),
    ],
)
def test_forms_of_names(written, expected, tmp_path):
    (tmp_path / "x.h5").write_bytes(b"")
    (tmp_path / "x.zarr").mkdir()
    assert subdataset(written, tmp_path) == expected.format(tmp_path)


def test_variables_that_are_colours():
    names = [f"ZARR:/a.zarr:/{name}" for name in ("blue", "green", "nir", "red")]
    assert [part.path[-5:] for part in as_colors(names)] == [":/red", "green", "/blue"]
    assert as_colors(["NETCDF:/a.nc:B04", "NETCDF:/a.nc:B03"]) == ()
    assert len(as_colors([f"NETCDF:/a.nc:B0{number}" for number in range(1, 9)])) == 3
    assert name_one([]) == ""


@pytest.mark.shared
def test_the_case_that_was_reported(shared_dir, tmp_path):
    path = shutil.copy(shared_dir / "cases" / "15-netcdf" / "c.nc", tmp_path)
    names = subdatasets_of(str(path))
    assert len(names) == 3
    for name in names:
        with open_scene(find_scenes([name]).sources[0].opened_as) as scene:
            assert (scene.facts.width, scene.facts.height) == (32, 32)
