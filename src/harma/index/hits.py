"""Hits as text: JSON, CSV, GeoJSON."""

import csv
import datetime as dt
import io
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from harma.index.records import ShownChip
from harma.index.standing import Standings
from harma.index.well_known import read_outlines
from harma.scenes.middle import middle
from harma.scenes.period import date_of
from harma.scenes.windows import Window

# What is said of a hit beside its footprint.
HIT_COLUMNS = (
    "score",
    "percentile",
    "standing",
    "id",
    "source",
    "datetime",
    "column",
    "row",
    "width",
    "height",
    "crs",
    "gsd",
    "nodata",
)
# What is said of a change besides.
CHANGE_COLUMNS = ("change", "then_score", "then_id", "then_source", "then_datetime")
# What is said where a date is not a moment, but a day, a month or a range.
END_COLUMNS = ("datetime_end", "then_datetime_end")


@dataclass(frozen=True)
class Hit:
    """A chip that was found.

    Attributes:
        score: cosine of query and chip.
        percentile: share of a sample of the index that the query scores lower, percent.
        standing: "clear", "likely" or "weak": how far the score stands out from that sample.
        id: of the chip.
        source: path or address of its scene.
        window: its place in the scene, pixels.
        geometry: footprint in WGS84, or None.
        datetime: when the scene was taken, the first moment, or None.
        crs: of the scene.
        gsd: metres per pixel of the scene, or None.
        nodata: share of the chip.
        then: the earlier chip of the same place, where a change was looked for.
        datetime_end: the last moment, where a day, a month or a range is known; None where the
            first is the only one.
        usual: what chips score that have nothing to do with the query, where a change was looked
            for: an earlier score below it counts as it.
    """

    score: float
    percentile: float
    standing: str
    id: str
    source: str
    window: Window
    geometry: BaseGeometry | None
    datetime: dt.datetime | None
    crs: str
    gsd: float | None
    nodata: float
    then: "Hit | None" = None
    datetime_end: dt.datetime | None = None
    usual: float = -math.inf

    @property
    def date_text(self) -> str:
        """When the scene was taken, as exactly as it is known: 2020-06-15, 2020-06; or ""."""
        return date_of(self.datetime, self.datetime_end)

    @property
    def change(self) -> float | None:
        """How much more the place matches now than then, or None where it was not compared."""
        if self.then is None:
            return None
        return self.score - max(self.then.score, self.usual)

    @property
    def value_text(self) -> str:
        """What hits are ranked by: the score, or the gain where change was looked for."""
        if self.change is None:
            return f"{self.score:.3f}"
        return f"{self.change:+.3f}"

    @property
    def place_text(self) -> str:
        """Longitude and latitude of the middle, to about a metre; "" without a place."""
        if self.geometry is None or self.geometry.is_empty:
            return ""
        longitude, latitude = middle(self.geometry)
        return f"{longitude:.5f}, {latitude:.5f}"

    @property
    def source_name(self) -> str:
        """The last part of the source's path or address."""
        return PurePath(self.source).name or self.source

    def properties(self) -> dict[str, Any]:
        """Everything but the geometry, as plain values."""
        return {
            # More digits than these are noise in float32.
            "score": round(self.score, 6),
            "percentile": round(self.percentile, 2),
            "standing": self.standing,
            "id": self.id,
            "source": self.source,
            "datetime": _iso(self.datetime),
            **self._end("datetime_end"),
            **vars(self.window),
            "crs": self.crs,
            "gsd": self.gsd,
            "nodata": round(self.nodata, 4),
            **self._properties_then(),
        }

    def _properties_then(self) -> dict[str, Any]:
        """What is said of the earlier chip, where there is one."""
        if self.then is None or self.change is None:
            return {}
        return {
            "change": round(self.change, 6),
            "then_score": round(self.then.score, 6),
            "then_id": self.then.id,
            "then_source": self.then.source,
            "then_datetime": _iso(self.then.datetime),
            **self.then._end("then_datetime_end"),
        }

    def _end(self, name: str) -> dict[str, str]:
        """The last moment under a name, where there is one."""
        return {} if self.datetime_end is None else {name: self.datetime_end.isoformat()}


def _iso(when: dt.datetime | None) -> str | None:
    return None if when is None else when.isoformat()


def hit_of(
    chip: ShownChip,
    score: float,
    standings: Standings,
    *,
    then: Hit | None = None,
    usual: float = -math.inf,
) -> Hit:
    """A hit.

    Args:
        chip: that was found.
        score: cosine of query and chip.
        standings: of scores; of gains where there is an earlier chip.
        then: the earlier chip.
        usual: as in `Hit`.
    """
    # A change is judged by its gain: a place that has always matched is none.
    judged = score
    if then is not None:
        judged = score - max(then.score, usual)
    geometry: BaseGeometry | None = None
    if chip.geometry:
        geometry = read_outlines([chip.geometry])[0]
    judgement = _Judgement(float(score), standings.percentile(judged), standings.of(judged))
    return replace(_hit(chip, judgement, geometry), then=then, usual=usual)


def hits_of(chips: Sequence[ShownChip], scores: Sequence[float], standings: Standings) -> list[Hit]:
    """Hits of one search: as `hit_of` makes each, but many at once, which is quicker.

    Args:
        chips: that were found (n).
        scores: cosines of query and chip (n).
        standings: of scores.
    """
    outlines = read_outlines([chip.geometry for chip in chips])
    percentiles = standings.percentiles(np.array(scores, dtype=np.float64)).tolist()
    hits = []
    for chip, score, percentile, outline in zip(chips, scores, percentiles, outlines, strict=True):
        judgement = _Judgement(float(score), percentile, standings.of(score))
        hits.append(_hit(chip, judgement, outline))
    return hits


@dataclass(frozen=True)
class _Judgement:
    """The score of a hit, and what it is worth among all."""

    score: float
    percentile: float
    standing: str


def _hit(chip: ShownChip, judgement: _Judgement, geometry: BaseGeometry | None) -> Hit:
    return Hit(
        **vars(judgement),
        id=chip.id,
        source=chip.source,
        window=Window(chip.column, chip.row, chip.width, chip.height),
        geometry=geometry,
        datetime=chip.datetime,
        crs=chip.crs,
        gsd=chip.gsd,
        nodata=chip.nodata,
        datetime_end=chip.datetime_end,
    )


def as_json(hits: Sequence[Hit]) -> str:
    """A list of hits, each with its footprint as GeoJSON."""
    rows = [{**hit.properties(), "geometry": _geojson(hit)} for hit in hits]
    return json.dumps(rows, indent=2) + "\n"


def as_csv(hits: Sequence[Hit]) -> str:
    """A line per hit, footprints as WKT."""
    names = ["rank", *HIT_COLUMNS]
    if any(hit.then is not None for hit in hits):
        # Columns that would be empty in every other search.
        names += CHANGE_COLUMNS
    rows = [hit.properties() for hit in hits]
    for name in END_COLUMNS:
        if any(name in row for row in rows):
            names.insert(names.index(name.removesuffix("_end")) + 1, name)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, [*names, "geometry"], lineterminator="\n")
    writer.writeheader()
    for rank, (hit, row) in enumerate(zip(hits, rows, strict=True), 1):
        wkt = ""
        if hit.geometry is not None:
            # Seven digits of a degree are about a centimetre.
            wkt = shapely.to_wkt(hit.geometry, rounding_precision=7)
        writer.writerow({"rank": rank, **row, "geometry": wkt})
    return buffer.getvalue()


def as_geojson(hits: Sequence[Hit]) -> str:
    """A FeatureCollection (RFC 7946); hits without a place have a null geometry."""
    features = [
        {
            "type": "Feature",
            "id": hit.id,
            "geometry": _geojson(hit),
            "properties": {"rank": rank, **hit.properties()},
        }
        for rank, hit in enumerate(hits, 1)
    ]
    collection: dict[str, Any] = {"type": "FeatureCollection"}
    # Of a search with short texts: what joined them. RFC 7946 lets a collection say more.
    expanded = getattr(hits, "expanded", ())
    if expanded:
        collection["expanded"] = [expansion.to_dict() for expansion in expanded]
    return json.dumps({**collection, "features": features}) + "\n"


def _geojson(hit: Hit) -> dict[str, Any] | None:
    if hit.geometry is None:
        return None
    # Rings in the direction RFC 7946 asks for.
    return dict(shapely.geometry.mapping(shapely.orient_polygons(hit.geometry)))


HIT_WRITERS: dict[str, Callable[[Sequence[Hit]], str]] = {
    "json": as_json,
    "csv": as_csv,
    "geojson": as_geojson,
}
