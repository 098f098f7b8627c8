"""Dates of scenes."""

import re
from datetime import UTC, datetime

import pytest

from harma.errors import ConfigError
from harma.scenes.dates import date_in_name, date_in_tags, parse_date


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("m_4709963_se_14_1_20090818.tif", (2009, 8, 18)),
        ("a/b/S2A_MSIL2A_20200612T103031_N0214.jp2", (2020, 6, 12, 10, 30, 31)),
        ("town-2015-09-26.png", (2015, 9, 26)),
        ("LC08_L1TP_196023_20190401_20190421_01_T1.tif", (2019, 4, 1)),
        ("1985.tif", (1985, 1, 1)),
        ("5b90f92da0d7280005fab355_4310.tif", None),
        ("tile_12345678.tif", None),
        ("20191345.tif", None),
        ("20190230.tif", None),
        ("scene_1985_a.tif", None),
        ("1899.tif", None),
        ("2100.tif", None),
        ("20190230_20190301.tif", (2019, 3, 1)),
        ("20190101T240000.tif", None),
        ("2019-01-02_030405.tif", (2019, 1, 2, 3, 4, 5)),
        ("2019-01.02.tif", None),
        ("120190101.tif", None),
        ("201901011.tif", None),
        ("20150926/scene.tif", None),
    ],
)
def test_dates_in_names(name, expected):
    assert date_in_name(name) == (datetime(*expected, tzinfo=UTC) if expected else None)


def test_dates_in_metadata():
    assert date_in_tags({"ACQUISITIONDATETIME": "2015-09-26T10:30:00Z"}) == datetime(
        2015, 9, 26, 10, 30, tzinfo=UTC
    )
    assert date_in_tags({"date_acquired": "2015-09-26"}) == datetime(2015, 9, 26, tzinfo=UTC)
    assert date_in_tags({"DateTime": "2015:09:26 10:30:00"}) == datetime(
        2015, 9, 26, 10, 30, tzinfo=UTC
    )
    assert date_in_tags({"DATE": "yesterday"}) is None
    assert date_in_tags({"TIFFTAG_DATETIME": "2015:09:26 10:30:00"}) is None, (
        "that is when the file was written"
    )


def test_the_time_of_taking_comes_before_other_dates():
    tags = {"DATE": "2001-01-01", "PRODUCT_START_TIME": "2003-01-01", "SENSING_TIME": "2002-01-01"}
    assert date_in_tags(tags).year == 2002
    assert date_in_tags({**tags, "SENSING_TIME": "unknown"}).year == 2003


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015", (2015, 1, 1)),
        (" 2015-09-26 ", (2015, 9, 26)),
        ("2015-09-26T12:30:00+02:00", (2015, 9, 26, 10, 30)),
        ("2015-09-26T10:30:00Z", (2015, 9, 26, 10, 30)),
        ("2015-12-31T23:30:00-01:00", (2016, 1, 1, 0, 30)),
        ("2016-02-29", (2016, 2, 29)),
    ],
)
def test_dates_that_people_write(text, expected):
    assert parse_date(text, "--after") == datetime(*expected, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "",
        "2015-02-29",
        "1850",
        "2015-13-01",
        "26.09.2015",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_what_is_no_date(text):
    with pytest.raises(ConfigError, match=re.escape(f"--after is {text!r}; write a date as 2015")):
        parse_date(text, "--after")


def test_every_name_of_the_time_of_taking_in_its_order():
    names = [
        "ACQUISITIONDATETIME",
        "ACQUISITION_DATE",
        "DATE_ACQUIRED",
        "DATATAKE_1_DATATAKE_SENSING_START",
        "SENSING_TIME",
        "PRODUCT_START_TIME",
        "DATETIME",
        "DATE",
    ]
    tags = {name.lower(): str(2001 + number) for number, name in enumerate(names)}
    for number, name in enumerate(names):
        assert date_in_tags(tags).year == 2001 + number
        del tags[name.lower()]
    assert date_in_tags(tags) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("x20190101.tif", (2019, 1, 1)),
        ("20191231_235959.tif", (2019, 12, 31, 23, 59, 59)),
        ("2019.10.20.tif", (2019, 10, 20)),
        ("2019_09_09 01:02:03.tif", (2019, 9, 9, 1, 2, 3)),
        ("19000101.tif", (1900, 1, 1)),
        ("20991231.tif", (2099, 12, 31)),
        ("20191301.tif", None),
        ("20190001.tif", None),
        ("20190100.tif", None),
        ("20190132.tif", None),
        ("1900.tif", (1900, 1, 1)),
        ("2099.tif", (2099, 1, 1)),
        ("20190101T1234.tif", (2019, 1, 1)),
    ],
)
def test_dates_in_names_at_the_edges(name, expected):
    assert date_in_name(name) == (datetime(*expected, tzinfo=UTC) if expected else None)
