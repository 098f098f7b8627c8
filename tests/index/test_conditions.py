"""Conditions of people: dates as timestamps, comments and texts told apart; against DuckDB."""

from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from harma.errors import QueryError
from harma.index.conditions import with_moments

Y2016 = "timestamp '2016-01-01 00:00:00.000000'"
Y2018 = "timestamp '2018-01-01 00:00:00.000000'"


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("datetime > '2016-01-01'", f"datetime > {Y2016}"),
        ("datetime>='2016'", f"datetime>={Y2016}"),
        ("'2016-01' < DATETIME", f"{Y2016} < DATETIME"),
        ("\"datetime_end\" != '2016-01-01t02:00:00+02:00'", f'"datetime_end" != {Y2016}'),
        ("datetime BETWEEN '2016' AND '2018'", f"datetime BETWEEN {Y2016} AND {Y2018}"),
        ("datetime not between '2016' and '2018'", f"datetime not between {Y2016} and {Y2018}"),
        ("datetime IN ('2016', '2018')", f"datetime IN ({Y2016}, {Y2018})"),
        ("NOT (datetime = '2016') OR gsd < 1", f"NOT (datetime = {Y2016}) OR gsd < 1"),
        ("datetime < '2016' AND source = '2016'", f"datetime < {Y2016} AND source = '2016'"),
        ("(datetime) > ('2016')", f"(datetime) > ({Y2016})"),
        ("NOT ((datetime) > '2016')", f"NOT ((datetime) > {Y2016})"),
        ("'2016' = (datetime)", f"{Y2016} = (datetime)"),
        # as it was
        ("max(datetime) > '2016'", "max(datetime) > '2016'"),
        ("source LIKE '%--%'", "source LIKE '%--%'"),
        ("source = '/* a */' AND gsd > 0", "source = '/* a */' AND gsd > 0"),
        ("source = 'datetime > ''2016'''", "source = 'datetime > ''2016'''"),
        ("source = '2016' AND datetime IS NULL", "source = '2016' AND datetime IS NULL"),
        ("datetime > timestamp '2016-01-01'", "datetime > timestamp '2016-01-01'"),
        ("datetime::date > '2016-01-01'", "datetime::date > '2016-01-01'"),
        ("CAST(datetime AS DATE) = '2016-01-01'", "CAST(datetime AS DATE) = '2016-01-01'"),
        ("datetime >", "datetime >"),
        ("datetime IN ('2016'", None),
        ("", ""),
    ],
)
def test_texts_that_are_compared_with_dates(where, expected):
    if expected is None:
        with pytest.raises(QueryError, match="is not closed"):
            with_moments(where)
    else:
        assert with_moments(where) == expected


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("gsd = 1 -- b", r"holds a comment \(--\); leave it out, or put quotes around a text"),
        ("gsd = 1 /* b", r"holds a comment \(/\*\)"),
        ("gsd = (1", r"the condition 'gsd = \(1' is not closed; check its parentheses"),
        ("gsd = 1) OR (1 = 1", "is not closed"),
        ("source = 'its", "is not closed"),
        ('"gsd = 1', "is not closed"),
        ("datetime > 'soon'", "a date in the condition is 'soon'; write a date as 2015, 2015-09"),
        ("datetime IN ('2016', 'x')", "a date in the condition is 'x'"),
    ],
)
def test_conditions_that_are_refused(where, message):
    with pytest.raises(QueryError, match=message):
        with_moments(where)


@pytest.mark.parametrize(
    ("where", "is_admitted"),
    [
        ("datetime > '2016-01-01'", lambda when: when > datetime(2016, 1, 1, tzinfo=UTC)),
        ("'2016-01-01' >= datetime", lambda when: when <= datetime(2016, 1, 1, tzinfo=UTC)),
        (
            "datetime between '2015-06' and '2017'",
            lambda when: when.year == 2016 or (when.year == 2015 and when.month >= 6),
        ),
        ("datetime in ('2016-01-01', '2015')", lambda when: when.day == 1 and when.year < 2017),
        ("not datetime < '2016'", lambda when: when.year >= 2016),
    ],
)
def test_another_database_admits_the_same(where, is_admitted):
    moments = [datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=73 * n) for n in range(20)]
    table = pa.table({"datetime": pa.array(moments, pa.timestamp("us", tz="UTC"))})
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = connection.from_arrow(table).filter(with_moments(where)).fetchall()
    wanted = [when for when in moments if is_admitted(when)]
    assert wanted
    assert [row[0].astimezone(UTC) for row in rows] == wanted
