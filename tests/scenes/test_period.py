"""Periods: their ends are the last moments, inclusive."""

from datetime import UTC, datetime

import pytest

from harma.scenes.period import TICK, Period, date_of


@pytest.mark.parametrize(
    ("first", "kind", "following"),
    [
        (datetime(2020, 2, 29, tzinfo=UTC), Period.day, datetime(2020, 3, 1, tzinfo=UTC)),
        (datetime(2020, 2, 1, tzinfo=UTC), Period.month, datetime(2020, 3, 1, tzinfo=UTC)),
        (datetime(2019, 12, 1, tzinfo=UTC), Period.month, datetime(2020, 1, 1, tzinfo=UTC)),
        (datetime(2020, 1, 1, tzinfo=UTC), Period.year, datetime(2021, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_period_ends_before_the_next_one_begins(first, kind, following):
    period = kind(first)
    assert period.start == first
    assert period.end + TICK == following
    assert not period.is_moment
    assert Period.moment(first).is_moment


def test_lengths_and_relations():
    first = datetime(2020, 6, 15, 10, 30, tzinfo=UTC)
    day = Period.day(datetime(2020, 6, 15, tzinfo=UTC))
    moment = Period.moment(first)
    assert Period.minute(first).end + TICK == datetime(2020, 6, 15, 10, 31, tzinfo=UTC)
    quarter = Period.months(datetime(2019, 11, 1, tzinfo=UTC), 3)
    assert quarter.end + TICK == datetime(2020, 2, 1, tzinfo=UTC)
    assert day.to(Period.day(datetime(2020, 6, 16, tzinfo=UTC))).end.day == 16
    assert day.overlaps(moment)
    assert moment.overlaps(day)
    assert not day.overlaps(Period.day(datetime(2020, 6, 16, tzinfo=UTC)))
    assert day.holds(moment)
    assert not moment.holds(day)
    assert not day.holds(day)


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (Period.year(datetime(2020, 1, 1, tzinfo=UTC)), "2020"),
        (Period.month(datetime(2020, 2, 1, tzinfo=UTC)), "2020-02"),
        (Period.day(datetime(2020, 2, 3, tzinfo=UTC)), "2020-02-03"),
        (Period.day(datetime(2020, 8, 31, tzinfo=UTC)), "2020-08-31"),
        (Period.day(datetime(2020, 12, 31, tzinfo=UTC)), "2020-12-31"),
        (
            Period(
                datetime(2020, 6, 1, 5, tzinfo=UTC),
                Period.month(datetime(2020, 6, 1, tzinfo=UTC)).end,
            ),
            "2020-06-01/2020-06-30",
        ),
        (Period.moment(datetime(2020, 2, 3, 4, 5, tzinfo=UTC)), "2020-02-03"),
        (Period.months(datetime(2020, 1, 1, tzinfo=UTC), 3), "2020-01-01/2020-03-31"),
    ],
)
def test_as_people_write_it(period, text):
    assert period.text == text


def test_a_date_may_be_unknown_or_of_one_moment():
    first = datetime(2020, 6, 1, 10, tzinfo=UTC)
    assert date_of(None, None) == ""
    assert date_of(first, None) == "2020-06-01"
    month = Period.month(datetime(2020, 6, 1, tzinfo=UTC))
    assert date_of(month.start, month.end) == "2020-06"
