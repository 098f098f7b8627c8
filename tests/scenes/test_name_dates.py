"""Dates in names of files: what is one, how exact it is, and what only looks like one.

Expected values were read off the naming conventions of the agencies and makers by hand.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from harma.scenes.dates import date_in_name, period_in_folders, period_in_name
from harma.scenes.period import TICK

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def found(name):
    """First moment, and length; None where there is no date."""
    period = period_in_name(name)
    if period is None:
        return None
    assert date_in_name(name) == period.start
    length = period.end - period.start
    # An end is the last moment of what it ends.
    return period.start, length + TICK if length.microseconds == 999_999 else length


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # 14 digits, and parts of seconds behind them
        ("DJI_20230714123015_0042_V.JPG", at(2023, 7, 14, 12, 30, 15)),
        ("WV03_20180701153012_104001003E5F1200.tif", at(2018, 7, 1, 15, 30, 12)),
        ("IMG_PHR1A_PMS_201207181057123_SEN_1.tif", at(2012, 7, 18, 10, 57, 12, 300_000)),
        ("K3A_20200101102030_12345_00001.tif", at(2020, 1, 1, 10, 20, 30)),
        ("MSG4-SEVI-NA-20201231121244.123000000Z-NA.nat", at(2020, 12, 31, 12, 12, 44, 123_000)),
        # day and time
        (
            "S2A_MSIL2A_20200612T103031_N0214_R108_T31UFT_20200613T140000.SAFE",
            at(2020, 6, 12, 10, 30, 31),
        ),
        ("T31UFT_20200612T103031_B04_10m.jp2", at(2020, 6, 12, 10, 30, 31)),
        (
            "S2A_OPER_PRD_MSIL1C_PDMC_20160101T120000_R051_V20151231T103031_20151231T103031.SAFE",
            at(2015, 12, 31, 10, 30, 31),
        ),
        ("20210601_103015_1040_3B_AnalyticMS.tif", at(2021, 6, 1, 10, 30, 15)),
        ("20210601_103015_47_2440_3B_AnalyticMS_SR.tif", at(2021, 6, 1, 10, 30, 15)),
        ("20200101_101010_ssc4_u0001_analytic.tif", at(2020, 1, 1, 10, 10, 10)),
        ("2010-08-13T105030_RE3_1B-NAC_1.tif", at(2010, 8, 13, 10, 50, 30)),
        ("IMG_20200101_101010.jpg", at(2020, 1, 1, 10, 10, 10)),
        ("PXL_20200101_101010123.jpg", at(2020, 1, 1, 10, 10, 10, 123_000)),
        ("snapshot-2020-06-15T00_30_00Z.tiff", at(2020, 6, 15, 0, 30)),
        ("WhatsApp Image 2020-01-15 at 10.30.45.jpeg", at(2020, 1, 15, 10, 30, 45)),
        ("2020_06_15_10_30_15.tif", at(2020, 6, 15, 10, 30, 15)),
        ("20200101t101010z.tif", at(2020, 1, 1, 10, 10, 10)),
        # Maxar's months by name, with two digits of the year before them
        ("10MAR21180734-M2AS-052300687010_01_P001.TIF", at(2010, 3, 21, 18, 7, 34)),
        ("98DEC31235959-P1BS.ntf", at(1998, 12, 31, 23, 59, 59)),
        # day of the year
        ("HLS.S30.T31UFT.2020123T103031.v2.0.B04.tif", at(2020, 5, 2, 10, 30, 31)),
        (
            "OR_ABI-L2-CMIPF-M6C13_G16_s20201231230203_e20201231239522_c20201231240009.nc",
            at(2020, 5, 2, 12, 30, 20),
        ),
        ("AST_L1T_00307022020103015_20200703123456_1234.hdf", at(2020, 7, 2, 10, 30, 15)),
        ("SVDNB_npp_d20120401_t1030150_e1035550_b00001.h5", at(2012, 4, 1, 10, 30, 15)),
    ],
)
def test_moments(name, expected):
    assert found(name) == (expected, timedelta())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m_4709963_se_14_1_20090818.tif", at(2009, 8, 18)),
        ("m_3712213_sw_10_060_20200525_20200903.tif", at(2020, 5, 25)),
        ("LC08_L1TP_196023_20190401_20190421_01_T1.tif", at(2019, 4, 1)),
        ("LT50440342010077PAC01.tif", at(2010, 3, 18)),
        ("LC80440342014077LGN00_B4.TIF", at(2014, 3, 18)),
        ("LE07_L2SP_044034_20190401_20200830_02_T1_SR_B4.TIF", at(2019, 4, 1)),
        ("MOD09GA.A2020123.h18v03.006.2020125040506.hdf", at(2020, 5, 2)),
        ("VNP46A3.A2020153.h18v03.001.2021125040506.h5", at(2020, 6, 1)),
        ("MOD13Q1.006__250m_16_days_NDVI_doy2020366_aid0001.tif", at(2020, 12, 31)),
        ("HLS.L30.T31UFT.2020123.v1.4.hdf", at(2020, 5, 2)),
        ("2020123.tif", at(2020, 5, 2)),
        ("IMG-HH-ALOS2012345678-150131-UBSR1.5GUD.tif", at(2015, 1, 31)),
        ("14JUL20-P1BS-1234.tif", at(2014, 7, 20)),
        ("town-2015-09-26.png", at(2015, 9, 26)),
        ("town_15-Jun-2020.png", at(2020, 6, 15)),
        ("July 4, 2019.jpg", at(2019, 7, 4)),
        ("2020-feb-29.tif", at(2020, 2, 29)),
        ("26-09-2015.tif", at(2015, 9, 26)),
        ("site_26.09.2015.tif", at(2015, 9, 26)),
        ("09-26-2015.tif", at(2015, 9, 26)),
        ("05-05-2019.tif", at(2019, 5, 5)),
        ("CBERS_4_AWFI_20200101_150_126_L4_BAND13.tif", at(2020, 1, 1)),
        ("GF2_PMS1_E113.9_N34.5_20200101_L1A0001234567.tif", at(2020, 1, 1)),
        ("20190230_20190301.tif", at(2019, 3, 1)),
        ("https://x.org/2019/20200101.tif?date=20210101", at(2020, 1, 1)),
        ("NETCDF:/a/x_20200101.nc:Band1", at(2020, 1, 1)),
        ("scene.20200101", at(2020, 1, 1)),
        ("20200101_1234567.tif", at(2020, 1, 1)),
        ("20200101_T18TWL.tif", at(2020, 1, 1)),
    ],
)
def test_days(name, expected):
    assert found(name) == (expected, DAY)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MOD021KM.A2020123.1030.061.2020123191500.hdf", at(2020, 5, 2, 10, 30)),
        ("HS_H08_20200101_0310_B01_FLDK_R10_S0110.DAT", at(2020, 1, 1, 3, 10)),
        ("20200101T1234.tif", at(2020, 1, 1, 12, 34)),
        ("202001011234.tif", at(2020, 1, 1, 12, 34)),
    ],
)
def test_times_without_seconds_are_minutes(name, expected):
    assert found(name) == (expected, MINUTE)


@pytest.mark.parametrize(
    ("name", "first", "following"),
    [
        ("planet_medres_normalized_analytic_2020-06_mosaic.tif", (2020, 6), (2020, 7)),
        ("global_monthly_2021_03_mosaic_1000E-1500N.tif", (2021, 3), (2021, 4)),
        ("global_monthly_2018_01_mosaic_L15-0331E-1257N_1327_3160_13.tif", (2018, 1), (2018, 2)),
        ("VNP46A3_MonthlyComposite_2024-12_monthly.tif", (2024, 12), (2025, 1)),
        ("composite_202006.tif", (2020, 6), (2020, 7)),
        ("2020-Jun.tif", (2020, 6), (2020, 7)),
        ("June2020.tif", (2020, 6), (2020, 7)),
        ("ndvi_sept_2019_v2.tif", (2019, 9), (2019, 10)),
        ("global_quarterly_2020q2_mosaic.tif", (2020, 4), (2020, 7)),
        ("Q4_2019.tif", (2019, 10), (2020, 1)),
        ("1985.tif", (1985, 1), (1986, 1)),
        ("naip_2019_ca.tif", (2019, 1), (2020, 1)),
        ("swissimage-dop10_2020_2641-1190_0.1_2056.tif", (2020, 1), (2021, 1)),
        ("ESA_WorldCover_10m_2020_v100_N30W120_Map.tif", (2020, 1), (2021, 1)),
        ("20200601_20200630.tif", (2020, 6), (2020, 7)),
        ("SVDNB_npp_20120401-20120430_75N180W_vcmcfg.tif", (2012, 4), (2012, 5)),
        ("2018-07-01_to_2018-07-31.tif", (2018, 7), (2018, 8)),
        ("2020-01_2020-03.tif", (2020, 1), (2020, 4)),
        ("2018-2020.tif", (2018, 1), (2021, 1)),
    ],
)
def test_months_quarters_years_and_ranges(name, first, following):
    period = period_in_name(name)
    assert period.start == at(*first, 1)
    assert period.end + TICK == at(*following, 1)


@pytest.mark.parametrize(
    "name",
    [
        "S1A_IW_GRDH_1SDV_20200101T101010_20200101T101035_030600_038100_ABCD.tif",
        "s1a-iw-grd-vv-20200101t101010-20200101t101035-030600-038100-001.tiff",
        "PRS_L2D_STD_20200101101010_20200101101035_0001.he5",
        "S3A_OL_1_EFR____20200101T101010_20200101T101035_20200102T120000.SEN3",
    ],
)
def test_from_start_to_stop(name):
    assert found(name) == (at(2020, 1, 1, 10, 10, 10), timedelta(seconds=25))


def test_what_comes_much_later_is_no_end():
    assert found("a_20010101_20200101.tif") == (at(2001, 1, 1), DAY), "when it was made"
    assert found("a_20200102_20200101.tif") == (at(2020, 1, 2), DAY)
    assert found("a_20200101_b_20200131.tif") == (at(2020, 1, 1), DAY), "not beside each other"


@pytest.mark.parametrize(
    "name",
    [
        # both orders of day and month are possible
        "03-04-2019.tif",
        "03.04.2019.tif",
        "12_11_2019.tif",
        # there is no such day, month or time
        "20191345.tif",
        "20190230.tif",
        "20191301.tif",
        "20190001.tif",
        "20190100.tif",
        "20190132.tif",
        "2019366.tif",
        "2020000.tif",
        "20190101T240000.tif",
        "0000-00-00.tif",
        "99FEB30.tif",
        "A2019366.h18v03.hdf",
        "30-Feb-2020.tif",
        # part of a longer number
        "120190101.tif",
        "201901011.tif",
        "5b90f92da0d7280005fab355_4310.tif",
        "103001003E5F1200.tif",
        "tile_12345678.tif",
        "1594729815.tif",
        "1594729815123.tif",
        # what is counted: tiles, pictures, rows, columns
        "tile_2000.tif",
        "tile_2000_10.tif",
        "IMG_2019.JPG",
        "DSC_2010.jpg",
        "airport_2000.jpg",
        "agricultural_1950.png",
        "P0001__1024__2000___0.png",
        "x_2000_y_1950.png",
        "tile_15_10_2019_1.tif",
        "chip_202006.tif",
        "row-2019-06.png",
        "2641-1190.tif",
        "L15-0331E-1257N_1327_3160_13.tif",
        "rgb_1999x2010.tif",
        # coordinates, grids, reference systems, resolutions, versions
        "650000_2019123.tif",
        "2019123_650000.tif",
        "200512_4500000.tif",
        "epsg_2056.tif",
        "ortho_epsg2056.tif",
        "31UFT.tif",
        "T20MQA_10m.tif",
        "res_2000m.tif",
        "SRTM_N37W122.tif",
        "dop10rgbi_32_488_5738_1_nw.tif",
        "v1.2019.10.tif",
        "2019-01.02.tif",
        "m_3712213_sw.tif",
        # a year among other words may be a number of anything
        "scene_1985_a.tif",
        "scene_2019.tif",
        "landsat8_2048.tif",
        "1899.tif",
        "2100.tif",
        "naip_2019_2020.tif",
        # months are words, too
        "march.tif",
        "decision_may_2.tif",
        "q2.tif",
        "OSBS_029.tif",
        "",
        # folders are looked at apart
        "20150926/scene.tif",
    ],
)
def test_what_is_no_date(name):
    assert period_in_name(name) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a/20150926/x.tif", at(2015, 9, 26)),
        ("/a/2015-09-26/bands/x.tif", at(2015, 9, 26)),
        ("/a/2015/09/26/x.tif", at(2015, 9, 26)),
        (
            "/a/S2A_MSIL2A_20200612T103031_N0214_R108_T31UFT_20200613T140000.SAFE/G/I/x.jp2",
            at(2020, 6, 12, 10, 30, 31),
        ),
        ("/a/LC08_L1TP_196023_20190401_20190421_01_T1/B4.tif", at(2019, 4, 1)),
        ("/a/20140101/20150926/x.tif", at(2015, 9, 26)),
        ("/a/delivery_20200615/x.tif", None),
        ("/a/2020/x.tif", None),
        ("/a/2020-06/x.tif", None),
        ("/20150926/a/b/c/d/e/x.tif", None),
        ("x.tif", None),
    ],
)
def test_dates_of_folders(path, expected):
    period = period_in_folders(path)
    assert (period and period.start) == expected


def test_any_name_at_all_is_read_without_an_error():
    rng = np.random.default_rng(0)
    pieces = (
        *"0123456789_-.tTaA /:",
        *(
            "20",
            "19",
            "2020",
            "123",
            "JAN",
            "feb",
            "q4",
            "30",
            "12",
            "A2020",
            "s2020",
            "LC08_L1TP_",
        ),
        *("٢٠٢٠", "²", "\udcff", "m_1234567_", "10MAR", "S2A_MSIL1C_", "AST_L1T_003", "T1234"),
    )
    num_dates = 0
    for _ in range(3000):
        name = "".join(pieces[i] for i in rng.integers(0, len(pieces), rng.integers(1, 9)))
        period = period_in_name(name)
        num_dates += period is not None
        period_in_folders(f"/{name}/{name}/x.tif")
    assert num_dates > 10
