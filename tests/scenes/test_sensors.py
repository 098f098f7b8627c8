"""Sensors by names and tags; masks by names."""

import pytest

from harma.scenes.sensors import (
    BY_KEY,
    PRESETS,
    SENSORS,
    fill_of,
    is_mask_name,
    sensor_named,
    sensor_of,
)

# As the agencies and companies name their files.
PRODUCTS = {
    "S2B_MSIL1C_20240101T103429_N0510_R108_T31TFJ_20240101T123456.SAFE/a.jp2": "sentinel-2",
    "T31TFJ_20200101T103421_TCI_10m.jp2": "sentinel-2",
    "S2A_31TFJ_20200101_0_L2A.tif": "sentinel-2",
    "20200101T103421_20200101T103422_T31TFJ.tif": "sentinel-2",
    "S2A_USER_MSI_L2A.tif": "sentinel-2",
    "S1A_IW_GRDH_1SDV_20200101T054321.tif": "sentinel-1",
    "s1b-ew-grd-hh-20200101t054321.tiff": "sentinel-1",
    "LC08_L2SP_044034_20140318_20200911_02_T1.tif": "landsat-8",
    "LC09_L1TP_044034_20220318_20220318_02_T1_B4.TIF": "landsat-8",
    "LO08_044034_20140318.tif": "landsat-8",
    "LC80440342014077LGN00.tif": "landsat-8",
    "LC08_044034_20140318_SR.tif": "landsat-8",
    "LT05_L2SP_044034_19940318_20200911_02_T1.tif": "landsat-7",
    "LT04_044034_19880318.tif": "landsat-7",
    "LE07_L1TP_044034_20020318_20200911_02_T1.tif": "landsat-7",
    "LE70440342002077EDC00.tif": "landsat-7",
    "m_4709963_se_14_1_20090818.tif": "naip",
    "HLS.L30.T31TFJ.2020001T104421.v2.0.tif": "hls",
    "HLS.S30.T31TFJ.2020001T104421.v2.0.tif": "hls",
    "20210601_103015_1040_3B_AnalyticMS.tif": "planetscope",
    "20210601_103015_10_1040_3B_AnalyticMS_SR_8b_harmonized_clip.tif": "planetscope",
    "20210601_103015_1040_1B_Analytic.tif": "planetscope",
    "20210601_103015_1040_3B_Visual.tif": "planetscope-visual",
    "3457114_2012-05-05_RE3_3A_Analytic.tif": "rapideye",
    "20200814_162132_ssc4d3_0021_analytic.tif": "skysat",
    "20200814_162132_ssc4_u0001_pansharpened.tif": "skysat",
    "10FEB22094856-M2AS-052298844010_01_P001.TIF": "worldview",
    "15JUN01103015-S2AS_R1C1-050000000010_01_P001.NTF": "worldview",
    "MOD09GA.A2020001.h18v04.061.tif": "modis",
    "S3A_OL_1_EFR____20200101T103015.tif": "olci",
    "GF2_PMS1_E113.6_N34.6_20190101_L1A0003700000-MSS1.tiff": "gaofen",
    "landsat8_mosaic.tif": "landsat-8",
    "Landsat-5_1994.tif": "landsat-7",
    "L7_ETMs.tif": "landsat-7",
    "sentinel-2_2020.tif": "sentinel-2",
    "S2B_2020_stack.tif": "sentinel-2",
}


@pytest.mark.parametrize(("name", "key"), PRODUCTS.items())
def test_names_of_products(name, key):
    for source in (name, f"/data/x/{name}", f"s3://bucket/{name}"):
        sensor = sensor_of(source)
        assert sensor is not None
        assert sensor.key == key


@pytest.mark.parametrize(
    "name",
    [
        "a.tif",
        "xm_4709963_se_14_1_20090818.tif",
        "1985.tif",
        "rgb16.tif",
        "IMG_20210601_103015.jpg",
        "DJI_20230714123015_0001_V.jpg",
        "landsat.tif",
        "LC08.tif",
        "landsat88.tif",
        "sentinel-20.tif",
        "ABLC08_044034_20140318.tif",
        "OSBS_029.tif",
        "S2_road.tif",
        "dover_2020.tif",
    ],
)
def test_names_that_name_no_sensor(name):
    assert sensor_of(name) is None


@pytest.mark.parametrize(
    ("tags", "key"),
    [
        ({"SPACECRAFT_NAME": "Sentinel-2A"}, "sentinel-2"),
        ({"SPACECRAFT_ID": "LANDSAT_8"}, "landsat-8"),
        ({"platform": "landsat-5"}, "landsat-7"),
        ({"IMAGE_1.satId": "WV02"}, "worldview"),
        ({"SATELLITEID": "GeoEye-1"}, "worldview"),
        ({"constellation": "PlanetScope"}, "planetscope"),
        ({"SATELLITE": "RapidEye-3"}, "rapideye"),
        ({"description": "better than Landsat 8"}, ""),
        ({"platform": "airplane"}, ""),
    ],
)
def test_tags(tags, key):
    sensor = sensor_of("a.tif", tags)
    assert (sensor.key if sensor else "") == key


def test_a_name_is_surer_than_tags_and_folders():
    landsat = "LE07_L1TP_044034_20020318_20200911_02_T1"
    assert sensor_of(f"/S2A_MSIL2A_x/{landsat}.tif", {"platform": "landsat-8"}).key == "landsat-7"
    assert sensor_of(f"/a/{landsat}/stack.tif").key == "landsat-7"
    assert sensor_of(f"/{landsat}/S2A_MSIL2A_20200101/GRANULE/stack.tif").key == "sentinel-2"
    # A folder is named by people for other reasons too.
    assert sensor_of("/landsat8/stack.tif") is None


@pytest.mark.parametrize(
    ("key", "count", "bands"),
    [
        ("sentinel-2", 13, (4, 3, 2)),
        ("sentinel-2", 4, ()),
        ("landsat-8", 7, (4, 3, 2)),
        ("landsat-8", 4, ()),
        ("landsat-7", 6, (3, 2, 1)),
        ("planetscope", 4, (3, 2, 1)),
        ("planetscope", 5, (3, 2, 1)),
        ("planetscope", 8, (6, 4, 2)),
        ("rapideye", 5, (3, 2, 1)),
        ("skysat", 4, (3, 2, 1)),
        ("worldview", 8, (5, 3, 2)),
        ("worldview", 4, (3, 2, 1)),
        ("naip", 4, (1, 2, 3)),
        ("sentinel-1", 2, ()),
    ],
)
def test_layouts(key, count, bands):
    assert BY_KEY[key].layout(count) == bands


def test_rows_of_the_table():
    assert len(BY_KEY) == len(SENSORS)
    assert "sentinel-1" not in PRESETS
    for sensor in SENSORS:
        assert sensor.document.count(",") >= 1  # who, and what
        for count, bands in sensor.layouts.items():
            assert max(bands) <= count
    assert BY_KEY["planetscope"].likely_layout(6) == (3, 2, 1)
    assert BY_KEY["planetscope"].likely_layout(9) == (6, 4, 2)
    assert BY_KEY["worldview"].likely_layout(3) == ()
    assert BY_KEY["worldview"].preset(4) == (3, 2, 1)
    assert BY_KEY["worldview"].preset(6) == (5, 3, 2)


@pytest.mark.parametrize(
    ("name", "is_mask"),
    [
        ("20210601_103015_1040_3B_udm2.tif", True),
        ("20210601_103015_1040_3B_udm2_clip.tif", True),
        ("20210601_103015_1040_3B_AnalyticMS_DN_udm.tif", True),
        ("LC08_L2SP_044034_20140318_20200911_02_T1_QA_PIXEL.TIF", True),
        ("LC08_L2SP_044034_20140318_20200911_02_T1_SR_QA_AEROSOL.TIF", True),
        ("LC08_L1TP_044034_20140318_20170101_01_T1_BQA.TIF", True),
        ("/x/T31TFJ_20200101T103421_SCL_20m.jp2", True),
        ("MSK_CLDPRB_20m.jp2", True),
        ("HLS.L30.T31TFJ.2020001T104421.v2.0.Fmask.tif", True),
        ("cloud_mask.tif", True),
        ("20210601_103015_1040_3B_AnalyticMS.tif", False),
        ("LC08_SR_QA_stack.tif", False),
        ("T31TFJ_20200101T103421_TCI_10m.jp2", False),
        ("masked.tif", False),
        ("damask.jpg", False),
        ("masks/a.tif", False),
    ],
)
def test_names_of_masks(name, is_mask):
    assert is_mask_name(name) == is_mask


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Sentinel-2B", "sentinel-2"),
        ("landsat-9", "landsat-8"),
        ("landsat-8", "landsat-8"),
        ("LANDSAT_5", "landsat-7"),
        ("PlanetScope", "planetscope"),
        ("hls", "hls"),
        ("a drone", "a drone"),
        ("", ""),
    ],
)
def test_what_catalogues_call_sensors(text, key):
    assert sensor_named(text) == key


def test_fill_of_products():
    assert (fill_of("landsat-8"), fill_of("hls")) == (0, -9999)
    assert (fill_of("naip"), fill_of(""), fill_of("a drone")) == (None, None, None)
