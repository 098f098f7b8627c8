"""When a scene was taken, and what says so: metadata, its name, a folder, a person's pattern."""

from collections.abc import Mapping
from typing import NamedTuple

from harma.scenes.date_pattern import find_by_pattern
from harma.scenes.name_dates import period_in_folders, period_in_name
from harma.scenes.period import Period
from harma.scenes.tag_dates import period_in_tags

# A VRT in XML is no name.
XML = "<"
# Begins what is said of something that was taken for a date and is none.
NO_DATE = "no date: "


class Taken(NamedTuple):
    """When a scene was taken.

    Attributes:
        period: None where nothing says it.
        date_from: what says it; or what was taken for a date and is none; "" where there is
            neither.
    """

    period: Period | None
    date_from: str


def taken_of(name: str, tags: Mapping[str, str], pattern: str | None = None) -> Taken:
    """When a scene was taken: by a person's pattern, its metadata, its name, a folder of its path.

    Args:
        name: path or address.
        tags: of its metadata.
        pattern: a person's own, which goes before all else; see `harma.scenes.date_pattern`.
    """
    path = "" if name.startswith(XML) else name
    if pattern is not None:
        match = find_by_pattern(pattern, path)
        if match is not None:
            text, period = match
            if period is None:
                return Taken(None, f"{NO_DATE}date_from ({pattern}) finds {text!r}, which is none")
            return Taken(period, f"date_from ({pattern})")
    in_tags = period_in_tags(tags)
    if in_tags is not None:
        return Taken(in_tags.period, f"its metadata ({in_tags.tag})")
    period = period_in_name(path)
    if period is not None:
        return Taken(period, "its name")
    period = period_in_folders(path)
    return Taken(period, "a folder's name" if period is not None else "")
