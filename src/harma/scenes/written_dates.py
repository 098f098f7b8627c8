"""Dates as people and metadata write them: year, month, day, time, interval (ISO 8601), EXIF."""

import re
from datetime import UTC, datetime

from harma.errors import ConfigError
from harma.scenes.period import Period

YEAR = re.compile(r"(?:19|20)\d{2}")
MONTH = re.compile(r"(?:19|20)\d{2}-\d{2}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}")
# EXIF writes 2015:09:26 10:30:00.
EXIF_DAY = re.compile(r"^(\d{4}):(\d{2}):(\d{2})")
# Agencies write more digits of a second than Python reads.
FRACTION = re.compile(r"([.,]\d{6})\d+")
FORMS = "2015, 2015-09, 2015-09-26 or 2015-09-26T10:30:00Z (other zones as +02:00)"


def parse_date(text: str, option: str) -> datetime:
    """A date that a person wrote; of a year, month or day the first moment.

    Args:
        text: without a time zone it is in UTC.
        option: or column it was written for, for the message.

    Raises:
        ConfigError: it is none.
    """
    period = _single(text)
    if period is None:
        raise ConfigError(f"{option} is {text!r}; write a date as {FORMS}")
    return period.start


def parse_period(text: str, option: str) -> Period:
    """A date or interval that a person wrote: a year is the whole of it, a time a moment.

    Args:
        text: also an interval such as 2018-07-01/2018-07-31; without a time zone it is in UTC.
        option: or column it was written for, for the message.

    Raises:
        ConfigError: it is none.
    """
    period = period_of_text(text)
    if period is None:
        raise ConfigError(
            f"{option} is {text!r}; write a date as {FORMS}, or a range as 2018-07-01/2018-07-31"
        )
    return period


def period_of_text(text: str) -> Period | None:
    """A date or interval of ISO 8601, or as EXIF writes it; None where it is none.

    Of an interval that is open at one end, the end that is known.
    """
    first, slash, last = text.partition("/")
    if not slash:
        return _single(text)
    start = _single(first)
    end = _single(last)
    if start is None or end is None:
        # An open end is "..", or nothing.
        is_open = bool({first.strip(), last.strip()} & {"", ".."})
        known = start or end
        return known if is_open else None
    if start.start > end.end:
        return None
    return start.to(end)


def _single(text: str) -> Period | None:
    """A date that is no interval."""
    text = text.strip().upper()
    # Weeks: Python takes one for its Monday.
    if "W" in text:
        return None
    if YEAR.fullmatch(text):
        return Period.year(datetime(int(text), 1, 1, tzinfo=UTC))
    text = EXIF_DAY.sub(r"\1-\2-\3", text)
    try:
        if MONTH.fullmatch(text):
            return Period.month(datetime.fromisoformat(f"{text}-01").replace(tzinfo=UTC))
        moment = _in_utc(datetime.fromisoformat(FRACTION.sub(r"\1", text)))
        return Period.day(moment) if DAY.fullmatch(text) else Period.moment(moment)
    except (ValueError, OverflowError):  # the year 0001 east of Greenwich is before all dates
        return None


def _in_utc(when: datetime) -> datetime:
    if when.tzinfo is None:
        return when.replace(tzinfo=UTC)
    return when.astimezone(UTC)
