"""Dates that people and metadata write."""

import re
from datetime import UTC, datetime

import pytest

from harma.errors import ConfigError
from harma.scenes.period import Period
from harma.scenes.written_dates import parse_date, parse_period, period_of_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015", (2015, 1, 1)),
        (" 2015-09-26 ", (2015, 9, 26)),
        ("2015-09-26T12:30:00+02:00", (2015, 9, 26, 10, 30)),
        ("2015-09-26T10:30:00Z", (2015, 9, 26, 10, 30)),
        ("2015-12-31T23:30:00-01:00", (2016, 1, 1, 0, 30)),
        ("2016-02-29", (2016, 2, 29)),
        ("2015-09", (2015, 9, 1)),
        ("20150926", (2015, 9, 26)),
        ("20150926t103000z", (2015, 9, 26, 10, 30)),
        ("2015-09-26t10:30:00.5z", (2015, 9, 26, 10, 30, 0, 500_000)),
        ("2015-09-26 10:30", (2015, 9, 26, 10, 30)),
        ("2015-09-26T10:30:00.123456789Z", (2015, 9, 26, 10, 30, 0, 123_456)),
        ("2015:09:26 10:30:00", (2015, 9, 26, 10, 30)),
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
        "2015-00",
        "2015-9",
        "2015-W39",
        "2015W39",
        "201509",
        "2015-09-26/2015-09-27",
        "0001-01-01T00:00:00+02:00",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_what_is_no_date(text):
    with pytest.raises(
        ConfigError, match=re.escape(f"--after is {text!r}; write a date as 2015, 2015-09")
    ):
        parse_date(text, "--after")


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015", Period.year(at(2015, 1, 1))),
        ("2015-02", Period.month(at(2015, 2, 1))),
        ("2015-02-03", Period.day(at(2015, 2, 3))),
        ("20150203", Period.day(at(2015, 2, 3))),
        ("9999-12-31", Period(at(9999, 12, 31), at(9999, 12, 31, 23, 59, 59, 999_999))),
        ("2015-02-03T04:05:06Z", Period.moment(at(2015, 2, 3, 4, 5, 6))),
        ("2018-07-01/2018-07-31", Period.month(at(2018, 7, 1))),
        (
            "2018-07-01T10:00:00Z/2018-07-01T10:00:25Z",
            Period(at(2018, 7, 1, 10), at(2018, 7, 1, 10, 0, 25)),
        ),
        ("2018-07/2018-09", Period.months(at(2018, 7, 1), 3)),
        ("2018-07-01/..", Period.day(at(2018, 7, 1))),
        ("../2018-07-01", Period.day(at(2018, 7, 1))),
    ],
)
def test_periods(text, expected):
    assert parse_period(text, "--since") == expected
    assert period_of_text(text.lower()) == expected


@pytest.mark.parametrize(
    "text", ["2018-07-31/2018-07-01", "soon/2018", "2018/soon", "/", "../..", "2018/2019/2020"]
)
def test_what_is_no_period(text):
    assert period_of_text(text) is None
    with pytest.raises(ConfigError, match=r"or a range as 2018-07-01/2018-07-31"):
        parse_period(text, "--since")
