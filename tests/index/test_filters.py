"""Dates, sources and conditions as SQL."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from harma.errors import QueryError
from harma.index.ask import Where
from harma.index.filters import Filter, filter_of, moment, times_of


def make_filter(**options):
    return filter_of(Where(**options))


def test_dates_include_both_ends():
    assert (
        "datetime >= timestamp '2015-01-01 00:00:00.000000'" in make_filter(date=("2015", None)).sql
    )
    assert (
        "datetime <= timestamp '2015-12-31 23:59:59.999999'" in make_filter(date=(None, "2015")).sql
    )
    assert (
        "datetime <= timestamp '2015-09-26 23:59:59.999999'"
        in make_filter(date=(None, "2015-09-26")).sql
    )
    assert (
        "<= timestamp '2015-09-26 10:00:00.000000'"
        in make_filter(date=(None, "2015-09-26T10:00:00Z")).sql
    )
    moment = datetime(2015, 9, 26, 12, tzinfo=UTC)
    assert "<= timestamp '2015-09-26 12:00:00.000000'" in make_filter(date=(None, moment)).sql
    elsewhere = datetime(2015, 9, 26, 12, tzinfo=timezone(timedelta(hours=2)))
    assert "<= timestamp '2015-09-26 10:00:00.000000'" in make_filter(date=("2015", elsewhere)).sql
    naive = datetime(2015, 9, 26, 12)
    assert ">= timestamp '2015-09-26 12:00:00.000000'" in make_filter(date=(naive, "2016")).sql
    assert make_filter(date=(None, None)).sql == ""


def test_sources_and_conditions():
    assert make_filter(source="/a/it's.tif").sql == "((source = '/a/it''s.tif'))"
    assert make_filter(source=["*_2015?.tif", "b"]).sql.count(" OR ") == 1
    assert (
        make_filter(where="gsd < 1 OR gsd IS NULL", source="b").sql
        == "((source = 'b') AND (gsd < 1 OR gsd IS NULL))"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"date": "2015"}, "date is '2015'; give two"),
        ({"date": ("2016", "2015")}, "the first comes after the last"),
        ({"date": ("soon", None)}, "date is 'soon'"),
        ({"source": []}, "source is an empty list"),
        ({"date": (None, 2015)}, "date is 2015; give a text such as 2015-09-26, or a datetime"),
        ({"where": "a > (1"}, r"the condition 'a > \(1' is not closed"),
        ({"where": "1=1) OR (1=1"}, "is not closed"),
        ({"where": "a = 'b"}, "is not closed"),
        ({"where": "a = 1 -- b"}, r"holds a comment \(--\); leave it out"),
    ],
)
def test_conditions_that_cannot_be_used(options, message):
    with pytest.raises(QueryError, match=message):
        make_filter(**options)


def test_signs_in_texts_are_no_parentheses():
    where = "source = 'a(b' AND \"crs\" = ')''('"
    assert make_filter(where=where).sql == f"(({where}))"


def test_further_conditions_are_added():
    assert Filter().also("a > 1").sql == "(a > 1)"
    assert Filter(where="b OR c").also("a > 1").sql == "((b OR c) AND (a > 1))"


def test_the_last_moment_of_years_days_and_times():
    for text, last in (
        ("2016", "2016-12-31T23:59:59.999999"),
        ("2016-02-28", "2016-02-28T23:59:59.999999"),
        ("2016-02-28T10:00:00", "2016-02-28T10:00:00"),
        ("9999-12-31", "9999-12-31T23:59:59.999999"),
    ):
        assert moment(text, is_end=True).isoformat() == f"{last}+00:00"
    assert moment("2016", is_end=False) == datetime(2016, 1, 1, tzinfo=UTC)


def test_the_two_times_of_a_change():
    assert times_of(Where()) is None
    before, after = times_of(Where(before="2010", after="2012"))
    assert (before.isoformat(), after.isoformat()) == (
        "2010-12-31T23:59:59.999999+00:00",
        "2012-01-01T00:00:00+00:00",
    )
    for where in (Where(before="2010"), Where(after="2010")):
        with pytest.raises(QueryError, match="before and after together look for change"):
            times_of(where)


def test_boxes_that_touch_overlap():
    sql = make_filter(bbox=(1, 2, 3, 4)).sql
    assert sql == "((xmin <= 3.0 AND xmax >= 1.0 AND ymin <= 4.0 AND ymax >= 2.0))"


def test_chips_of_a_period_are_found_by_each_day_of_it():
    sql = make_filter(date=("2015-09-10", "2015-09-20")).sql
    assert "datetime_end >= timestamp '2015-09-10 00:00:00.000000'" in sql
    assert "datetime <= timestamp '2015-09-20 23:59:59.999999'" in sql
    assert "'2015-09-30 23:59:59.999999'" in make_filter(date=(None, "2015-09")).sql


def test_texts_that_are_compared_with_dates_are_dates():
    sql = make_filter(where="datetime > '2016'", source="a--b").sql
    assert "datetime > timestamp '2016-01-01 00:00:00.000000'" in sql
    assert "source = 'a--b'" in sql
