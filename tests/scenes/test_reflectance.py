"""The range that reflectance is shown in."""

import pytest

from harma.scenes.reflectance import shown_range

LANDSAT = "LC08_L2SP_044034_20140318_20200911_02_T1_SR_B4.TIF"
S2 = "/a/S2A_MSIL2A_20220301T103421_{}_R108_T31TFJ_20220301T124052.SAFE/x/T31TFJ_B02_10m.jp2"


@pytest.mark.parametrize(
    ("sensor", "source", "expected"),
    [
        ("sentinel-2", S2.format("N0213"), (0, 3000)),
        ("sentinel-2", S2.format("N0400"), (1000, 4000)),
        ("sentinel-2", S2.format("N0510"), (1000, 4000)),
        ("sentinel-2", "COPERNICUS/S2_SR_HARMONIZED/a.tif", (0, 3000)),
        ("sentinel-2", "stack.tif", (0, 3000)),
        # 0.2 / 0.0000275, and 0.5 / 0.0000275
        ("landsat-8", LANDSAT, (7272.727273, 18181.818182)),
        ("landsat-7", "LE07_L2SP_044034_20020318_20200911_02_T1_SR_B3.TIF", (7272.73, 18181.82)),
        ("landsat-8", "LC08_L1TP_044034_20140318_20200911_02_T1_B4.TIF", None),
        ("landsat-8", "LC08_L1TP_044034_20140318_20170101_01_T1_sr_band4.tif", (0, 3000)),
        ("landsat-8", "LC08_L2SP_044034_20140318_20200911_02_T1_ST_B10.TIF", None),
        ("hls", "HLS.S30.T31TFJ.2020001T104421.v2.0.tif", (0, 3000)),
        ("hls", "HLS.S30.T31TFJ.2020001T104421.v2.0.B11.tif", (0, 3000)),
        ("hls", "HLS.L30.T31TFJ.2020001T104421.v2.0.B10.tif", None),
        ("hls", "HLS.L30.T31TFJ.2020001T104421.v2.0.SZA.tif", None),
        ("sentinel-2", "T31TFJ_20200101T103421_AOT_10m.jp2", None),
        ("sentinel-2", "T31TFJ_20200101T103421_B08_10m.jp2", (0, 3000)),
        ("modis", "MOD09GA.tif", (0, 3000)),
        ("planetscope", "20210601_103015_1040_3B_AnalyticMS_SR.tif", (0, 3000)),
        ("planetscope", "20210601_103015_1040_3B_AnalyticMS_SR_8b_clip.tif", (0, 3000)),
        ("planetscope", "20210601_103015_1040_3B_AnalyticMS.tif", None),
        ("naip", "m_4709963_se_14_1_20090818.tif", None),
        ("worldview", "10FEB22094856-M2AS.TIF", None),
        ("", "a.tif", None),
    ],
)
def test_ranges_of_products(sensor, source, expected):
    found = shown_range(sensor, "uint16", source)
    if expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected, abs=0.01)
    assert shown_range(sensor, "uint8", source) is None
    assert shown_range(sensor, "complex64", source) is None


def test_baselines_in_tags():
    for key in ("PROCESSING_BASELINE", "s2:processing_baseline"):
        assert shown_range("sentinel-2", "uint16", "a.tif", tags={key: "05.09"}) == (1000, 4000)
        assert shown_range("sentinel-2", "uint16", "a.tif", tags={key: "02.14"}) == (0, 3000)
    assert shown_range("sentinel-2", "uint16", "a.tif", tags={"x": "05.09"}) == (0, 3000)


def test_bands_of_earth_engine():
    names = ["SR_B2", "SR_B3", "SR_B4"]
    found = shown_range("landsat-8", "uint16", "LC08_044034_20140318.tif", descriptions=names)
    assert found == pytest.approx((7272.73, 18181.82), abs=0.01)
    assert shown_range("landsat-8", "uint16", "a.tif", descriptions=["B2", None]) is None


def test_what_the_file_states_comes_first():
    stated = (0.0001, -0.1)
    assert shown_range("sentinel-2", "uint16", "a.tif", scaling=stated) == (1000, 4000)
    # A scale of what is not known to be reflectance says nothing.
    assert shown_range("", "uint16", "a.tif", scaling=stated) is None
    assert shown_range("sentinel-2", "uint16", "a.tif", scaling=(-1, 0)) == (0, 3000)


def test_real_numbers():
    assert shown_range("sentinel-2", "float32", "a.tif") is None
    assert shown_range("sentinel-2", "float32", "surface_reflectance.tif") == (0, 0.3)
    named = ["reflectance_red"]
    assert shown_range("landsat-8", "float64", LANDSAT, descriptions=named) == (0, 0.3)
