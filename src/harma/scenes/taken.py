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


def agreed(said: Taken, read: Taken) -> Taken:
    """What counts of two dates of a scene: the one that is said, unless the other is more exact.

    Args:
        said: by a list, a catalogue or a product's name.
        read: in the scene's own metadata or name.
    """
    if said.period is None:
        return read
    if read.period is not None and said.period.holds(read.period):
        return read
    return said


def taken_of(
    name: str,
    tags: Mapping[str, str],
    pattern: str | None = None,
    by_camera: Period | None = None,
) -> Taken:
    """When a scene was taken: by a person's pattern, its metadata, its name, a folder of its path.

    Args:
        name: path or address.
        tags: of its metadata.
        pattern: a person's own, which goes before all else; see `harma.scenes.date_pattern`.
        by_camera: when its camera says that it was taken.
    """
    path = "" if name.startswith(XML) else name
    if pattern is not None:
        match = find_by_pattern(pattern, path)
        if match is not None:
            text, period = match
            if period is None:
                return Taken(None, f"{NO_DATE}date_from ({pattern}) finds {text!r}, which is none")
            return Taken(period, f"date_from ({pattern})")
    period = period_in_name(path)
    by_name = Taken(period, "its name")
    if period is None:
        by_name = _by_folders(path)
    in_tags = period_in_tags(tags)
    if in_tags is not None:
        return agreed(Taken(in_tags.period, f"its metadata ({in_tags.tag})"), by_name)
    if by_camera is not None:
        return Taken(by_camera, "its camera (EXIF)")
    return by_name


def _by_folders(path: str) -> Taken:
    period = period_in_folders(path)
    if period is None:
        return Taken(None, "")
    return Taken(period, "a folder's name")
