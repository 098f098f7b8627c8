"""Hits as text: JSON, CSV, GeoJSON."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from harma.scenes.windows import Window


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

    def properties(self) -> dict[str, Any]:
        """Everything but the geometry, as plain values."""
        return {
            "score": round(self.score, 6), "percentile": round(self.percentile, 2), "standing": self.standing,
            "id": self.id, "source": self.source,
            "datetime": self.datetime.isoformat() if self.datetime else None, **vars(self.window), "crs": self.crs,
            "gsd": self.gsd, "nodata": round(self.nodata, 4),
        }  # fmt: skip


def as_json(hits: Sequence[Hit]) -> str:
    """A list of hits, each with its footprint as GeoJSON."""
    return json.dumps([{**hit.properties(), "geometry": _geojson(hit)} for hit in hits], indent=2) + "\n"


def as_csv(hits: Sequence[Hit]) -> str:
    """A line per hit, footprints as WKT."""
    buffer = io.StringIO()
    names = [
        "rank",
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
        "geometry",
    ]
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writeheader()
    for rank, hit in enumerate(hits, 1):
        wkt = shapely.to_wkt(hit.geometry, rounding_precision=7) if hit.geometry is not None else ""
        writer.writerow({"rank": rank, **hit.properties(), "geometry": wkt})
    return buffer.getvalue()


def as_geojson(hits: Sequence[Hit]) -> str:
    """A FeatureCollection (RFC 7946); hits without a place have a null geometry."""
    features = [
        {"type": "Feature", "id": hit.id, "geometry": _geojson(hit), "properties": {"rank": rank, **hit.properties()}}
        for rank, hit in enumerate(hits, 1)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}) + "\n"


def _geojson(hit: Hit) -> Any:
    # Rings in the direction RFC 7946 asks for.
    return shapely.geometry.mapping(shapely.orient_polygons(hit.geometry)) if hit.geometry is not None else None


WRITERS: dict[str, Callable[[Sequence[Hit]], str]] = {"json": as_json, "csv": as_csv, "geojson": as_geojson}
