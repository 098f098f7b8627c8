"""Features as a file to keep: GeoJSON, CSV or GeoParquet, for hits, detections and marks."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import quote

import shapely
from fastapi import Response

from harma.index.outlines import DIGITS
from harma.serve.features import Feature
from harma.serve.media_types import BYTES, CSV, GEOJSON, PARQUET

ExportFormat = Literal["geojson", "csv", "geoparquet"]
# Columns that hold moments; other programs are to see them as such.
MOMENTS = ("datetime", "datetime_end", "then_datetime", "then_datetime_end", "changed", "found")


def export_responses() -> dict[int | str, dict[str, Any]]:
    """What an operation that answers with a file says in OpenAPI."""
    text = {"schema": {"type": "string"}}
    return {
        200: {
            "description": "a file",
            "content": {
                GEOJSON: {"schema": {"type": "object"}},
                CSV: text,
                PARQUET: BYTES,
            },
            "headers": {"Content-Disposition": {"schema": {"type": "string"}}},
        }
    }


def export_of(
    features: Sequence[Feature], form: ExportFormat, name: str, columns: Sequence[str] = ()
) -> Response:
    """Features as a file.

    Args:
        features: of GeoJSON.
        form: of the file.
        name: of the file, without its suffix.
        columns: that a table has in any case, also one without a row.
    """
    write = WRITERS[form][0]
    return file_response(write(features, columns), form, name)


def file_response(content: bytes, form: ExportFormat, name: str) -> Response:
    """A file as an answer.

    Args:
        content: of the file.
        form: of it.
        name: of the file, without its suffix.
    """
    _, media_type, suffix = WRITERS[form]
    file = f"{_file_name(name)}.{suffix}"
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file)}"}
    return Response(content, media_type=media_type, headers=headers)


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "harma"


def _as_geojson(features: Sequence[Feature], _: Sequence[str]) -> bytes:
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False).encode()


def _as_csv(features: Sequence[Feature], columns: Sequence[str]) -> bytes:
    """A line per feature, footprints as WKT."""
    names = _columns(features, columns)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, ["id", *names, "geometry"], lineterminator="\n")
    writer.writeheader()
    for one in features:
        row = {name: _cell(value) for name, value in one["properties"].items()}
        writer.writerow({"id": one["id"], **row, "geometry": _wkt(one["geometry"])})
    return buffer.getvalue().encode()


def _columns(features: Sequence[Feature], first: Sequence[str]) -> list[str]:
    """Names of properties: those that a table has in any case, then others as they occur."""
    names = dict.fromkeys(first)
    for one in features:
        names |= dict.fromkeys(one["properties"])
    return list(names)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return value


def _wkt(geometry: Mapping[str, Any] | None) -> str:
    if geometry is None:
        return ""
    return str(shapely.to_wkt(shapely.geometry.shape(geometry), rounding_precision=DIGITS))


def _as_geoparquet(features: Sequence[Feature], columns: Sequence[str]) -> bytes:
    # Heavy, and few exports are of this form.
    import geopandas
    import pandas

    rows = [{"id": one["id"], **one["properties"]} for one in features]
    outlines = [
        None if one["geometry"] is None else shapely.geometry.shape(one["geometry"])
        for one in features
    ]
    names = ["id", *_columns(features, columns)]
    table = geopandas.GeoDataFrame(rows, columns=names, geometry=outlines, crs="OGC:CRS84")
    for name in MOMENTS:
        if name in table.columns:
            table[name] = pandas.to_datetime(table[name], format="ISO8601", utc=True)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False, compression="zstd", write_covering_bbox=True)
    return buffer.getvalue()


Writer = Callable[[Sequence[Feature], Sequence[str]], bytes]
WRITERS: dict[ExportFormat, tuple[Writer, str, str]] = {
    "geojson": (_as_geojson, GEOJSON, "geojson"),
    "csv": (_as_csv, CSV, "csv"),
    "geoparquet": (_as_geoparquet, PARQUET, "parquet"),
}
