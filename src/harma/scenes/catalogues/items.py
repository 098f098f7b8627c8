"""STAC items as sources: asset, date or range, sensor, and properties as further columns."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from harma.errors import DataError, HarmaError
from harma.scenes.addresses import is_address, unsigned
from harma.scenes.catalogues.assets import Asset, AssetChoice, asset_of, choose
from harma.scenes.catalogues.hrefs import resolved
from harma.scenes.edge import library_call
from harma.scenes.period import Period
from harma.scenes.source import PropertyValue, Source, source_named

DATE_FROM = "the STAC item"
# Their values are in the columns of dates.
DATES = frozenset(("datetime", "start_datetime", "end_datetime"))
# What says more in few words than in a column of every chip.
LONGEST_TEXT = 200
# Names of sensors by what items call platforms, constellations and instruments.
SENSORS = (
    (re.compile(r"sentinel-?2", re.IGNORECASE), "sentinel-2"),
    (re.compile(r"sentinel-?1", re.IGNORECASE), "sentinel-1"),
    (re.compile(r"landsat-?_?0?[89]", re.IGNORECASE), "landsat-8"),
    (re.compile(r"landsat-?_?0?[457]", re.IGNORECASE), "landsat-7"),
    (re.compile(r"naip", re.IGNORECASE), "naip"),
    (re.compile(r"hls", re.IGNORECASE), "hls"),
    (re.compile(r"skysat", re.IGNORECASE), "skysat"),
    (re.compile(r"planetscope|psscene|ps2|psb\.sd", re.IGNORECASE), "planetscope"),
    (re.compile(r"rapideye", re.IGNORECASE), "rapideye"),
    (re.compile(r"worldview|geoeye|quickbird|maxar", re.IGNORECASE), "worldview"),
)


@dataclass(frozen=True)
class Document:
    """Where items stand.

    Attributes:
        where: path or address of the document: what is relative is relative to it.
        named: what a person named, which is read again where a signature has run out.
        asked: keys of assets that are asked for.
    """

    where: str
    named: str
    asked: tuple[str, ...] = ()


def source_of(values: Mapping[str, Any], document: Document) -> Source:
    """The source of an item; one that cannot be used is named with its problem.

    Args:
        values: of the item, as JSON has it.
        document: where it stands.
    """
    name = str(values.get("id") or "an item without an id")
    try:
        return _source(values, document)
    except HarmaError as error:
        # The rest of the catalogue goes on.
        where = f"{unsigned(document.where)}#{name}"
        return Source(where, where, found_in=document.named, problem=error.problem)


def _source(values: Mapping[str, Any], document: Document) -> Source:
    _check(values)
    with library_call("its assets and properties cannot be read"):
        base = _base(values, document)
        properties = dict(values.get("properties") or {})
        sensor = sensor_of(properties, str(values.get("collection") or ""))
        found = list(_assets(values, base))
        taken = taken_of(properties)
    choice = choose(found, sensor, document.asked)
    source = _opened(choice)
    return replace(
        source,
        taken=taken,
        date_from=DATE_FROM if taken else "",
        sensor=sensor,
        properties=tuple(_columns(values, properties)),
        found_in=document.named,
    )


def _check(values: Mapping[str, Any]) -> None:
    if not isinstance(values.get("assets"), Mapping):
        raise DataError("it is no STAC item: it has no assets")


def _base(values: Mapping[str, Any], document: Document) -> str:
    """What the hrefs of an item are relative to: the item itself, where that is known."""
    for link in values.get("links") or ():
        href = str(link.get("href", ""))
        if link.get("rel") == "self" and is_address(href):
            # An item that lies here together with its files says where it came from.
            return href if is_address(document.where) else document.where
    return document.where


def _assets(values: Mapping[str, Any], base: str) -> Iterator[Asset]:
    for key, asset in values["assets"].items():
        try:
            href = resolved(str(asset.get("href", "")), base)
        except DataError as error:
            raise DataError(f"its asset {key}: {error.problem}") from error
        yield asset_of(key, asset, href)


def _opened(choice: AssetChoice) -> Source:
    """The source of what was chosen, named as if a person had named the file."""
    source = replace(source_named(choice.assets[0].href), bands=choice.bands)
    if not choice.parts:
        return source
    parts = tuple(replace(part, path=source_named(part.path).opened_as) for part in choice.parts)
    files = tuple(part.path for part in choice.parts if not is_address(part.path))
    return replace(source, parts=parts, files=files)


# -- when -----------------------------------------------------------------------------------------


def taken_of(properties: Mapping[str, Any]) -> Period | None:
    """When an item was taken: its range, where it has one, else its moment."""
    first = moment_of(properties.get("start_datetime"))
    last = moment_of(properties.get("end_datetime"))
    if first is not None and last is not None and first <= last:
        return Period(first, last)
    when = moment_of(properties.get("datetime")) or first or last
    return None if when is None else Period.moment(when)


def moment_of(value: object) -> datetime | None:
    """A moment in UTC of RFC 3339 text, or of a datetime; None of anything else."""
    if isinstance(value, datetime):
        when = value
    elif isinstance(value, str) and value.strip():
        when = datetime.fromisoformat(value.strip())
    else:
        return None
    if when.tzinfo is None:
        return when.replace(tzinfo=UTC)
    return when.astimezone(UTC)


# -- what else ------------------------------------------------------------------------------------


def sensor_of(properties: Mapping[str, Any], collection: str) -> str:
    """The sensor that an item names, or ""."""
    said = [properties.get("constellation"), properties.get("platform"), collection]
    said += properties.get("instruments") or ()
    # HLS comes from both satellites, and is neither's product.
    if re.search(r"hls", collection, re.IGNORECASE):
        return "hls"
    for text in said:
        for pattern, sensor in SENSORS:
            if isinstance(text, str) and pattern.search(text):
                return sensor
    return ""


def _columns(
    values: Mapping[str, Any], properties: Mapping[str, Any]
) -> Iterator[tuple[str, PropertyValue]]:
    yield "stac_id", str(values.get("id") or "")
    if isinstance(values.get("collection"), str):
        yield "collection", values["collection"]
    for key, value in properties.items():
        if key not in DATES and is_plain(value):
            yield key, float(value) if type(value) is int else value


def is_plain(value: object) -> bool:
    """Whether a property is a number, a short text, or yes or no."""
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    return isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value))


def sources_of(items: Sequence[Mapping[str, Any]], document: Document) -> list[Source]:
    """The sources of items, in their order."""
    return [source_of(item, document) for item in items]
