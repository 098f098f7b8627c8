"""Hits as text: JSON, CSV, GeoJSON."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from harma.index.judge import Judge
from harma.scenes.windows import Window

# What is said of a hit beside its footprint, and of a change.
COLUMNS = (
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
CHANGE = ("change", "then_score", "then_id", "then_source", "then_datetime")


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
        datetime: when the scene was taken, or None.
        crs: of the scene.
        gsd: metres per pixel of the scene, or None.
        nodata: share of the chip.
        then: the earlier chip of the same place, where a change was looked for.
    """

    score: float
    percentile: float
    standing: str
    id: str
    source: str
    window: Window
    geometry: BaseGeometry | None
    datetime: datetime | None
    crs: str
    gsd: float | None
    nodata: float
    then: "Hit | None" = None

    @property
    def change(self) -> float | None:
        """How much more the place matches now than then, or None where it was not compared."""
        return None if self.then is None else self.score - self.then.score

    def properties(self) -> dict[str, Any]:
        """Everything but the geometry, as plain values."""
        then = (
            {}
            if self.then is None
            else {
                "change": round(self.score - self.then.score, 6),
                "then_score": round(self.then.score, 6),
                "then_id": self.then.id,
                "then_source": self.then.source,
                "then_datetime": self.then.datetime.isoformat() if self.then.datetime else None,
            }
        )
        return {
            "score": round(self.score, 6),
            "percentile": round(self.percentile, 2),
            "standing": self.standing,
            "id": self.id,
            "source": self.source,
            "datetime": self.datetime.isoformat() if self.datetime else None,
            **vars(self.window),
            "crs": self.crs,
            "gsd": self.gsd,
            "nodata": round(self.nodata, 4),
            **then,
        }


def hit_of(row: Mapping[str, Any], score: float, judge: Judge, *, then: Hit | None = None) -> Hit:
    """A hit from a row of the table.

    Args:
        row: with the columns of the hit.
        score: cosine of query and chip.
        judge: of the score; of its gain where there is an earlier chip.
        then: the earlier chip.
    """
    judged = score if then is None else score - then.score
    geometry = shapely.from_wkb(row["geometry"]) if row["geometry"] else None
    window = Window(row["column"], row["row"], row["width"], row["height"])
    return Hit(
        float(score),
        judge.percentile(judged),
        judge.standing(judged),
        row["id"],
        row["source"],
        window,
        geometry,
        row["datetime"],
        row["crs"],
        row["gsd"],
        row["nodata"],
        then,
    )


def as_json(hits: Sequence[Hit]) -> str:
    """A list of hits, each with its footprint as GeoJSON."""
    return (
        json.dumps([{**hit.properties(), "geometry": _geojson(hit)} for hit in hits], indent=2)
        + "\n"
    )


def as_csv(hits: Sequence[Hit]) -> str:
    """A line per hit, footprints as WKT."""
    buffer = io.StringIO()
    then = CHANGE if any(hit.then is not None for hit in hits) else ()
    names = ["rank", *COLUMNS, *then, "geometry"]
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writeheader()
    for rank, hit in enumerate(hits, 1):
        wkt = shapely.to_wkt(hit.geometry, rounding_precision=7) if hit.geometry is not None else ""
        writer.writerow({"rank": rank, **hit.properties(), "geometry": wkt})
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
    return json.dumps({"type": "FeatureCollection", "features": features}) + "\n"


def _geojson(hit: Hit) -> Any:
    # Rings in the direction RFC 7946 asks for.
    return (
        shapely.geometry.mapping(shapely.orient_polygons(hit.geometry))
        if hit.geometry is not None
        else None
    )


WRITERS: dict[str, Callable[[Sequence[Hit]], str]] = {
    "json": as_json,
    "csv": as_csv,
    "geojson": as_geojson,
}
