"""Landsat deliveries are a scene a product."""

from datetime import UTC, datetime

import pytest
from PIL import Image

from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes

C2 = "LC08_L2SP_044034_20140318_20200911_02_T1"


@pytest.mark.parametrize(
    ("product", "rest", "expected", "sensor"),
    [
        (C2, "SR_B{}", [4, 3, 2, 5], "landsat-8"),
        ("LC09_L1TP_044034_20220318_20220911_02_T1", "B{}", [4, 3, 2, 5], "landsat-8"),
        ("LE07_L2SP_044034_20010318_20200911_02_T1", "SR_B{}", [3, 2, 1, 4], "landsat-7"),
        ("LT05_L1TP_044034_20040318_20200911_01_T1", "B{}", [3, 2, 1, 4], "landsat-7"),
        ("LT04_L1TP_044034_19900318_20200911_02_T2", "B{}", [3, 2, 1, 4], "landsat-7"),
        ("LC08_L1TP_044034_20140318_20170425_01_T1", "sr_band{}", [4, 3, 2, 5], "landsat-8"),
        ("LC08_CU_003010_20160101_20190101_C01_V01", "SRB{}", [4, 3, 2, 5], "landsat-8"),
        ("LC80440342014077LGN00", "B{}", [4, 3, 2, 5], "landsat-8"),
        ("LE70440342001077EDC00", "B{}", [3, 2, 1, 4], "landsat-7"),
        ("LM05_L1TP_044034_19900318_20200911_02_T2", "B{}", [4, 2, 1], "landsat-mss"),
        ("LM02_L1TP_044034_19760318_20200911_02_T2", "B{}", [6, 5, 4], "landsat-mss"),
    ],
)
def test_bands_by_satellite(product, rest, expected, sensor, write_raster, tmp_path, values_of):
    numbers = range(4, 8) if product.startswith("LM02") else range(1, 8)
    for number in numbers:
        write_raster(f"{product}_{rest.format(number)}.TIF", number)
    for layer in ("QA_PIXEL", "QA_RADSAT", "ST_B10", "pixel_qa", "SR_QA_AEROSOL"):
        write_raster(f"{product}_{layer}.TIF", 1)
    (tmp_path / f"{product}_MTL.txt").write_text("GROUP = L1_METADATA_FILE")
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert values_of(source)[0] == expected
    assert source.name == str(tmp_path / f"{product}_{rest.format(expected[0])}.TIF")
    assert source.sensor == sensor
    assert source.taken.start.tzinfo == UTC
    assert len(found.left_out) == len(numbers) - len(expected) + 5


def test_dates_and_fill(write_raster, tmp_path):
    for number in range(1, 8):
        write_raster(f"a/{C2}_SR_B{number}.TIF", 0)
        write_raster(f"b/LC80440342014077LGN00_B{number}.TIF", 9)
    first, second = find_scenes([tmp_path]).sources
    for source in (first, second):
        assert source.taken.start == datetime(2014, 3, 18, tzinfo=UTC)
        assert source.taken.end.day == 18, "a day, not its first moment"
        assert source.date_from == "the product's name"
    with open_scene(first.opened_as, survey=True) as scene:
        assert scene.facts.bands == (1, 2, 3)
        assert not scene.facts.is_guess


def test_levels_of_one_product_are_not_mixed(write_raster, tmp_path, values_of):
    for number in range(1, 8):
        write_raster(f"{C2}_B{number}.TIF", number)
        write_raster(f"{C2}_SR_B{number}.TIF", 10 * number)
    (source,) = find_scenes([tmp_path]).sources
    assert values_of(source)[0] == [40, 30, 20, 50]


def test_what_is_no_whole_product_stays_as_it_is(write_raster, tmp_path):
    write_raster(f"{C2}_SR_B5.TIF", 1)
    write_raster(f"{C2}_ST_B10.TIF", 1)
    write_raster(f"{C2}_QA_PIXEL.TIF", 1)
    write_raster(f"{C2}.TIF", 1, 2, 3)
    write_raster("LC08_044034_20140318_SR.tif", 1, 2, 3)
    found = find_scenes([tmp_path])
    names = {source.name.rpartition("/")[2] for source in found.sources}
    assert names == {f"{C2}.TIF", f"{C2}_SR_B5.TIF", "LC08_044034_20140318_SR.tif"}
    assert len(found.left_out) == 2


@pytest.mark.parametrize(
    "rest", ["_SR_stack", "_RGB", "", "_SR_QA_stack", "_clip_b234", "_SR_B2-B7", " copy"]
)
def test_a_file_of_another_name_is_a_scene(rest, write_raster, tmp_path):
    own = write_raster(f"{C2}{rest}.tif", 5)
    assert [source.name for source in find_scenes([tmp_path]).sources] == [str(own)]


def test_pictures_to_look_at_are_left_out_beside_bands_alone(write_raster, tmp_path):
    for name in (f"a/{C2}.jpg", f"a/{C2}_refl.jpg", f"b/{C2}.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (1, 2, 3)).save(path)
    for number in range(1, 8):
        write_raster(f"a/{C2}_SR_B{number}.TIF", number)
    bands, alone = find_scenes([tmp_path]).sources
    assert bands.name.endswith("SR_B4.TIF")
    assert alone.name == str(tmp_path / "b" / f"{C2}.jpg")
