"""Events for other programs: GeoJSON and CSV, with names in place of the paths of this machine."""

import csv
import datetime as dt
import io
import json
from collections.abc import Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from harma.index.outlines import DIGITS, geojson_outlines
from harma.index.source_ids import shown_name, source_id
from harma.scenes.period import date_of
from harma.searches.records import Event


def event_feature(event: Event) -> dict[str, Any]:
    """An event as a feature of GeoJSON."""
    return {
        "type": "Feature",
        "id": event.id,
        "geometry": geojson_outlines([outline_of(event)])[0],
        "properties": event_properties(event),
    }


def event_properties(event: Event) -> dict[str, Any]:
    """What is said of an event."""
    gain = None if event.gain is None else round(event.gain, 6)
    return {
        "number": event.number,
        "found": moment_text(event.found),
        "chip": event.chip,
        "source": source_id(event.source),
        "source_name": scene_name(event),
        "score": round(event.score, 6),
        "gain": gain,
        "standing": event.standing,
        "date": date_text(event),
        "then_chip": event.then_chip,
    }


def as_geojson(events: Sequence[Event]) -> str:
    """A FeatureCollection (RFC 7946) of events."""
    features = [event_feature(event) for event in events]
    return json.dumps({"type": "FeatureCollection", "features": features}) + "\n"


def as_csv(events: Sequence[Event]) -> str:
    """A line per event, footprints as WKT."""
    rows = []
    for event in events:
        outline = outline_of(event)
        wkt = "" if outline is None else shapely.to_wkt(outline, rounding_precision=DIGITS)
        rows.append({**event_properties(event), "id": event.id, "geometry": wkt})
    buffer = io.StringIO()
    names = ["number", "found", "date", "standing", "score", "gain", "source_name", "source"]
    names += ["chip", "then_chip", "id", "geometry"]
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def outline_of(event: Event) -> BaseGeometry | None:
    """The footprint of an event's chip, or None."""
    if event.geometry is None:
        return None
    outline: BaseGeometry = shapely.from_wkb(event.geometry)
    return outline


def scene_name(event: Event) -> str:
    """The name of an event's scene, without folders; what no UTF-8 can say is written out."""
    return shown_name(event.source)


def date_text(event: Event) -> str:
    """When the scene was taken, as exactly as it is known; "" where it is not."""
    return date_of(event.taken, event.taken_end)


def moment_text(when: dt.datetime) -> str:
    """A moment in UTC, as RFC 3339 writes it."""
    return when.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
