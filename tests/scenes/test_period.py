"""Periods: their ends are the last moments, inclusive."""

from datetime import UTC, datetime

import pytest

from harma.scenes.period import TICK, Period


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
