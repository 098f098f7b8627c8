"""Dates in names of files and folders: 20150926, 2020-06, DJI_20230714123015, A2020123.

The most exact date counts: of several days the first, a month only where there is no day. What
could as well be something else (03-04-2020, a lone 2019 between other words, a number of seven
digits beside another) is no date; `harma.scenes.date_pattern` is for names that need to be told.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import NamedTuple

from harma.scenes.name_patterns import (
    BETWEEN,
    DAY_FIRST,
    DAYS,
    INDEX_WORD,
    MONTHS,
    MONTHS_AND_QUARTERS,
    PRODUCTS,
    YEARLY_WORD,
    YEARS,
)
from harma.scenes.period import Period

# Suffixes begin with a letter: what follows the last dot of "scene.2019" is none.
SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,9}$")
# Years of two digits: satellites took none before.
FIRST_YEAR = 1970
# A month, a quarter or a lone year is only looked for in these: 2056 is a Swiss EPSG code.
PICTURED = range(1900, 2050)
# A second date that comes later is when the file was made, not the end of a range.
LONGEST_RANGE = timedelta(days=366)


class DateInName(NamedTuple):
    """A date in a name, and where it stands."""

    period: Period
    start: int
    end: int


def period_in_name(name: str) -> Period | None:
    """The date in a file's name, as exactly as it stands there; None where there is none.

    Args:
        name: a path, address or name; its folders are not looked at.
    """
    stem = _stem(name)
    for dates in (_in_product(stem), _days(stem), _months(stem), _years(stem)):
        if dates:
            return _with_range(stem, dates)
    return None


def date_in_name(name: str) -> datetime | None:
    """The first moment of the date in a file's name; see `period_in_name`."""
    period = period_in_name(name)
    return None if period is None else period.start


def period_in_folders(path: str) -> Period | None:
    """The date that the nearest folder of a path is named by.

    It counts where a folder's name is a day and nothing else (2015-09-26/, 2015/09/26/), or begins
    with one by which sensors' products are named (S2A_MSIL2A_20200612T103031_…): the date in any
    other folder's name may be that of a delivery.
    """
    folders = [part for part in PurePath(path).parts[:-1] if part.strip("/")]
    for count in range(len(folders), max(0, len(folders) - 5), -1):
        period = _of_folder(folders[:count])
        if period is not None:
            return period
    return None


def _of_folder(folders: Sequence[str]) -> Period | None:
    tree = "-".join(folders[-3:])
    for text in (folders[-1], tree):
        for date in _days(text):
            if (date.start, date.end) == (0, len(text)):
                return date.period
    product = _in_product(_stem(folders[-1]))
    return product[0].period if product else None


def _stem(name: str) -> str:
    """The last part of a path or address, without suffix and query."""
    if "://" in name:
        name = re.split(r"[?#]", name)[0]
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    return SUFFIX.sub("", last)


# -- what there is, from the most exact to the least ----------------------------------------------


def _in_product(stem: str) -> list[DateInName]:
    """The date of a product whose name is known."""
    for pattern in PRODUCTS:
        for date in _dates_of(pattern, stem):
            return [date]
    return []


def _days(stem: str) -> list[DateInName]:
    """All days, the first in the name first."""
    dates: list[DateInName] = []
    for pattern in DAYS:
        dates += _dates_of(pattern, stem)
    for match in DAY_FIRST[0].finditer(stem):
        period = _day_first(match)
        if period is not None:
            dates.append(DateInName(period, *match.span()))
    return _in_order(dates)


def _months(stem: str) -> list[DateInName]:
    dates = []
    for pattern in MONTHS_AND_QUARTERS:
        for date in _dates_of(pattern, stem):
            if not _is_index(stem, date) and date.period.start.year in PICTURED:
                dates.append(date)
    return _in_order(dates)


def _years(stem: str) -> list[DateInName]:
    """A name that is a year, two of them, or the only year in a name of yearly imagery."""
    alone, within = YEARS
    if alone.match(stem):
        return list(_dates_of(alone, stem))
    dates = list(_dates_of(within, stem))
    if len(dates) == 2 and re.fullmatch(r"\d{4}[-_]\d{4}", stem):
        return dates
    likely = [date for date in dates if date.period.start.year in PICTURED]
    if len(likely) == 1 and YEARLY_WORD.search(stem) and not _is_index(stem, likely[0]):
        return likely
    return []


def _is_index(stem: str, date: DateInName) -> bool:
    """Whether a number follows a word such as "tile"."""
    return bool(INDEX_WORD.search(stem[: date.start]))


def _in_order(dates: Sequence[DateInName]) -> list[DateInName]:
    """The first in the name first; of those that begin at one place the longest alone."""
    ordered = sorted(dates, key=lambda date: (date.start, -date.end))
    kept: list[DateInName] = []
    for date in ordered:
        if not kept or date.start >= kept[-1].end:
            kept.append(date)
    return kept


def _with_range(stem: str, dates: Sequence[DateInName]) -> Period:
    """The first date, to the second if that follows at once: 20200601_20200630."""
    first = dates[0]
    if len(dates) > 1:
        last = dates[1]
        is_joined = BETWEEN.fullmatch(stem[first.end : last.start]) is not None
        length = last.period.end - first.period.start
        is_later = last.period.start > first.period.start
        # Years go on for longer.
        is_short = length <= LONGEST_RANGE or first.period.is_year
        if is_joined and is_later and is_short:
            return first.period.to(last.period)
    return first.period


# -- from a match to a period ---------------------------------------------------------------------


def _dates_of(pattern: re.Pattern[str], stem: str) -> Iterator[DateInName]:
    for match in pattern.finditer(stem):
        period = _period(match)
        # None is such as 30 February: another number of the name may be the date.
        if period is not None:
            yield DateInName(period, *match.span())


def _period(match: re.Match[str]) -> Period | None:
    """The period of a match; None where the calendar has no such date."""
    groups = match.groupdict()
    year = _year(groups)
    try:
        if groups.get("yday"):
            return _of_day(_day_of_year(year, int(groups["yday"])), groups.get("clock"))
        if groups.get("quarter"):
            return Period.months(_utc(year, 3 * int(groups["quarter"]) - 2), 3)
        if not groups.get("month"):
            return Period.year(_utc(year))
        month = _month(groups["month"])
        if not groups.get("day"):
            return Period.month(_utc(year, month))
        return _of_day(_utc(year, month, int(groups["day"])), groups.get("clock"))
    except ValueError:
        return None


def _day_first(match: re.Match[str]) -> Period | None:
    """Day and month in one order or the other; None where both are possible, and differ."""
    one = int(match["one"])
    two = int(match["two"])
    if one <= 12 and two <= 12 and one != two:
        return None
    # The larger one is the day.
    month, day = sorted((one, two))
    try:
        return _of_day(_utc(int(match["year"]), month, day), match["clock"])
    except ValueError:
        return None


def _year(groups: dict[str, str]) -> int:
    if groups.get("year"):
        return int(groups["year"])
    year = 1900 + int(groups["year2"])
    if year < FIRST_YEAR:
        year += 100
    return year


def _month(text: str) -> int:
    """The number of a month, which may be a name."""
    if text.isdigit():
        return int(text)
    return MONTHS.index(text[:3].lower()) + 1


def _utc(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def _day_of_year(year: int, number: int) -> datetime:
    """The day of a year, counted from 1.

    Raises:
        ValueError: the year has no such day.
    """
    day = _utc(year) + timedelta(days=number - 1)
    if number < 1 or day.year != year:
        raise ValueError(number)
    return day


def _of_day(day: datetime, clock: str | None) -> Period:
    """A day, a minute of it, or a moment.

    Raises:
        ValueError: the clock shows no such time.
    """
    digits = re.sub(r"\D", "", clock or "")
    if not digits:
        return Period.day(day)
    time = day.replace(hour=int(digits[:2]), minute=int(digits[2:4]))
    if len(digits) == 4:
        return Period.minute(time)
    parts = digits[6:12].ljust(6, "0")
    return Period.moment(time.replace(second=int(digits[4:6]), microsecond=int(parts)))
