"""Rasters that reach elsewhere are not opened, and nothing is fetched."""

import http.server
import os
import threading

import pytest
from affine import Affine
from tests.serve.mixed import picture, write_raster

from harma.errors import DataError, MissingFileError
from harma.scenes.products.product import BandPart
from harma.scenes.reach import ELSEWHERE
from harma.scenes.source import Source
from harma.scenes.stacking import stacked
from harma.serve.rasters import bound_blocks, open_raster, serving_settings

NORTH_UP = Affine(10, 0, 500_000, 0, -10, 5_000_000)
VRT = """<VRTDataset rasterXSize="96" rasterYSize="96"><SRS>EPSG:32631</SRS>
<GeoTransform>500000, 10, 0, 5000000, 0, -10</GeoTransform>
<VRTRasterBand dataType="Byte" band="1"{band}>{source}</VRTRasterBand></VRTDataset>"""
SIMPLE = """<SimpleSource><SourceFilename relativeToVRT="{relative}">{name}</SourceFilename>
<SourceBand>1</SourceBand></SimpleSource>"""


@pytest.fixture
def asked():
    """What a server of this machine is asked for, and its address."""
    paths = []

    class Listening(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            paths.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 - as http.server names it

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield paths, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def secret(tmp_path):
    """A raster that was not indexed."""
    path = tmp_path / "secret" / "plan.tif"
    path.parent.mkdir()
    write_raster(path, picture(1)[..., :1], "EPSG:32631", NORTH_UP)
    return path


def opened(path, files=()):
    """Open as the server does, and read all of it."""
    with (
        serving_settings(str(path)),
        open_raster(Source(str(path), str(path), files=files)) as dataset,
    ):
        return dataset.read()


def vrt(path, name, *, relative=0, band=""):
    path.write_text(VRT.format(band=band, source=SIMPLE.format(name=name, relative=relative)))
    return path


@pytest.mark.parametrize("name", ["a.vrt", "a.tif", "a.png", "a"])
def test_a_vrt_shows_no_file_that_was_not_indexed_with_it(tmp_path, secret, name):
    path = vrt(tmp_path / name, secret)
    with pytest.raises(DataError, match="names what was not indexed with it") as error:
        opened(path)
    assert str(secret) not in str(error.value)
    # The one that was is shown.
    assert opened(path, files=(str(secret),)).shape == (1, 96, 96)


def test_parts_beside_a_vrt_are_known_by_their_whole_names(tmp_path, secret):
    path = vrt(tmp_path / "a.vrt", "secret/plan.tif", relative=1)
    assert opened(path, files=(str(secret),)).any()
    with pytest.raises(DataError, match="not indexed"):
        opened(path, files=(str(tmp_path / "plan.tif"),))


def test_a_vrt_in_a_vrt_is_looked_into(tmp_path, secret):
    inner = vrt(tmp_path / "inner.tif", secret)
    outer = vrt(tmp_path / "outer.vrt", inner)
    with pytest.raises(DataError, match="not indexed"):
        opened(outer, files=(str(inner),))
    # Also one that HarMA put together.
    own = stacked([BandPart(str(inner), "red")])
    source = Source("a", own, files=(str(inner),))
    with serving_settings(own), pytest.raises(DataError, match="not indexed"):
        open_raster(source)


def test_bytes_of_a_file_are_no_pixels(tmp_path):
    path = tmp_path / "a.vrt"
    path.write_text(
        VRT.format(
            band=' subClass="VRTRawRasterBand"',
            source="<SourceFilename>/etc/passwd</SourceFilename><ImageOffset>0</ImageOffset>",
        )
    )
    with pytest.raises(DataError, match="not indexed"):
        opened(path, files=("/etc/passwd",))


def test_a_vrt_fetches_nothing(tmp_path, asked):
    paths, base = asked
    path = vrt(tmp_path / "a.vrt", f"/vsicurl/{base}/a.tif")
    with pytest.raises(DataError, match="not indexed"):
        opened(path, files=(f"/vsicurl/{base}/a.tif",))
    assert paths == []


@pytest.mark.parametrize(
    "text",
    [
        '<GDAL_WMS><Service name="TMS"><ServerUrl>{base}/${{z}}/${{x}}/${{y}}</ServerUrl></Service>'
        "<DataWindow><UpperLeftX>-1</UpperLeftX><UpperLeftY>1</UpperLeftY><LowerRightX>1"
        "</LowerRightX><LowerRightY>-1</LowerRightY><SizeX>256</SizeX><SizeY>256</SizeY>"
        "<TileLevel>1</TileLevel></DataWindow><BandsCount>1</BandsCount></GDAL_WMS>",
        "<GDAL_WMTS><GetCapabilitiesUrl>{base}/capabilities</GetCapabilitiesUrl></GDAL_WMTS>",
        "<WCS_GDAL><ServiceURL>{base}/wcs?</ServiceURL><CoverageName>a</CoverageName></WCS_GDAL>",
        '{{"type": "FeatureCollection", "stac_version": "1.0.0", "features": [{{"type": "Feature",'
        '"stac_version": "1.0.0", "assets": {{"a": {{"href": "{base}/a.tif"}}}}}}]}}',
    ],
)
@pytest.mark.parametrize("name", ["a.xml", "a.tif"])
def test_texts_that_are_services_are_not_opened(tmp_path, asked, text, name):
    paths, base = asked
    path = tmp_path / name
    path.write_text(text.format(base=base))
    with pytest.raises(DataError):
        opened(path)
    assert paths == []


@pytest.mark.parametrize("is_own", [True, False])
def test_no_part_of_a_vrt_is_a_service(tmp_path, asked, is_own):
    paths, base = asked
    part = tmp_path / "part.tif"
    part.write_text(f"<GDAL_WMTS><GetCapabilitiesUrl>{base}/x</GetCapabilitiesUrl></GDAL_WMTS>")
    path = vrt(tmp_path / "a.vrt", part)
    opened_as = path.read_text() if is_own else str(path)
    source = Source("a", opened_as, files=(str(part),))
    with serving_settings(opened_as), pytest.raises(DataError, match="not indexed"):
        open_raster(source)
    assert paths == []


def test_what_lies_here_reaches_no_network(tmp_path, asked):
    import rasterio

    paths, base = asked
    write_raster(tmp_path / "a.tif", picture(1), "EPSG:32631", NORTH_UP)
    with serving_settings(str(tmp_path / "a.tif")), pytest.raises(rasterio.errors.RasterioIOError):
        rasterio.open(f"/vsicurl/{base}/a.tif")
    assert paths == []


def test_formats_that_fetch_are_left_out_and_others_are_not(tmp_path):
    from harma.scenes.reach import allowed_drivers

    for with_vrt in (False, True):
        names = set(allowed_drivers(with_vrt=with_vrt))
        assert not names & ELSEWHERE
        assert ("VRT" in names) is with_vrt
        assert {"GTiff", "PNG", "JPEG", "JP2OpenJPEG", "netCDF", "Zarr"} <= names


def test_what_is_not_there_is_told(tmp_path):
    with pytest.raises(MissingFileError):
        opened(tmp_path / "none.tif")


def test_blocks_have_a_limit_unless_somebody_says_another(monkeypatch):
    # Set first, so that what was there before is put back.
    monkeypatch.setenv("GDAL_CACHEMAX", "1")
    monkeypatch.delenv("GDAL_CACHEMAX")
    bound_blocks()
    assert os.environ["GDAL_CACHEMAX"] == "256"
    monkeypatch.setenv("GDAL_CACHEMAX", "64")
    bound_blocks()
    assert os.environ["GDAL_CACHEMAX"] == "64"
