"""Marks as files, for people and other programs: export and import as GeoJSON, CSV, GeoParquet."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from harma.errors import QueryError
from harma.index.outlines import DIGITS
from harma.index.source_ids import shown_name
from harma.scenes.period import date_of
from harma.searches.mark_parsers import FORMULA, PARSERS, PROTECTED
from harma.searches.mark_words import MarkRow, mark_row
from harma.searches.records import Mark

FORMATS = ("geojson", "csv", "geoparquet")
# What people wrote, which a spreadsheet may take for a formula.
WRITTEN = ("note", "who", "earlier", "source_name")


@dataclass(frozen=True)
class RefusedRow:
    """A row of a file that says no mark.

    Attributes:
        number: of it, from 1.
        reason: why it cannot be used.
    """

    number: int
    reason: str


@dataclass(frozen=True)
class MarkFile:
    """What a file of marks holds.

    Attributes:
        rows: that can be used.
        refused: that cannot.
    """

    rows: Sequence[MarkRow]
    refused: Sequence[RefusedRow]


def read_mark_file(content: bytes, form: str) -> MarkFile:
    """Read a file of marks, ours or of another program.

    Args:
        content: of the file.
        form: one of `FORMATS`.

    Raises:
        DataError: it is not of that form.
    """
    rows: list[MarkRow] = []
    refused: list[RefusedRow] = []
    for given in PARSERS[form](content):
        try:
            rows.append(mark_row(given))
        except QueryError as error:
            refused.append(RefusedRow(given.number, error.problem))
    return MarkFile(rows, refused)


def write_marks(marks: Sequence[Mark], form: str) -> bytes:
    """Marks as a file, which names scenes by their files alone.

    Args:
        marks: in their order.
        form: one of `FORMATS`.
    """
    return _WRITERS[form](marks)


def marked_geometry(mark: Mark) -> BaseGeometry | None:
    """The footprint of the chip of a mark, rings in the direction that RFC 7946 asks for."""
    if not mark.geometry:
        return None
    return shapely.orient_polygons(shapely.from_wkb(mark.geometry))


def date_text(mark: Mark) -> str:
    """When the chip of a mark was taken, as exactly as it is known."""
    return date_of(mark.taken, mark.taken_end)


def _values(mark: Mark) -> dict[str, Any]:
    """All but the geometry."""
    return {
        "id": mark.chip,
        "mark": mark.mark,
        "note": mark.note,
        "who": mark.who,
        "earlier": "; ".join(mark.earlier),
        "changed": mark.changed,
        "source_name": shown_name(mark.source),
        "date": date_text(mark),
        "datetime": mark.taken,
        "datetime_end": mark.taken_end,
    }


def _texts(mark: Mark) -> dict[str, Any]:
    """As `_values`, moments as ISO 8601 writes them."""
    values = _values(mark)
    for name in ("changed", "datetime", "datetime_end"):
        moment = values[name]
        values[name] = "" if moment is None else moment.isoformat()
    return values


def _as_geojson(marks: Sequence[Mark]) -> bytes:
    features = []
    for mark in marks:
        geometry = marked_geometry(mark)
        described = None if geometry is None else shapely.geometry.mapping(geometry)
        values = {name: value or None for name, value in _texts(mark).items()}
        # Of an empty note it is known that it is one.
        values |= {"note": mark.note, "who": mark.who}
        features.append(
            {"type": "Feature", "id": mark.chip, "geometry": described, "properties": values}
        )
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False).encode()


def _as_csv(marks: Sequence[Mark]) -> bytes:
    """A line per mark, footprints as WKT."""
    buffer = io.StringIO()
    names = [*_values(Mark("", "")), "geometry"]
    writer = csv.DictWriter(buffer, names, lineterminator="\n")
    writer.writeheader()
    for mark in marks:
        values = _texts(mark)
        for name in WRITTEN:
            # A note such as =HYPERLINK(…) must not be run by who opens the table.
            if values[name].startswith(FORMULA):
                values[name] = PROTECTED + values[name]
        geometry = marked_geometry(mark)
        wkt = "" if geometry is None else shapely.to_wkt(geometry, rounding_precision=DIGITS)
        writer.writerow({**values, "geometry": wkt})
    return buffer.getvalue().encode()


def _as_geoparquet(marks: Sequence[Mark]) -> bytes:
    # Heavy, and few exports are of this form.
    import geopandas

    table = geopandas.GeoDataFrame(
        [_values(mark) for mark in marks],
        columns=list(_values(Mark("", ""))),
        geometry=[marked_geometry(mark) for mark in marks],
        crs="OGC:CRS84",
    )
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False, compression="zstd", write_covering_bbox=True)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[Sequence[Mark]], bytes]] = {
    "geojson": _as_geojson,
    "csv": _as_csv,
    "geoparquet": _as_geoparquet,
}
