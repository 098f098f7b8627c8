"""Dates in metadata: tags of rasters that say when a scene was taken, as GDAL gives them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from harma.scenes.period import Period
from harma.scenes.written_dates import period_of_text

# Names of the time of taking, the surest first: a tag alone, tags that go together (day and time),
# or first and last. TIFF's own DateTime tag is not here: it is when the file was written.
TAKEN = (
    # What GDAL reads of the sidecars of Maxar, Pléiades, Landsat, SPOT and others.
    ("ACQUISITIONDATETIME",),
    ("ACQUISITION_START_TIME", "ACQUISITION_STOP_TIME"),
    ("ACQUIRED",),
    ("ACQUISITION_DATETIME",),
    ("ACQUISITION_DATE",),
    ("ACQUISITIONDATE",),
    ("DATE_ACQUIRED",),
    ("FIRSTLINETIME",),
    ("IMAGING_DATE",),
    ("DATATAKE_1_DATATAKE_SENSING_START",),
    ("SENSING_TIME",),
    ("START_DATETIME", "END_DATETIME"),
    ("RANGEBEGINNINGDATE", "RANGEENDINGDATE"),
    ("TIME_COVERAGE_START", "TIME_COVERAGE_END"),
    ("PRODUCT_START_TIME", "PRODUCT_STOP_TIME"),
    ("NITF_IDATIM",),
    ("DATETIME",),
    ("DATE",),
)
# The time of day, where another tag has it.
TIME_OF = {
    "DATE_ACQUIRED": "SCENE_CENTER_TIME",
    "IMAGING_DATE": "IMAGING_TIME",
    "RANGEBEGINNINGDATE": "RANGEBEGINNINGTIME",
    "RANGEENDINGDATE": "RANGEENDINGTIME",
}
GENERAL = ("DATETIME", "DATE", "ACQUIRED")
# What GDAL gives of a sidecar whose time it cannot read, and writes into a NITF that has none.
NO_DATES = ("1970-01-01 00:00:00", "20021216151629")
# NITF 2.1 writes 20150926103000, with "-" for what is not known.
NITF = re.compile(r"(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})")
NITF_DAY = re.compile(r"(\d{4})(\d{2})(\d{2})[-0 ]{6}")


class DateInTags(NamedTuple):
    """A date in metadata, and the tag that says it."""

    period: Period
    tag: str


def period_in_tags(tags: Mapping[str, str]) -> DateInTags | None:
    """When a raster was taken, by its metadata; None where they do not say.

    Args:
        tags: name → text; names may be in lower case, and begin with groups, as GDAL's of NetCDF
            and sidecars do (NC_GLOBAL#time_coverage_start, IMAGE_1.firstLineTime).
    """
    folded: dict[str, str] = {}
    for key, value in tags.items():
        groups = re.split(r"[#.]", key.upper())
        # Groups of sidecars have dates of many things; those of a raster itself are its own.
        if "." not in key or groups[-1] not in GENERAL:
            folded[groups[-1]] = value
    for first, *last in TAKEN:
        period = _value(folded, first)
        if period is None:
            continue
        end = _value(folded, last[0]) if last else None
        if end is not None and end.end >= period.start:
            period = period.to(end)
        return DateInTags(period, first)
    return None


def date_in_tags(tags: Mapping[str, str]) -> datetime | None:
    """The first moment of the date in a raster's metadata; see `period_in_tags`."""
    date = period_in_tags(tags)
    return None if date is None else date.period.start


def _value(tags: Mapping[str, str], name: str) -> Period | None:
    text = _unquoted(tags.get(name, ""))
    if not text or text in NO_DATES:
        return None
    time = _unquoted(tags.get(TIME_OF.get(name, ""), ""))
    if time:
        exact = period_of_text(f"{text}T{time}")
        if exact is not None:
            return exact
    # HLS names the times of all granules that went in.
    first, semicolon, _ = text.partition(";")
    if semicolon:
        return period_of_text(first)
    return _of_nitf(text) or period_of_text(text)


def _unquoted(text: str) -> str:
    return text.strip().strip("\"'")


def _of_nitf(text: str) -> Period | None:
    day = NITF_DAY.fullmatch(text)
    if day is not None:
        return period_of_text("-".join(day.groups()))
    moment = NITF.fullmatch(text)
    if moment is not None:
        year, month, of_month, *clock = moment.groups()
        return period_of_text(f"{year}-{month}-{of_month}T{':'.join(clock)}")
    return None
