"""A person's own pattern for dates in paths."""

from datetime import UTC, datetime

import pytest

from harma.errors import ConfigError
from harma.scenes.date_pattern import check_date_pattern, find_by_pattern
from harma.scenes.period import Period
from harma.scenes.reading import Reading


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        (r"flight_%d%m%Y", "/a/flight_26092015.tif", Period.day(at(2015, 9, 26))),
        (r"%d-%m-%Y", "/a/03-04-2019.tif", Period.day(at(2019, 4, 3))),
        (r"%Y_%j", "/a/x_2020_123.tif", Period.day(at(2020, 5, 2))),
        (r"%d%b%y", "/a/01MAR08.tif", Period.day(at(2008, 3, 1))),
        (r"%Y%m%d_%H%M%S", "20200615_103015.tif", Period.moment(at(2020, 6, 15, 10, 30, 15))),
        (r"%Y%m%d_%H%M", "20200615_1030.tif", Period.minute(at(2020, 6, 15, 10, 30))),
        (r"scene_(\d{4})_", "/a/scene_1985_a.tif", Period.year(at(1985, 1, 1))),
        (r"scene_(\d{4}-\d\d)", "/a/scene_1985-07a.tif", Period.month(at(1985, 7, 1))),
        (r"_\d{8}", "/a/b_20150926.tif", Period.day(at(2015, 9, 26))),
        (r"(?P<year>\d{4})/(?P<month>\d\d)/", "/a/2019/06/x.tif", Period.month(at(2019, 6, 1))),
        (r"y(?P<year2>\d\d)", "/a/y85.tif", Period.year(at(1985, 1, 1))),
        # the file's own name before the whole path
        (r"%Y%m%d", "/20240101/x_20150926.tif", Period.day(at(2015, 9, 26))),
        (r"%Y%m%d", "/20150926/x.tif", Period.day(at(2015, 9, 26))),
    ],
)
def test_dates_by_pattern(pattern, path, expected):
    assert find_by_pattern(pattern, path)[1] == expected


@pytest.mark.parametrize(
    ("pattern", "path", "text"),
    [
        (r"%Y%m%d", "/a/20151345.tif", "20151345"),
        (r"_(\d{8})", "/a/b_20151345.tif", "20151345"),
        (r"%d%b%y", "/a/01FOO08.tif", "01FOO08"),
        (r"%Y_%j", "/a/x_2019_366.tif", "2019_366"),
        (r"%Y_%d", "/a/x_2019_12.tif", "2019_12"),
        (r"x_(?P<year>.{4})", "/a/x_²²²².tif", "x_²²²²"),
        (r"%Y_%j", "/a/x_2019_000.tif", "2019_000"),
        (r"(?P<year>\d{4})?-(?P<month>\d\d)", "/a/x-06.tif", "-06"),
    ],
)
def test_a_match_that_is_no_date(pattern, path, text):
    assert find_by_pattern(pattern, path) == (text, None)


def test_no_match():
    assert find_by_pattern(r"%Y%m%d", "/a/x.tif") is None


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", r"date_from is '\(', which is no regular expression \(missing \)"),
        ("%Y%Y", "is no regular expression .*redefinition"),
        (r"(?P<jahr>\d{4})", "names the group jahr; give a regular expression with one group"),
        ("%m%d", "finds no year; give"),
        (r"(\d{4})_(\d\d)", "date_from is .*; give a regular expression with one group"),
        ("", "date_from is ''; give"),
    ],
)
def test_patterns_that_cannot_be_used(pattern, message):
    with pytest.raises(ConfigError, match=message):
        check_date_pattern(pattern)
    with pytest.raises(ConfigError, match=message):
        Reading(date_from=pattern)
    check_date_pattern(None)
