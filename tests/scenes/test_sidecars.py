"""Files beside a raster."""

import shutil

import numpy as np
import pyproj
import pytest
import rasterio
from PIL import Image

from harma.errors import DataError
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.sidecars import crs_beside, how_to_look, is_remote
from harma.scenes.unplaced import NO_CRS
from harma.scenes.windows import Window

WORLD = "10\n0\n0\n-10\n500005\n4999995\n"
AUX = "<PAMDataset><SRS>EPSG:32631</SRS></PAMDataset>"
PRJ = pyproj.CRS.from_epsg(32631).to_wkt("WKT1_ESRI")
FOLDERS = {"few": 3, "thousands": 1500}


@pytest.fixture
def picture(tmp_path):
    def make(name):
        values = np.random.default_rng(0).integers(0, 255, (40, 50, 3)).astype(np.uint8)
        Image.fromarray(values).save(tmp_path / name)
        return tmp_path / name

    return make


def facts_of(path, **options):
    with open_scene(str(path), Reading(**options)) as scene:
        bounds = None
        if scene.place is not None:
            bounds = scene.footprint(Window(0, 0, 50, 40)).bounds
        return scene.facts, bounds


def expected_bounds():
    to_degrees = pyproj.Transformer.from_crs(32631, 4326, always_xy=True)
    corners = [
        to_degrees.transform(x, y) for x in (500_000, 500_500) for y in (4_999_600, 5_000_000)
    ]
    xs, ys = zip(*corners, strict=True)
    return pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "world"),
    [
        ("a.tif", "a.tfw"),
        ("a.tif", "a.TFW"),
        ("a.tif", "a.tifw"),
        ("a.tif", "a.wld"),
        ("a.png", "a.pgw"),
        ("a.png", "a.wld"),
        ("a.jpg", "a.jgw"),
        ("a.jpg", "a.wld"),
        ("a.bmp", "a.bpw"),
    ],
)
@pytest.mark.parametrize("folder", FOLDERS)
def test_world_files(picture, tmp_path, name, world, folder):
    path = picture(name)
    for number in range(FOLDERS[folder]):
        (tmp_path / f"{number}.dat").touch()
    (tmp_path / world).write_text(WORLD)
    facts, bounds = facts_of(path)
    assert (facts.crs, bounds, facts.placed_by) == ("", None, NO_CRS)
    facts, bounds = facts_of(path, crs="EPSG:32631")
    assert bounds == expected_bounds()
    (tmp_path / f"{name}.aux.xml").write_text(AUX)
    facts, bounds = facts_of(path)
    assert bounds == expected_bounds()
    assert (facts.crs, facts.placed_by) == ("EPSG:32631", "")


@pytest.mark.parametrize("prj", ["a.prj", "a.PRJ"])
@pytest.mark.parametrize("name", ["a.tif", "a.png", "a.jpg"])
def test_a_prj_beside_a_world_file(picture, tmp_path, name, prj):
    path = picture(name)
    path.with_suffix(".wld").write_text(WORLD)
    (tmp_path / prj).write_text(PRJ)
    facts, bounds = facts_of(path)
    assert bounds == expected_bounds()
    assert facts.placed_by == "a stated reference system, EPSG:32631"
    # The file beside it says more than what is stated for all.
    assert facts_of(path, crs="EPSG:25832")[0].crs == "EPSG:32631"


def test_a_prj_that_is_none(picture, tmp_path):
    path = picture("a.tif")
    path.with_suffix(".tfw").write_text(WORLD)
    (tmp_path / "a.prj").write_text("nonsense")
    with pytest.raises(DataError, match=r"the file a.prj beside it cannot be read"):
        facts_of(path)


@pytest.mark.parametrize("folder", FOLDERS)
def test_masks_and_overviews_beside_a_raster(tmp_path, make_raster, folder):
    for number in range(FOLDERS[folder]):
        (tmp_path / f"{number}.dat").touch()
    path = make_raster()
    mask = np.full((40, 50), 255, dtype=np.uint8)
    mask[:, :20] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(mask)
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2])
    assert (tmp_path / "scene.tif.msk").is_file()
    assert (tmp_path / "scene.tif.ovr").is_file()
    with open_scene(str(path)) as scene:
        pixels, empty = scene.read(Window(0, 0, 50, 40))
        assert empty == 0.4
        assert (pixels[:, :20] == 0).all()


def test_the_header_of_an_envi_file(tmp_path):
    values = np.random.default_rng(0).integers(0, 255, (3, 40, 50)).astype(np.uint8)
    path = tmp_path / "a.img"
    with rasterio.open(
        path,
        "w",
        driver="ENVI",
        count=3,
        width=50,
        height=40,
        dtype="uint8",
        crs="EPSG:32631",
        transform=rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000),
    ) as dataset:
        dataset.write(values)
    assert path.with_suffix(".hdr").is_file()
    facts, bounds = facts_of(path)
    assert bounds == expected_bounds()
    assert facts.crs


def test_nodata_and_descriptions_of_an_aux_file(tmp_path, make_raster, bands):
    path = make_raster(values=bands(0, 0, 0))
    (tmp_path / "scene.tif.aux.xml").write_text(
        "<PAMDataset>"
        + "".join(
            f'<PAMRasterBand band="{band}"><NoDataValue>0</NoDataValue></PAMRasterBand>'
            for band in (1, 2, 3)
        )
        + "</PAMDataset>"
    )
    with open_scene(str(path)) as scene:
        assert scene.read(Window(0, 0, 50, 40))[1] == 1


@pytest.mark.parametrize(
    ("opened_as", "expected"),
    [
        ("/data/a.tif", False),
        ("/vsizip//data/a.zip/a.tif", False),
        ("/vsicurl/https://x.org/a.tif", True),
        ("/vsis3/bucket/a.tif", True),
        ("/vsigs/bucket/a.tif", True),
        ("/vsizip//vsicurl/https://x.org/a.zip/a.tif", True),
        ("<VRTDataset><SourceFilename>/vsiaz/b/a.tif</SourceFilename></VRTDataset>", True),
        ("<VRTDataset><SourceFilename>/data/a.tif</SourceFilename></VRTDataset>", False),
        ("/data/not-there.vrt", False),
    ],
)
def test_nothing_beside_is_asked_for_over_a_network(opened_as, expected):
    assert is_remote(opened_as) is expected
    assert how_to_look(opened_as) == ("EMPTY_DIR" if expected else "TRUE")
    assert crs_beside(opened_as) is None


def test_a_virtual_raster_of_remote_parts_is_remote(tmp_path):
    path = tmp_path / "a.vrt"
    path.write_text("<VRTDataset><SourceFilename>/vsicurl/https://x.org/a.tif</SourceFilename>")
    assert is_remote(str(path))
    path.write_text("<VRTDataset><SourceFilename>/data/a.tif</SourceFilename>")
    assert not is_remote(str(path))


@pytest.mark.shared
def test_a_real_raster_whose_georeference_stands_beside_it(shared_dir, tmp_path):
    source = shared_dir / "data/scenes/RGB.byte.tif"
    path = tmp_path / "a.tif"
    with rasterio.open(source) as dataset:
        values = dataset.read()
        transform = dataset.transform
        crs = dataset.crs
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=3,
        width=values.shape[2],
        height=values.shape[1],
        dtype="uint8",
        transform=transform,
        TFW="YES",
        PROFILE="BASELINE",
    ) as dataset:
        dataset.write(values)
    path.with_suffix(".prj").write_text(pyproj.CRS(crs.to_wkt()).to_wkt("WKT1_ESRI"))
    shutil.copy(source, tmp_path / "b.tif")
    window = Window(100, 100, 256, 256)
    footprints = []
    for name in ("a.tif", "b.tif"):
        with open_scene(str(tmp_path / name)) as scene:
            footprints.append(scene.footprint(window).bounds)
    assert footprints[0] == pytest.approx(footprints[1], abs=1e-6)
