"""A person's own pattern for dates in paths (`--date-from`): a regular expression, or %Y%m%d."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from harma.errors import ConfigError
from harma.scenes.name_dates import period_in_name
from harma.scenes.name_patterns import MONTHS
from harma.scenes.period import Period
from harma.scenes.written_dates import period_of_text

# What strftime's signs stand for; they may be used inside of a regular expression.
SIGNS = {
    "%Y": r"(?P<year>\d{4})",
    "%y": r"(?P<year2>\d{2})",
    "%m": r"(?P<month>\d{1,2})",
    "%b": r"(?P<month>[A-Za-z]{3,9})",
    "%B": r"(?P<month>[A-Za-z]{3,9})",
    "%d": r"(?P<day>\d{1,2})",
    "%j": r"(?P<yday>\d{3})",
    "%H": r"(?P<hour>\d{1,2})",
    "%M": r"(?P<minute>\d{2})",
    "%S": r"(?P<second>\d{2})",
}
GROUPS = ("year", "year2", "month", "day", "yday", "hour", "minute", "second")
HOW = (
    "give a regular expression with one group that holds the date, with groups named"
    f" {', '.join(GROUPS)}, or with {', '.join(SIGNS)}, such as flight_%d%m%Y"
)
# Two digits below are of this century, as POSIX has it.
CENTURY = 69


def check_date_pattern(pattern: str | None) -> None:
    """Check that a pattern can be used.

    Raises:
        ConfigError: it cannot.
    """
    if pattern is not None:
        _compiled(pattern)


def find_by_pattern(pattern: str, path: str) -> tuple[str, Period | None] | None:
    """What a pattern finds: in the last part of a path, or else in the whole of it.

    Returns:
        The text that matches, and its date, None where it is none; None where nothing matches.
    """
    compiled = _compiled(pattern)
    match = compiled.search(re.split(r"[/\\]", path)[-1]) or compiled.search(path)
    if match is None:
        return None
    if compiled.groupindex:
        return match[0], _of_groups(match.groupdict())
    text = match[compiled.groups] or ""
    return text, period_of_text(text) or period_in_name(text)


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> re.Pattern[str]:
    expression = re.sub(r"%[A-Za-z]", lambda sign: SIGNS.get(sign[0], sign[0]), pattern)
    try:
        compiled = re.compile(expression)
    except re.error as error:
        raise ConfigError(
            f"date_from is {pattern!r}, which is no regular expression ({error}); {HOW}"
        ) from error
    named = set(compiled.groupindex)
    unknown = sorted(named - set(GROUPS))
    if unknown:
        raise ConfigError(f"date_from names the group {unknown[0]}; {HOW}")
    if named and not named & {"year", "year2"}:
        raise ConfigError(f"date_from is {pattern!r}, which finds no year; {HOW}")
    if not pattern or (not named and compiled.groups > 1):
        raise ConfigError(f"date_from is {pattern!r}; {HOW}")
    return compiled


def _of_groups(groups: dict[str, str | None]) -> Period | None:
    """The period that groups name: as exact as they are."""
    numbers: dict[str, int] = {}
    for name, text in groups.items():
        number = _number(name, text)
        if number is not None:
            numbers[name] = number
        elif text:
            return None
    # A day of no month would be one of January.
    if "day" in numbers and "month" not in numbers:
        return None
    if "year2" in numbers:
        short = numbers.pop("year2")
        numbers["year"] = short + (2000 if short < CENTURY else 1900)
    try:
        return _period(numbers)
    except (ValueError, KeyError):  # the calendar has no such date, or the year did not take part
        return None


def _number(name: str, text: str | None) -> int | None:
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    short = text[:3].lower()
    if name != "month" or short not in MONTHS:
        return None
    return MONTHS.index(short) + 1


def _period(numbers: dict[str, int]) -> Period:
    """The period that numbers by their names are of.

    Raises:
        KeyError: the year took no part in the match.
        ValueError: the calendar has no such date.
    """
    first = datetime(
        numbers["year"],
        numbers.get("month", 1),
        numbers.get("day", 1),
        numbers.get("hour", 0),
        numbers.get("minute", 0),
        numbers.get("second", 0),
        tzinfo=UTC,
    )
    if "yday" in numbers:
        first += timedelta(days=numbers["yday"] - 1)
        if first.year != numbers["year"]:
            raise ValueError(numbers["yday"])
    if "second" in numbers:
        return Period.moment(first)
    if "minute" in numbers:
        return Period.minute(first)
    if "day" in numbers or "yday" in numbers:
        return Period.day(first.replace(hour=0))
    return Period.month(first) if "month" in numbers else Period.year(first)
