"""What files name beyond themselves is neither read nor asked for, unless a person says so."""

import http.server
import threading

import numpy as np
import pytest
import rasterio

from harma.errors import HarmaError
from harma.scenes.raster import open_scene
from harma.scenes.reach import FOLLOW
from harma.scenes.windows import Window

SIMPLE = (
    '<SimpleSource><SourceFilename relativeToVRT="{relative}">{name}</SourceFilename>'
    "<SourceBand>1</SourceBand></SimpleSource>"
)
VRT = (
    '<VRTDataset rasterXSize="40" rasterYSize="40">{more}<VRTRasterBand dataType="Byte" band="1"'
    "{band}>{source}</VRTRasterBand></VRTDataset>"
)
SECRET = 77


class Listening(http.server.BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - of one test at a time

    def do_GET(self):
        self.asked.append(self.path)
        self.send_error(404)

    do_HEAD = do_POST = do_GET  # noqa: N815 - as http.server names them

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    """A server of this machine; nobody asks it."""
    Listening.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Listening)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()
    assert Listening.asked == []


def write(path, value, **tags):
    with rasterio.open(
        path, "w", driver="GTiff", width=40, height=40, count=1, dtype="uint8"
    ) as dataset:
        dataset.write(np.full((1, 40, 40), value, np.uint8))
        for domain, values in tags.items():
            dataset.update_tags(ns=domain, **values)
    return path


@pytest.fixture
def folder(tmp_path):
    """A folder that somebody sent, beside a raster that they did not."""
    write(tmp_path / "secret.tif", SECRET)
    sent = tmp_path / "sent"
    sent.mkdir()
    return sent


def look(path):
    """All that a build reads of a source; what it shows."""
    with open_scene(str(path), survey=True):
        pass
    with open_scene(str(path)) as scene:
        scene.overview(20)
        return scene.read(Window(0, 0, scene.facts.width, scene.facts.height))[0]


def vrt(name, *, relative=0, band="", more=""):
    return VRT.format(band=band, more=more, source=SIMPLE.format(relative=relative, name=name))


TEXTS = {
    "wms": "<GDAL_WMS><Service name='TMS'><ServerUrl>http://{a}/${{z}}/${{x}}/${{y}}.png</ServerUrl>"
    "</Service><DataWindow><TileLevel>3</TileLevel></DataWindow></GDAL_WMS>",
    "wmts": "<GDAL_WMTS><GetCapabilitiesUrl>http://{a}/c</GetCapabilitiesUrl></GDAL_WMTS>",
    "wcs": "<WCS_GDAL><ServiceURL>http://{a}/?</ServiceURL><CoverageName>x</CoverageName></WCS_GDAL>",
    "gti": "<GDALTileIndexDataset><IndexDataset>/vsicurl/http://{a}/i.gpkg</IndexDataset>"
    "</GDALTileIndexDataset>",
    "mrf": "<MRF_META><CachedSource><Source>http://{a}/x.mrf</Source></CachedSource><Raster>"
    '<Size x="40" y="40"/></Raster></MRF_META>',
    "vrt of a url": vrt("/vsicurl/http://{a}/x.tif"),
    "vrt of a driver": vrt("WMS:http://{a}/x"),
    "vrt of a secret": vrt("../secret.tif", relative=1),
    "vrt by its path": vrt("{s}"),
    "vrt of an archive": vrt("/vsizip/{s}"),
    "vrt of bytes": vrt("{s}", band=' subClass="VRTRawRasterBand"'),
    "vrt of a mask": vrt(
        "own.tif", relative=1, more="<MaskBand><VRTRasterBand><SimpleSource><SourceFilename>{s}"
        "</SourceFilename></SimpleSource></VRTRasterBand></MaskBand>"
    ),
    "vrt with a model": vrt(
        "own.tif", relative=1, more="<GDALWarpOptions><Option name='RPC_DEM'>{s}</Option>"
        "</GDALWarpOptions>"
    ),
    "vrt with arrays": vrt(
        "own.tif", relative=1,
        more="<Metadata domain='GEOLOCATION'><MDI key='X_DATASET'>{s}</MDI></Metadata>",
    ),
    "vrt of entities": '<!DOCTYPE x [<!ENTITY a SYSTEM "file://{s}">]>' + vrt("&a;"),
    "vrt of vrt": vrt("inner.tif", relative=1),
    "vrt of wms": vrt("service.tif", relative=1),
    "stac": '{{"type": "FeatureCollection", "stac_version": "1.0.0", "features": [{{"assets":'
    ' {{"a": {{"href": "http://{a}/x.tif"}}}}}}]}}',
}  # fmt: skip


@pytest.mark.parametrize("name", ["scene.tif", "scene.vrt", "scene.xml", "scene.jpg"])
@pytest.mark.parametrize("kind", TEXTS)
def test_texts_that_name_others(kind, name, folder, address):
    named = {"a": address, "s": str(folder.parent / "secret.tif")}
    write(folder / "own.tif", 5)
    (folder / "inner.tif").write_text(vrt("../secret.tif", relative=1))
    (folder / "service.tif").write_text(TEXTS["wms"].format(**named))
    (folder / name).write_text(TEXTS[kind].format(**named))
    with pytest.raises(HarmaError, match=f"{name}: it "):
        look(folder / name)


def pam(text):
    return f"<PAMDataset>{text}</PAMDataset>"


OVERVIEW = '<Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{}</MDI></Metadata>'
BESIDE = {
    ".aux.xml": pam(OVERVIEW.format("/vsicurl/http://{a}/o.tif")),
    ".aux.xml ": pam(OVERVIEW.format("{s}")),
    ".ovr": TEXTS["wms"],
    ".ovr ": vrt("{s}"),
    ".msk": vrt("/vsicurl/http://{a}/m.tif"),
    ".msk ": vrt("{s}"),
}


@pytest.mark.parametrize("kind", BESIDE)
def test_files_beside_that_name_others(kind, folder, address):
    path = write(folder / "scene.tif", 5)
    text = BESIDE[kind].format(a=address, s=folder.parent / "secret.tif")
    (folder / f"scene.tif{kind.strip()}").write_text(text)
    with pytest.raises(HarmaError, match=r"scene\.tif: the file scene\.tif\..* beside it"):
        look(path)


@pytest.mark.parametrize("named", ["/vsicurl/http://{a}/o.tif", "{s}"])
def test_overviews_that_a_tiff_names_itself(named, folder, address):
    named = named.format(a=address, s=folder.parent / "secret.tif")
    path = write(folder / "scene.tif", 5, OVERVIEWS={"OVERVIEW_FILE": named})
    with pytest.raises(HarmaError, match=r"scene\.tif: it names another file for its overviews"):
        look(path)


def test_names_that_ask(address):
    for name in (
        f"WMS:http://{address}/x",
        f"WCS:http://{address}/",
        f"PLMosaic:x,api_key={address}",
    ):
        with pytest.raises(HarmaError), open_scene(name):
            pass


def test_a_vrt_of_its_own_folder_is_read(folder):
    (folder / "below").mkdir()
    write(folder / "below" / "own.tif", 5)
    (folder / "scene.vrt").write_text(vrt("below/own.tif", relative=1))
    assert (look(folder / "scene.vrt") == 5).all()


def test_own_overviews_and_masks_are_read(folder):
    path = write(folder / "scene.tif", 200)
    with rasterio.Env(TIFF_USE_OVR="YES"), rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2, 4])
    assert (folder / "scene.tif.ovr").is_file()
    assert (look(path) == 200).all()


def test_a_person_can_ask_for_it(folder, monkeypatch):
    monkeypatch.setenv(FOLLOW, "1")
    (folder / "scene.vrt").write_text(vrt("../secret.tif", relative=1))
    assert (look(folder / "scene.vrt") == SECRET).all()
