"""Files of marks to rows: GeoJSON, CSV (WKT, or longitude and latitude) and GeoParquet.

Strangers send them: what is read is bounded, and nothing in them is taken for a file or an address.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from harma.errors import DataError
from harma.exchange.footprints import to_wgs84
from harma.ground.json_text import parse_json
from harma.ground.messages import first_line
from harma.index.geoparquet_footer import read_geo
from harma.searches import mark_words
from harma.searches.mark_words import GivenRow, shape_of

# Rows of a file.
MOST_ROWS = 100_000
# Bytes of the columns of a Parquet file when they are unpacked.
MOST_UNPACKED = 256_000_000
# Stands for the name of the file in messages.
FILE = "the file"
GEOMETRY_NAMES = ("geometry", "wkt", "geom")
LONGITUDE_NAMES = ("longitude", "lon", "lng", "x")
LATITUDE_NAMES = ("latitude", "lat", "y")
# What older GeoJSON may say of its coordinates, if they are WGS84.
WGS84_NAMES = ("CRS84", "EPSG:4326", "EPSG::4326")
# What a spreadsheet would take for a formula stands behind this sign (`mark_files`).
PROTECTED = "'"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
READ_NAMES = {
    *mark_words.MARK_NAMES,
    *mark_words.CHIP_NAMES,
    *mark_words.NOTE_NAMES,
    *mark_words.WHO_NAMES,
    *mark_words.SOURCE_NAMES,
    *mark_words.FIRST_NAMES,
    *mark_words.LAST_NAMES,
}


def geojson_rows(content: bytes) -> Iterator[GivenRow]:
    """The features of a FeatureCollection.

    Raises:
        DataError: it is none, or its coordinates are not longitudes and latitudes.
    """
    try:
        collection = parse_json(content)
    except DataError as error:
        raise DataError(f"{FILE} is no JSON: {error.problem}") from error
    if not isinstance(collection, dict) or not isinstance(collection.get("features"), list):
        raise DataError(f"{FILE} is no FeatureCollection of GeoJSON")
    _check_crs(collection.get("crs"))
    features = collection["features"]
    _check_count(len(features))
    for number, feature in enumerate(features, 1):
        yield _of_feature(number, feature)


def _check_crs(described: Any) -> None:
    if described is None:
        return
    name = str(described)
    if not any(known in name for known in WGS84_NAMES):
        raise DataError(
            f"{FILE} is in another coordinate reference system ({name[:100]}); GeoJSON has"
            " longitudes and latitudes (WGS84)"
        )


def _of_feature(number: int, feature: Any) -> GivenRow:
    if not isinstance(feature, dict):
        return GivenRow(number, {}, None, "it is no feature")
    properties = feature.get("properties")
    values = _small(properties if isinstance(properties, dict) else {})
    if feature.get("id") is not None:
        values["id"] = feature["id"]
    geometry, problem = shape_of(feature.get("geometry"))
    return GivenRow(number, values, geometry, problem)


def csv_rows(content: bytes) -> Iterator[GivenRow]:
    """The lines of a table; commas, semicolons or tabs divide its columns.

    Raises:
        DataError: it is no table.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{FILE} is not written in UTF-8 ({error.reason})") from error
    head = text.partition("\n")[0]
    divider = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=divider, strict=True)
    try:
        _check_columns(reader.fieldnames or ())
        for number, line in enumerate(reader, 1):
            _check_count(number)
            yield _of_line(number, line)
    except csv.Error as error:
        raise DataError(f"{FILE} is no table ({error}, line {reader.line_num})") from error


def _of_line(number: int, line: Mapping[Any, Any]) -> GivenRow:
    # Under None stands what has no heading, and None where a column is missing.
    if None in line or None in line.values():
        return GivenRow(number, {}, None, "it has more or fewer columns than the first line")
    values = _small({name: _unprotected(value) for name, value in line.items()})
    geometry, problem = shape_of(_given(values, GEOMETRY_NAMES))
    longitude = _given(values, LONGITUDE_NAMES)
    latitude = _given(values, LATITUDE_NAMES)
    if geometry is None and not problem and longitude and latitude:
        try:
            geometry = shapely.Point(float(longitude), float(latitude))
        except ValueError:
            problem = f"its place is {longitude[:30]!r}, {latitude[:30]!r}; give degrees"
    return GivenRow(number, values, geometry, problem)


def _unprotected(value: str) -> str:
    if value.startswith(PROTECTED) and value[1:].startswith(FORMULA):
        return value[1:]
    return value


def _given(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((values[name] for name in names if values.get(name)), None)


def geoparquet_rows(content: bytes) -> Iterator[GivenRow]:
    """The rows of a GeoParquet file, in any coordinate reference system.

    Raises:
        DataError: it is none, is damaged, or too large when it is unpacked.
    """
    file = _parquet(content)
    wanted = [field.name for field in file.schema_arrow if _is_wanted(field)]
    _check_columns(wanted)
    texts = file.metadata.metadata or {}
    geometry_column, described = read_geo(texts, FILE)
    to_degrees = to_wgs84(described, FILE)
    _check_count(file.metadata.num_rows)
    names = [*wanted, geometry_column]
    # Columns stay as they are packed: a text that stands in all rows may be there once.
    file = _parquet(content, packed=names)
    try:
        table = file.read(names, use_threads=False)
        _check_unpacked(table)
        rows = table.select(wanted).to_pylist()
        outlines = table[geometry_column].to_pylist()
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise DataError(f"{FILE} is damaged ({first_line(error)})") from error
    _check_count(len(rows))
    for number, (values, outline) in enumerate(zip(rows, outlines, strict=True), 1):
        geometry, problem = shape_of(outline)
        if geometry is not None:
            geometry = to_degrees(np.array([geometry], dtype=object))[0]
        yield GivenRow(number, _small(values), geometry, problem)


def _parquet(content: bytes, packed: Sequence[str] = ()) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(pa.BufferReader(content), read_dictionary=list(packed))
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise DataError(f"{FILE} is no Parquet, or is cut off ({first_line(error)})") from error


def _is_wanted(field: pa.Field) -> bool:
    """Whether a column says something of marks, and is no list and no structure."""
    return field.name.lower() in READ_NAMES and not pa.types.is_nested(field.type)


def _check_unpacked(table: pa.Table) -> None:
    """Check how much room columns take when they are unpacked; texts may be there many times."""
    num_bytes = 0
    for column in table.columns:
        for chunk in column.chunks:
            num_bytes += _unpacked_bytes(chunk)
    if num_bytes > MOST_UNPACKED:
        raise DataError(
            f"{FILE} takes {num_bytes:,} bytes when it is unpacked; at most {MOST_UNPACKED:,} are"
            " read"
        )


def _unpacked_bytes(chunk: pa.Array) -> int:
    if not pa.types.is_dictionary(chunk.type):
        return int(chunk.nbytes)
    lengths = pc.binary_length(chunk.dictionary)
    return int(pc.sum(pc.take(lengths, chunk.indices)).as_py() or 0)


def _check_columns(names: Sequence[str]) -> None:
    """Check that a table has marks at all."""
    if not _small(dict.fromkeys(names)).keys() & set(mark_words.MARK_NAMES):
        raise DataError(
            f"{FILE} has no column {' or '.join(mark_words.MARK_NAMES)}; it has"
            f" {', '.join(names)[:200] or 'none'}"
        )


def _check_count(count: int) -> None:
    if count > MOST_ROWS:
        raise DataError(f"{FILE} has more than {MOST_ROWS:,} rows; divide it")


def _small(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by their names in small letters, as headings are written in many ways."""
    return {str(name).strip().lower(): value for name, value in values.items()}


PARSERS: dict[str, Callable[[bytes], Iterator[GivenRow]]] = {
    "geojson": geojson_rows,
    "csv": csv_rows,
    "geoparquet": geoparquet_rows,
}
