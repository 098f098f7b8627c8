"""Dates of scenes."""

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


def test_dates_that_people_write():
    assert parse_date("2015-09-26T12:30:00+02:00", "--after") == datetime(
        2015, 9, 26, 10, 30, tzinfo=UTC
    )
    with pytest.raises(ConfigError, match="--after is 'soon'; write a date as 2015"):
        parse_date("soon", "--after")
