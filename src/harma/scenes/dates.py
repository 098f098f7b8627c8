"""Dates: when a scene was taken, by its name or its metadata; dates that people write."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath

from harma.errors import ConfigError

# Metadata that names the time of taking. TIFF's own DateTime tag is not here: it is when the file
# was written.
TAGS = (
    "ACQUISITIONDATETIME",
    "ACQUISITION_DATE",
    "DATE_ACQUIRED",
    "DATATAKE_1_DATATAKE_SENSING_START",
    "SENSING_TIME",
    "PRODUCT_START_TIME",
    "DATETIME",
    "DATE",
)
# Year, month and day, all with the same separator or none; then perhaps a time. Digits before or
# after would make it part of a longer number.
IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d{2})([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    r"(?:[T_ ](\d{2})[:-]?(\d{2})[:-]?(\d{2}))?(?!\d)"
)
YEAR = re.compile(r"^(?:19|20)\d{2}$")


def date_in_name(name: str) -> datetime | None:
    """The date in a file's name: 20150926, 2015-09-26, 20150926T103021.

    Of a name that is a year alone it is the year's first day.
    """
    stem = PurePath(name).stem
    if YEAR.match(stem):
        return datetime(int(stem), 1, 1, tzinfo=UTC)
    for match in IN_NAME.finditer(stem):
        year, _, month, day, *clock = match.groups()
        hour, minute, second = (int(part or 0) for part in clock)
        try:
            return datetime(int(year), int(month), int(day), hour, minute, second, tzinfo=UTC)
        except ValueError:  # such as 30 February: another number of the name may be the date
            continue
    return None


def date_in_tags(tags: Mapping[str, str]) -> datetime | None:
    """The date in a raster's metadata.

    Args:
        tags: name → text; names may be in lower case.
    """
    folded = {key.upper(): value for key, value in tags.items()}
    for tag in TAGS:
        date = _parsed(folded.get(tag, ""))
        if date is not None:
            return date
    return None


def parse_date(text: str, option: str) -> datetime:
    """A date that a person wrote.

    Args:
        text: without a time zone it is in UTC.
        option: or column it was written for, for the message.

    Raises:
        ConfigError: it is none.
    """
    date = _parsed(text)
    if date is None:
        raise ConfigError(
            f"{option} is {text!r}; write a date as 2015, 2015-09-26 or 2015-09-26T10:30:00Z"
        )
    return date


def _parsed(text: str) -> datetime | None:
    text = text.strip()
    if YEAR.match(text):
        return datetime(int(text), 1, 1, tzinfo=UTC)
    # EXIF writes 2015:09:26 10:30:00.
    text = re.sub(r"^(\d{4}):(\d{2}):(\d{2})", r"\1-\2-\3", text)
    try:
        date = datetime.fromisoformat(text)
        if date.tzinfo is None:
            return date.replace(tzinfo=UTC)
        return date.astimezone(UTC)
    except (ValueError, OverflowError):  # the year 0001 east of Greenwich is before all dates
        return None
