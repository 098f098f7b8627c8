"""Sentinel-2 deliveries are a scene a tile."""

from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio

from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes

L2A = "S2A_MSIL2A_20240222T160251_N0510_R097_T17TPH_20240222T220752.SAFE"
L1C = "S2B_MSIL1C_20200101T100319_N0208_R122_T32TQM_20200101T111055.SAFE"
OLD = "S2A_OPER_PRD_MSIL1C_PDMC_20160520T123456_R051_V20160519T105602_20160519T105602.SAFE"
OLD_TILE = "S2A_OPER_MSI_L1C_TL_EPA__20160520T080000_A004737_T31TCJ"
GRANULE = f"{L2A}/GRANULE/L2A_T17TPH_A045282_20240222T160550"
TILE = "T17TPH_20240222T160251"


def only(found):
    (source,) = found.sources
    return source


@pytest.fixture
def l2a(write_raster):
    """A compact L2A product as it is delivered, its JP2 as TIFF."""
    for metres in (10, 20, 60):
        folder = f"{GRANULE}/IMG_DATA/R{metres}m"
        for band, value in {"B02": 2, "B03": 3, "B04": 4, "AOT": 90, "WVP": 91}.items():
            write_raster(
                f"{folder}/{TILE}_{band}_{metres}m.tif", value * 100 + metres, pixel=metres
            )
        write_raster(f"{folder}/{TILE}_TCI_{metres}m.tif", 40, 30, 20 + metres, dtype="uint8")
    write_raster(f"{GRANULE}/IMG_DATA/R20m/{TILE}_SCL_20m.tif", 5, dtype="uint8")
    write_raster(f"{GRANULE}/QI_DATA/MSK_CLDPRB_20m.tif", 0, dtype="uint8")
    write_raster(f"{GRANULE}/QI_DATA/{TILE}_PVI.tif", 1, 1, 1, dtype="uint8")
    write_raster(f"{L2A}/{L2A[:-5]}-ql.jpg", 1, 1, 1, dtype="uint8", driver="JPEG")


def test_the_true_colour_image_is_the_scene(l2a, tmp_path, values_of):
    found = find_scenes([tmp_path])
    source = only(found)
    assert source.name == str(tmp_path / f"{GRANULE}/IMG_DATA/R10m/{TILE}_TCI_10m.tif")
    assert values_of(source) == ([40, 30, 30], ("red", "green", "blue"))
    assert source.taken.start == datetime(2024, 2, 22, 16, 2, 51, tzinfo=UTC)
    assert source.sensor == "sentinel-2"
    rasters = [*tmp_path.rglob("*.tif"), *tmp_path.rglob("*.jpg")]
    assert set(found.left_out) == set(map(str, rasters)) - {source.name}
    assert found.problems == {}


def test_its_fill_is_no_data(write_raster, tmp_path):
    path = write_raster(f"{GRANULE}/IMG_DATA/R10m/{TILE}_TCI_10m.tif", 40, 30, 20, dtype="uint8")
    with rasterio.open(path, "r+") as dataset:
        dataset.write(np.zeros((3, 20, 5), dtype="uint8"), window=((0, 20), (0, 5)))
    with open_scene(only(find_scenes([tmp_path])).opened_as) as scene:
        _, empty = scene.read(next(iter(_whole(scene))))
    assert empty == pytest.approx(0.25)


def _whole(scene):
    from harma.scenes.windows import Window

    return [Window(0, 0, scene.facts.width, scene.facts.height)]


def test_without_it_bands_are_put_together_at_their_finest(l2a, tmp_path, values_of):
    for path in tmp_path.rglob("*TCI*"):
        path.unlink()
    source = only(find_scenes([tmp_path]))
    assert source.name.endswith("R10m/T17TPH_20240222T160251_B04_10m.tif")
    assert values_of(source) == ([410, 310, 210], ("red", "green", "blue"))
    with open_scene(source.opened_as, survey=True) as scene:
        assert scene.facts.bands == (1, 2, 3)
        assert scene.facts.crs == "EPSG:32631"
        assert scene.facts.gsd == pytest.approx(10, rel=0.01)
        assert scene.facts.source == source.name


def test_any_folder_of_it_and_any_glob_name_the_same_scene(l2a, tmp_path, monkeypatch):
    expected = only(find_scenes([tmp_path])).name
    monkeypatch.chdir(tmp_path)
    for named in (
        "*.SAFE",
        f"{L2A}/",
        L2A,
        GRANULE,
        f"{GRANULE}/IMG_DATA/R10m",
        f"{L2A}/**/*.tif",
        "*/GRANULE/**/*.tif",
    ):
        assert only(find_scenes([named])).name == expected, named
    (tmp_path / "list.txt").write_text("\n".join(map(str, tmp_path.rglob("*.tif"))))
    assert only(find_scenes(["list.txt"])).name == expected
    assert only(find_scenes([L2A, ".", f"{GRANULE}/IMG_DATA/R10m/*.tif"])).name == expected


def test_a_level_1c_product(write_raster, tmp_path):
    for band in ("B01", "B02", "B03", "B04", "B8A", "B10"):
        metres = 10 if band in ("B02", "B03", "B04") else 60
        name = f"{L1C}/GRANULE/L1C_T32TQM_A014740/IMG_DATA/T32TQM_20200101T100319_{band}.jp2"
        write_raster(name, 500, driver="JP2OpenJPEG", pixel=metres)
    found = find_scenes([tmp_path])
    assert only(found).name.endswith("_B04.jp2")
    assert only(found).taken.start == datetime(2020, 1, 1, 10, 3, 19, tzinfo=UTC)
    assert len(found.left_out) == 3


def test_old_names_with_several_granules(write_raster, tmp_path, values_of):
    for tile, add in (("T31TCJ", 0), ("T31TDJ", 5)):
        granule = f"{OLD_TILE[:-6]}{tile}"
        for band, value in {"B02": 2, "B03": 3, "B04": 4, "B09": 9}.items():
            name = f"{OLD}/GRANULE/{granule}_N02.02/IMG_DATA/{granule}_{band}.tif"
            write_raster(name, 10 * value + add)
    first, second = find_scenes([tmp_path]).sources
    assert values_of(first)[0] == [40, 30, 20]
    assert values_of(second)[0] == [45, 35, 25]
    assert first.taken.start == datetime(2016, 5, 19, 10, 56, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "form",
    [
        "S2B_17TPH_20240222_0_L2A/{}.tif",
        "tiles/17/T/PH/2024/2/22/0/{}.jp2",
        "data/S2B_17TPH_20240222_0_L2A_{}.tif",
        "sentinel/T17TPH_20240222T160251_{}.tif",
        "earth_engine/20240222T160251_20240222T160550_T17TPH.{}.tif",
    ],
)
def test_bands_alone(form, write_raster, tmp_path, values_of):
    driver = "JP2OpenJPEG" if form.endswith("jp2") else "GTiff"
    for band, value in {"B02": 2, "B03": 3, "B04": 4, "B08": 8, "SCL": 9}.items():
        write_raster(form.format(band), value * 10, driver=driver, QUALITY=100, REVERSIBLE="YES")
    found = find_scenes([tmp_path])
    shown, names = values_of(only(found))
    assert shown == [40, 30, 20, 80]
    assert names == ("red", "green", "blue", "nir")
    assert list(found.left_out) == [str(tmp_path / form.format("SCL"))]


def test_squares_of_a_grid_are_no_bands(write_raster, tmp_path):
    for column, name in enumerate(("A01", "B02", "B03", "B04", "TCI_x")):
        write_raster(f"grid_{name}.tif", 1, 2, 3, dtype="uint8")
        assert column < 5
    assert len(find_scenes([tmp_path]).sources) == 5
    # By name they could be bands; they lie apart.
    for column, name in enumerate(("B02", "B03", "B04", "B08")):
        write_raster(f"squares/{name}.tif", 1, pixel=10.0 + column)
    assert len(find_scenes([tmp_path / "squares"]).sources) == 4


def test_a_band_that_cannot_be_read_is_a_problem_of_its_product(l2a, tmp_path):
    for path in tmp_path.rglob("*TCI*"):
        path.unlink()
    broken = next(tmp_path.rglob("*B03_10m.tif"))
    broken.write_bytes(b"no raster")
    found = find_scenes([tmp_path])
    assert found.sources == []
    (problem,) = found.problems.values()
    assert "B03_10m.tif: it cannot be read as a raster or picture" in problem
