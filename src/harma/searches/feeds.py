"""Atom feeds of events (RFC 4287) with GeoRSS: for feed readers, QGIS and GDAL."""

import base64
import datetime as dt
import html
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from harma.searches.event_forms import date_text, moment_text, outline_of, scene_name
from harma.searches.records import Event

MEDIA_TYPE = "application/atom+xml"
# Events of a feed, the latest: readers come again before as many are new.
FEED_EVENTS = 100
ATOM = "http://www.w3.org/2005/Atom"
GEORSS = "http://www.georss.org/georss"
MEDIA = "http://search.yahoo.com/mrss/"
# What XML 1.0 cannot hold, not even escaped: control characters, halves of pairs.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
JPEG = "image/jpeg"

ET.register_namespace("", ATOM)
ET.register_namespace("georss", GEORSS)
ET.register_namespace("media", MEDIA)

# Gives the address of something of an event; "" where there is none.
AddressOf = Callable[[Event], str]


@dataclass(frozen=True)
class FeedAbout:
    """What a feed says of itself.

    Attributes:
        search: id of the saved search.
        title: its name.
        updated: when something changed last.
        own: address of the feed; "" of a file.
        page: address of the saved search on the map page; "" where no server shows it.
        page_of: gives the address of an event on the map page.
        thumbnail_of: gives the address of an event's thumbnail.
    """

    search: str
    title: str
    updated: dt.datetime
    own: str = ""
    page: str = ""
    page_of: AddressOf = lambda _: ""
    thumbnail_of: AddressOf = lambda _: ""


def atom(feed: FeedAbout, events: Sequence[Event]) -> bytes:
    """A feed as XML in UTF-8.

    Args:
        feed: what it says of itself.
        events: of the saved search, the latest first.
    """
    root = ET.Element(_in_atom("feed"))
    _text(root, "id", uuid.uuid5(uuid.NAMESPACE_OID, f"feed\0{feed.search}").urn)
    _text(root, "title", feed.title)
    _text(root, "updated", moment_text(feed.updated))
    _text(root, "generator", "HarMA")
    author = ET.SubElement(root, _in_atom("author"))
    _text(author, "name", "HarMA")
    if feed.own:
        _link(root, "self", feed.own, MEDIA_TYPE)
    if feed.page:
        _link(root, "alternate", feed.page, "text/html")
    for event in events:
        _add_entry(root, feed, event)
    written: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def data_address(jpeg: bytes | None) -> str:
    """A thumbnail as an address that holds it, for feeds that no server gives."""
    if not jpeg:
        return ""
    return f"data:{JPEG};base64,{base64.b64encode(jpeg).decode()}"


def _add_entry(root: ET.Element, feed: FeedAbout, event: Event) -> None:
    entry = ET.SubElement(root, _in_atom("entry"))
    date = date_text(event)
    name = scene_name(event)
    _text(entry, "id", event.id)
    _text(entry, "title", f"{feed.title}: {name}" + (f", {date}" if date else ""))
    _text(entry, "updated", moment_text(event.found))
    _text(entry, "published", moment_text(event.found))
    page = feed.page_of(event)
    thumbnail = feed.thumbnail_of(event)
    if page:
        _link(entry, "alternate", page, "text/html")
    if thumbnail and not thumbnail.startswith("data:"):
        _link(entry, "enclosure", thumbnail, JPEG)
        ET.SubElement(entry, f"{{{MEDIA}}}thumbnail", {"url": _clean(thumbnail)})
    said = _said(event, name, date)
    _text(entry, "summary", said)
    content = f"<p>{html.escape(said)}</p>"
    if thumbnail:
        content = f'<img src="{html.escape(thumbnail)}" alt=""/>{content}'
    _text(entry, "content", content, type="html")
    outline = outline_of(event)
    if outline is not None:
        _add_outline(entry, outline)


def _said(event: Event, name: str, date: str) -> str:
    """An event in a sentence."""
    taken = f", taken {date}" if date else ", no date known"
    standing = f"{event.standing}, " if event.standing else ""
    judged = f"score {event.score:.3f}"
    if event.gain is not None:
        judged = f"gain {event.gain:+.3f}"
    return f"{name}{taken}: {standing}{judged}"


def _add_outline(entry: ET.Element, outline: BaseGeometry) -> None:
    """The footprint; of one over the 180th meridian the larger part: GeoRSS has one polygon."""
    parts = getattr(outline, "geoms", [outline])
    part = max(parts, key=lambda one: one.area)
    kind = "point"
    corners = shapely.get_coordinates(part)
    if isinstance(part, Polygon):
        kind = "polygon"
        corners = shapely.get_coordinates(shapely.orient_polygons(part).exterior)
    # Latitude first.
    numbers = " ".join(f"{y:.7f} {x:.7f}" for x, y in corners)
    ET.SubElement(entry, f"{{{GEORSS}}}{kind}").text = numbers


def _in_atom(name: str) -> str:
    return f"{{{ATOM}}}{name}"


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, _in_atom(name), attributes).text = _clean(text)


def _link(parent: ET.Element, rel: str, href: str, media_type: str) -> None:
    attributes = {"rel": rel, "href": _clean(href), "type": media_type}
    ET.SubElement(parent, _in_atom("link"), attributes)


def _clean(text: str) -> str:
    """A text without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)
