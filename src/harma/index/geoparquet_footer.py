"""What a GeoParquet file of embeddings says of itself, in three JSON texts of its footer.

`geo` (GeoParquet 1.1) describes places, `emb` (fields of the STAC embedding extension 0.0.1)
embeddings, and `harma` holds the settings of the index, so that an import brings all back.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harma.errors import DataError
from harma.ground.json_text import parse_json
from harma.ground.messages import plain_reason
from harma.ground.version import __version__
from harma.index.schema import BOX_COLUMNS
from harma.index.settings import Settings, settings_of, values_of
from harma.scenes.reading_values import reading_values
from harma.scenes.windows import Tiling

# Names of the texts.
GEO_KEY = "geo"
EMB_KEY = "emb"
HARMA_KEY = "harma"
# Of the `harma` text.
# Raised when an older release would misread what is written.
HARMA_VERSION = 1
EMB_EXTENSION = "https://stac-extensions.github.io/embeddings/v0.0.1/schema.json"
# Of shapely's numbers of geometry types, from 0, the names that GeoParquet has; a ring is stored as
# a line.
GEOMETRY_TYPES = (
    "Point",
    "LineString",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


def geo_of(kinds: Iterable[int], bounds: Sequence[float] | None) -> str:
    """The `geo` text of a file with the columns `geometry` (WKB) and `bbox`.

    A `crs` is left out on purpose: the default is OGC:CRS84, which is what footprints are in.

    Args:
        kinds: shapely's numbers of the geometry types that occur.
        bounds: west, south, east, north of all geometries; None where there are none.
    """
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({GEOMETRY_TYPES[kind] for kind in kinds}),
        "edges": "planar",
        "covering": {"bbox": {side: ["bbox", side] for side in BOX_COLUMNS}},
    }
    if bounds is not None:
        column["bbox"] = list(bounds)
    return json.dumps(
        {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    )


def emb_of(settings: Settings) -> str:
    """The `emb` text: how the embeddings of an index were made."""
    cut = {
        "tiling": asdict(settings.tiling),
        "reading": reading_values(settings.reading),
        "max_nodata": settings.max_nodata,
        "tiles": settings.tiles,
    }
    return json.dumps(
        {
            "stac_extensions": [EMB_EXTENSION],
            "emb:type": "chip",
            "emb:dimensions": settings.embed_dim,
            "data_type": "float32",
            "emb:chip_layout": _layout(settings.tiling),
            "emb:fit_for_use": ["retrieval"],
            "emb:preprocessing": {"format": "harma", "expression": cut},
            "emb:postprocessing": {
                "format": "text",
                "expression": _made_of(settings),
            },
            "emb:quantization": {
                "method": "rounded to float16, stored as float32",
                "original_dtype": "float32",
                "quantized_dtype": "float16",
            },
            "processing:software": {"HarMA": __version__},
            "links": [
                {
                    "rel": "emb:model",
                    "href": settings.model,
                    "title": f"model id {settings.model_id}",
                }
            ],
        }
    )


def _made_of(settings: Settings) -> str:
    """How vectors come from what the model gives."""
    if settings.tiles == 1:
        return "L2 normalisation: scores are dot products"
    return (
        f"whole chip + 1/2 mean of its {settings.tiles} x {settings.tiles} tiles, then L2"
        " normalisation: scores are dot products"
    )


def harma_of(settings: Settings) -> str:
    """The `harma` text."""
    return json.dumps(
        {"version": HARMA_VERSION, "software": __version__, "settings": values_of(settings)}
    )


def _layout(tiling: Tiling) -> dict[str, Any]:
    """The chip layout; sizes are told only where all chips have the same, in pixels."""
    if tiling.size is None or len(tiling.scales) > 1:
        return {"layout_type": "variable_grid"}
    side = max(1, round(tiling.size * tiling.scales[0]))
    step = max(1, round(side * tiling.stride))
    return {"layout_type": "regular_grid", "chip_size": [side, side], "stride": [step, step]}


def read_geo(texts: Mapping[bytes, bytes], where: str) -> tuple[str, dict[str, Any]]:
    """The primary geometry column of a file, and what is said of it.

    Args:
        texts: of the footer.
        where: the file, for messages.

    Raises:
        DataError: there is none, or it is not WKB.
    """
    if GEO_KEY.encode() not in texts:
        raise DataError(
            f"{where} is Parquet, but not GeoParquet: it does not say which column is the geometry."
            " Write it with geopandas' to_parquet, or DuckDB's COPY of a GEOMETRY column"
        )
    try:
        geo = parse_json(texts[GEO_KEY.encode()])
        name = geo["primary_column"]
        column = dict(geo["columns"][name])
        is_name = isinstance(name, str)
    except (ValueError, LookupError, TypeError) as error:
        reason = plain_reason(error, "it does not say which column is the geometry")
        raise DataError(
            f"{where}: its `geo` metadata is damaged ({reason}); write the file again"
        ) from error
    if not is_name:
        raise DataError(f"{where}: its `geo` metadata name the column {name!r}, which is no name")
    if column.get("encoding") != "WKB":
        raise DataError(
            f"{where}: geometries are encoded as {column.get('encoding')}; only WKB is read. Write"
            " the file with geometry_encoding='WKB' (geopandas)"
        )
    return name, column


def read_settings_text(texts: Mapping[bytes, bytes], where: str) -> Settings | None:
    """The settings of the index that a file was exported from; None in a file of another program.

    Raises:
        DataError: the text is damaged, or of a newer HarMA.
    """
    if HARMA_KEY.encode() not in texts:
        return None
    try:
        written = parse_json(texts[HARMA_KEY.encode()])
        if written["version"] != HARMA_VERSION:
            raise DataError(
                f"{where} was exported by HarMA {written['software']}, which is newer; update"
                " this one"
            )
        return settings_of(written["settings"])
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        if isinstance(error, DataError) and where in str(error):
            raise
        reason = plain_reason(error, "a value is missing, or of another kind")
        raise DataError(
            f"{where}: its `harma` metadata is damaged ({reason}); export the index again"
        ) from error
