"""What the API says of a source: facts, extent, tiles; and where sources are (coverage)."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import Request
from pydantic import BaseModel, Field

from harma.index.extents import Box
from harma.index.outlines import DIGITS
from harma.index.source_ids import shown_name
from harma.scenes.period import date_of
from harma.serve.features import feature, iso
from harma.serve.links import link
from harma.serve.mercator import full_zoom, whole_zoom
from harma.serve.source_table import ServedSource, SourceTable

# Boxes of one answer: more of them no map shows at once.
MOST_BOXES = 50_000
JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class SourceFacts(BaseModel):
    """A scene."""

    id: str = Field(examples=["0f3a5c7e9b1d2f40"])
    name: str = Field(description="of its file, without folders", examples=["harbour_2020.tif"])
    chips: int
    bbox: list[float] | None = Field(
        description="west, south, east, north; west over east crosses the 180th meridian"
    )
    date: str = Field(description="as exactly as it is known")
    datetime: str | None
    datetime_end: str | None
    added: str | None = Field(description="when it came into the index")
    sensor: str
    bands: str = Field(description="numbers of those that are shown")
    stretch: str = Field(description="values that became black and white")
    width: int | None
    height: int | None
    tiles: str | None = Field(description="template of its tiles; null where it has none")
    min_zoom: int | None = Field(description="zoom at which it is about as large as a tile")
    max_zoom: int | None = Field(description="zoom from which on every pixel is seen")
    overviews: bool | None = Field(
        None,
        description="whether the file has overviews: without them a large one is drawn coarsely"
        " from afar; null in lists, where no file is opened",
    )


class SourcePage(BaseModel):
    """Scenes, by their ids."""

    sources: list[SourceFacts]
    next: str | None = Field(description="address of those that follow")


class CoverageProperties(BaseModel):
    """What is said of a scene on a map."""

    source: str
    source_name: str
    chips: int
    date: str


class CoverageFeature(BaseModel):
    """The box of a scene."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any] | None
    properties: CoverageProperties


class Coverage(BaseModel):
    """Where the scenes of an index are."""

    type: Literal["FeatureCollection"]
    truncated: bool = Field(description="whether there are more scenes than boxes")
    features: list[CoverageFeature]


def source_facts(request: Request, index: str, source: ServedSource) -> dict[str, Any]:
    """What is said of a source (`SourceFacts`)."""
    record = source.record
    extent = source.extent
    return {
        "id": source.id,
        "name": shown_name(record.source),
        "chips": extent.num_chips,
        "bbox": _rounded(extent.bbox),
        "date": date_text(source),
        "datetime": iso(extent.datetime),
        "datetime_end": iso(extent.datetime_end),
        "added": iso(record.added),
        "sensor": record.sensor,
        "bands": record.bands,
        "stretch": record.stretch,
        "width": record.width,
        "height": record.height,
        "tiles": tiles_template(request, index, source),
        **zooms(source),
    }


def tiles_template(request: Request, index: str, source: ServedSource) -> str | None:
    """The address of a source's tiles, with {z}, {x} and {y}; None where it has none."""
    if not source.has_tiles:
        return None
    path = f"/v1/indexes/{index}/sources/{source.id}/tiles/{{z}}/{{x}}/{{y}}"
    # Another address once the scene is another: a browser keeps what it has.
    return link(request, path, v=content_tag(source))


def zooms(source: ServedSource) -> dict[str, int | None]:
    """The zooms between which a source is best seen."""
    extent = source.extent
    if not source.has_tiles or extent.bbox is None or not extent.gsd:
        return {"min_zoom": None, "max_zoom": None}
    latitude = (extent.bbox[1] + extent.bbox[3]) / 2
    full = full_zoom(extent.gsd, latitude)
    side = max(source.record.width or 1, source.record.height or 1)
    return {"min_zoom": whole_zoom(full, side), "max_zoom": full}


def content_tag(source: ServedSource) -> str:
    """Of what a source's tiles show: bytes, bands and stretch."""
    record = source.record
    shown = zlib.crc32(f"{record.bands}\0{record.stretch}".encode("utf-8", "surrogateescape"))
    return f"{record.content[:16]}{shown:08x}"


def date_text(source: ServedSource) -> str:
    """When a source was taken, as exactly as it is known; or ""."""
    return date_of(source.extent.datetime, source.extent.datetime_end)


def coverage(table: SourceTable) -> bytes:
    """Where sources are (`Coverage`), as JSON: made once, as there may be very many."""
    placed = [source for source in table.sources if source.extent.bbox is not None]
    shown = placed[:MOST_BOXES]
    # Each written at once: all of them as objects keep Python's collector busy for seconds.
    features = ",".join(_written(_covered(source)) for source in shown)
    truncated = _written(len(shown) < len(placed))
    text = f'{{"type":"FeatureCollection","truncated":{truncated},"features":[{features}]}}'
    return text.encode()


def _written(value: Any) -> str:
    """A value as JSON, without spaces."""
    return JSON.encode(value)


def _covered(source: ServedSource) -> Mapping[str, Any]:
    assert source.extent.bbox is not None
    properties = {
        "source": source.id,
        "source_name": shown_name(source.record.source),
        "chips": source.extent.num_chips,
        "date": date_text(source),
    }
    return feature(source.id, box_outline(source.extent.bbox), properties)


def box_outline(bbox: Box) -> dict[str, Any]:
    """A box as a polygon of GeoJSON; as two, where it crosses the 180th meridian."""
    west, south, east, north = (round(side, DIGITS) for side in bbox)
    # Written out: for 50,000 scenes polygons of shapely take many seconds.
    if west <= east:
        return {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]}
    parts = [[_ring(west, south, 180.0, north)], [_ring(-180.0, south, east, north)]]
    return {"type": "MultiPolygon", "coordinates": parts}


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    """Corners of a box, against the clock as RFC 7946 has them."""
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def _rounded(bbox: Sequence[float] | None) -> list[float] | None:
    return None if bbox is None else [round(side, DIGITS) for side in bbox]
