"""The edge to libraries: whatever a file does to them is an error of ours."""

import logging
import os
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest
import rasterio
from benchmarks.archive.gridded import write_netcdf
from PIL import Image

from harma.errors import ConfigError, DataError, HarmaError, MissingFileError
from harma.scenes.edge import gdal_settings, library_call, naming, not_from_memory
from harma.scenes.raster import open_scene
from harma.scenes.windows import Window

VRT = """<VRTDataset rasterXSize="{side}" rasterYSize="{side}">
  <SRS>EPSG:32631</SRS><GeoTransform>{transform}</GeoTransform>
  {metadata}
  <VRTRasterBand dataType="{kind}" band="1">
    <Description>{description}</Description><ColorInterp>{color}</ColorInterp>
  </VRTRasterBand>
</VRTDataset>"""


@pytest.fixture
def write_vrt(tmp_path):
    """Write a virtual raster that says of itself what it is told to."""

    def write(**said):
        usual = {
            "side": 8,
            "transform": "500000, 10, 0, 5000000, 0, -10",
            "metadata": "",
            "kind": "Byte",
            "color": "Gray",
            "description": "",
        }
        path = tmp_path / "odd.vrt"
        path.write_bytes(VRT.format(**{**usual, **said}).encode("latin-1"))
        return path

    return write


def test_what_a_library_raises_is_an_error_with_the_traceback_logged(caplog):
    caplog.set_level(logging.DEBUG, logger="harma")
    error = OSError("rasterio's words")
    error.__cause__ = RuntimeError("GDAL's wrapper")
    error.__cause__.__cause__ = ValueError("strip 3 is short\nat 7")
    with (
        pytest.raises(DataError, match=r"^it is damaged \(strip 3 is short\)$"),
        library_call("it is damaged"),
    ):
        raise error
    assert "ValueError: strip 3 is short" in caplog.text
    assert "OSError: rasterio's words" in caplog.text


def test_errors_of_ours_pass_as_they_are():
    with pytest.raises(MissingFileError, match="^gone$"), library_call("it is damaged"):
        raise MissingFileError("gone")
    with pytest.raises(KeyboardInterrupt), library_call("it is damaged"):
        raise KeyboardInterrupt


def test_what_memory_does_not_hold_is_not_damaged():
    with (
        pytest.raises(DataError, match=r"it does not fit into memory \(Unable to allocate"),
        library_call("it is damaged"),
    ):
        np.zeros((1 << 40, 1 << 10))


def test_errors_name_their_scene_once():
    for error in (
        ConfigError("nodata is 3"),
        ConfigError("nodata is 3", source="a.tif"),
        ConfigError("a.tif: nodata is 3"),
    ):
        with pytest.raises(ConfigError) as caught, naming("a.tif"):
            raise error
        assert str(caught.value) == "a.tif: nodata is 3"
    with pytest.raises(ConfigError) as caught, naming("a.tif"):
        raise ConfigError("nodata is 3")
    assert (caught.value.problem, caught.value.source) == ("nodata is 3", "a.tif")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"color": "Alpha"}, "all its bands are alpha"),
        ({"transform": "500000, 0, 0, 5000000, 0, 0"}, "its pixels have no size on the ground"),
        ({"transform": "500000, 1e308, 0, 5000000, 0, 1e308"}, "no size on the ground"),
        ({"transform": "500000, nan, 0, 5000000, 0, -10"}, "no size on the ground"),
        ({"transform": "1e300, 10, 0, 5000000, 0, -10"}, "longitude and latitude|lies outside"),
        ({"side": -4}, r"cannot be read as a raster or picture \("),
    ],
)
def test_files_that_say_odd_things_of_themselves(write_vrt, said, message):
    path = write_vrt(**said)
    with pytest.raises(HarmaError, match=message) as caught, open_scene(str(path)):
        pass
    assert caught.value.source == str(path)
    assert str(path) not in caught.value.problem


@pytest.mark.parametrize(
    "date", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-05:00", "2015-13-45", "\n"]
)
def test_dates_that_are_none_are_left_out(write_vrt, date):
    path = write_vrt(metadata=f'<Metadata><MDI key="DATE">{date}</MDI></Metadata>')
    with open_scene(str(path)) as scene:
        assert scene.facts.taken is None


def test_a_virtual_raster_of_absurd_size_is_not_read_whole(write_vrt):
    side = 2_000_000_000
    path = write_vrt(side=side, transform="500000, 1e-4, 0, 5000000, 0, -1e-4")
    with (
        open_scene(str(path)) as scene,
        pytest.raises(DataError, match="odd.vrt: a chip of .* lies in blocks of .* bytes"),
    ):
        scene.read(Window(0, 0, side, side))


def test_an_absurd_chip_is_not_read(make_raster):
    message = "scene.tif: a chip of 1,000,000 × 9,000,000 pixels does not fit into memory"
    with open_scene(str(make_raster())) as scene, pytest.raises(DataError, match=message):
        scene.read(Window(0, 0, 1_000_000, 9_000_000))


def test_bytes_that_are_no_text(write_vrt):
    with (
        pytest.raises(DataError, match="odd.vrt: .*cannot be read"),
        open_scene(str(write_vrt(description="\xe9t\xe9"))),
    ):
        pass


def test_names_that_are_no_text():
    with (
        pytest.raises(HarmaError, match="it is not there|cannot be read as a raster or picture"),
        open_scene("/nowhere/\udcff.tif"),
    ):
        pass


@pytest.mark.parametrize("seed", range(40))
def test_damaged_files_are_errors_of_ours_or_read(make_raster, seed):
    """Bytes of a small compressed GeoTIFF are changed at random, most of them in its header."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4000, (4, 40, 50)).astype(np.uint16)
    path = make_raster(values=values, compress="deflate", tags={"DATE": "2015-09-26"}, nodata=0)
    data = bytearray(path.read_bytes())
    places = np.concatenate([rng.integers(0, 600, 6), rng.integers(0, len(data), 6)])
    for place in places:
        data[place] = rng.integers(0, 256)
    path.write_bytes(bytes(data))
    errors = []
    try:
        with open_scene(str(path)) as scene:
            scene.read(Window(0, 0, 40, 40))
            scene.footprint(Window(0, 0, 40, 40))
    except HarmaError as error:
        errors.append(error)
    assert all(error.source == str(path) for error in errors)


def test_nothing_is_said_of_pictures_without_georeference(make_raster):
    path = make_raster(crs=None, pixel=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with open_scene(str(path)):
            pass
    # Others may still want to be warned.
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(path):
        pass


@pytest.mark.parametrize("number", [0, 1], ids=["no grid mapping", "a grid mapping"])
def test_netcdf_of_longitudes_and_latitudes_is_placed(tmp_path, number):
    truth = write_netcdf(tmp_path, number, 0)
    with open_scene(f"NETCDF:{tmp_path / truth.paths[0]}:red", survey=True) as scene:
        window = Window(0, 0, scene.facts.width, scene.facts.height)
        assert scene.footprint(window).bounds == pytest.approx(truth.bounds, abs=truth.tolerance)


def test_what_is_asked_for_again_stays_so_while_scenes_are_opened():
    with gdal_settings():
        assert rasterio.env.getenv()["CPL_VSIL_CURL_NON_CACHED"] == "/vsis3/:/vsigs/:/vsiaz/"
    with not_from_memory(), gdal_settings():
        assert "/vsicurl/" in rasterio.env.getenv()["CPL_VSIL_CURL_NON_CACHED"]
    with gdal_settings():
        assert "/vsicurl/" not in rasterio.env.getenv()["CPL_VSIL_CURL_NON_CACHED"]


@pytest.mark.parametrize("follow", ["0", "1"])
def test_threads_open_pictures_without_a_warning(tmp_path, follow):
    code = """
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from harma.scenes.raster import open_scene

        def width(number):
            with open_scene(sys.argv[1], survey=True) as scene:
                return scene.facts.width

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(width, range(200))) == {20}
        """
    path = tmp_path / "a.png"
    Image.new("RGB", (20, 10)).save(path)
    command = [sys.executable, "-c", textwrap.dedent(code), path]
    environment = {**os.environ, "HARMA_FOLLOW": follow}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
