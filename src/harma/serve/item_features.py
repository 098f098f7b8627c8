"""Items as features: one form that OGC API Features, STAC, QGIS, GDAL and pystac-client read.

STAC wants a time of every item. A chip whose date nobody knows has a null `datetime`, "" as `date`,
and the longest period it can be of: from the oldest aerial photographs (`FIRST`) to today. Others
have the first and the last moment that is known. All items have the same fields, since programs
make their table by the first page.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from fastapi import Request

from harma.index.hits import Hit
from harma.index.outlines import DIGITS
from harma.index.source_ids import source_id
from harma.serve.features import chip_properties, geometries_of, hit_properties
from harma.serve.items import Item
from harma.serve.links import link
from harma.serve.media_types import GEOJSON, JPEG, JSON
from harma.serve.source_answers import tiles_template
from harma.serve.source_table import SourceTable

STAC_VERSION = "1.0.0"
# No picture was taken from the air before.
FIRST = "1858-01-01T00:00:00Z"
HALF_AROUND = 180.0


@dataclass(frozen=True)
class Told:
    """Where items are told.

    Attributes:
        request: that is answered.
        collection: id of theirs.
        index: id of their index.
        sources: of that index.
    """

    request: Request
    collection: str
    index: str
    sources: SourceTable


def item_features(told: Told, items: Sequence[Item]) -> list[dict[str, Any]]:
    """Items as features of GeoJSON that are items of STAC."""
    chips = [item.chip for item in items]
    outlines = geometries_of(chips)
    today = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}T23:59:59Z"
    features = []
    for item, outline in zip(items, outlines, strict=True):
        chip = item.chip
        features.append(
            {
                "type": "Feature",
                "stac_version": STAC_VERSION,
                "stac_extensions": [],
                "id": chip.id,
                "collection": told.collection,
                "geometry": outline,
                **_bbox(chip),
                "properties": {**_said(told.index, item), **_times(chip, today)},
                "assets": _assets(told, chip),
                "links": _links(told, chip),
            }
        )
    return features


def _said(index: str, item: Item) -> dict[str, Any]:
    """What is said of an item, but for its times."""
    chip = item.chip
    said = chip_properties(index, chip)
    if item.rank:
        said = hit_properties(index, chip, item.rank)
    said.pop("datetime_end", None)
    if item.mark is not None:
        said["mark"] = item.mark
    if chip.gsd is None:
        # STAC knows it as a number alone.
        del said["gsd"]
    return said


def _times(chip: Hit, today: str) -> dict[str, str | None]:
    if chip.datetime is None:
        return {"datetime": None, "start_datetime": FIRST, "end_datetime": today}
    first = _moment(chip.datetime)
    return {
        "datetime": first,
        "start_datetime": first,
        "end_datetime": _moment(chip.datetime_end or chip.datetime),
    }


def _moment(when: dt.datetime) -> str:
    """A moment; of one with microseconds QGIS would take the day alone."""
    exactness = "milliseconds" if when.microsecond else "seconds"
    return when.astimezone(dt.UTC).isoformat(timespec=exactness).replace("+00:00", "Z")


def _bbox(chip: Hit) -> dict[str, list[float]]:
    """The box of a footprint, which has one only where it has a place."""
    if chip.geometry is None:
        return {}
    west, south, east, north = chip.geometry.bounds
    if east - west > HALF_AROUND and chip.geometry.geom_type == "MultiPolygon":
        # On both sides of the 180th meridian: from the western part's west to the eastern one's.
        parts = shapely.bounds(shapely.get_parts(chip.geometry))
        is_east = parts[:, 0] >= 0
        if is_east.any() and not is_east.all():
            west = parts[is_east, 0].min()
            east = parts[~is_east, 2].max()
    box = np.round([west, south, east, north], DIGITS)
    return {"bbox": box.tolist()}


def _assets(told: Told, chip: Hit) -> dict[str, Any]:
    """Pictures of a chip, and its scene where that can be shown."""
    path = f"/v1/indexes/{told.index}/chips/{chip.id}"
    assets: dict[str, Any] = {
        "thumbnail": {
            "href": link(told.request, f"{path}/thumbnail"),
            "type": JPEG,
            "title": "the chip, small",
            "roles": ["thumbnail"],
        },
        "visual": {
            "href": link(told.request, f"{path}/image"),
            "title": "the chip, as the model saw it",
            "roles": ["visual"],
        },
    }
    tiles = _tiles(told, chip)
    if tiles:
        assets["scene"] = {
            "href": tiles,
            "type": "image/png",
            "title": "tiles of its scene, as the model saw it",
            "roles": ["tiles", "visual"],
        }
    return assets


def _tiles(told: Told, chip: Hit) -> str | None:
    source = told.sources.find(source_id(chip.source))
    return None if source is None else tiles_template(told.request, told.index, source)


def _links(told: Told, chip: Hit) -> list[dict[str, str]]:
    collection = link(told.request, f"/collections/{told.collection}")
    return [
        {"rel": "self", "type": GEOJSON, "href": f"{collection}/items/{chip.id}"},
        {"rel": "collection", "type": JSON, "href": collection},
        {"rel": "parent", "type": JSON, "href": collection},
        {"rel": "root", "type": JSON, "href": link(told.request, "/")},
    ]
