"""What a file of embeddings says, read with pyarrow, numpy and shapely; what an import made."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely
from tests.fuzz.made_tables import Table

UTC = dt.UTC
UNIT = {"s": 10**6, "ms": 10**3, "us": 1}
# Of degrees; and of cosines of embeddings that are kept as float16.
DEGREES = 1e-7
COSINE = 2e-3


@dataclass
class Chip:
    """What a row says.

    Attributes:
        id: of the chip; None where an import makes it.
        vector: (E,), of length 1.
        shape: its footprint, or None.
        moment: microseconds since 1970, or None; "unknown" where two programs may read it in
            different ways.
        source: of its scene; None where the row has none.
    """

    id: str | None
    vector: Any
    shape: Any
    moment: Any
    source: str | None


def read_chips(made: Table) -> list[Chip]:
    """The rows of a file."""
    table = pq.read_table(made.path)
    names = made.names
    vectors = _vectors(table[names["embedding"] or "embedding"])
    shapes = _shapes(table[names["geometry"]], made)
    ids = _texts(table, names["id"])
    sources = _texts(table, names["source"])
    moments = _moments(table, names["datetime"])
    every = zip(ids, vectors, shapes, moments, sources, strict=True)
    return [Chip(*values) for values in every]


def _vectors(column: pa.ChunkedArray) -> list[Any]:
    vectors = []
    for row in column.to_pylist():
        # What is not there is no number: it is seen as one that no import may take.
        numbers = [np.nan if value is None else float(value) for value in row or ()]
        values = np.array(numbers, np.float64)
        with np.errstate(all="ignore"):
            vectors.append(values / np.linalg.norm(values))
    return vectors


def _shapes(column: pa.ChunkedArray, made: Table) -> list[Any]:
    shapes = shapely.force_2d(shapely.from_wkb(np.array(column.to_pylist(), dtype=object)))
    if made.to_wgs84 not in (None, "unknown"):
        turn = made.to_wgs84.transform
        shapes = shapely.transform(shapes, lambda points: np.column_stack(turn(*points.T)))
    shapes = np.atleast_1d(shapes)
    return [None if shape is None or shape.is_empty else shape for shape in shapes]


def _texts(table: pa.Table, name: str) -> list[str | None]:
    if not name:
        return [None] * table.num_rows
    values = table[name].to_pylist()
    return [_as_text(value) for value in values]


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    # Of other types several texts are right.
    return str(value) if type(value) is int else "unknown"


def _moments(table: pa.Table, name: str) -> list[Any]:
    if not name:
        return [None] * table.num_rows
    column = table[name].combine_chunks()
    kind = column.type
    if pa.types.is_timestamp(kind):
        numbers = column.cast(pa.int64()).to_pylist()
        if kind.unit == "ns":
            return [None if number is None else number // 1000 for number in numbers]
        return [None if number is None else number * UNIT[kind.unit] for number in numbers]
    if pa.types.is_date(kind):
        days = column.cast(pa.int32() if kind == pa.date32() else pa.int64()).to_pylist()
        factor = 86_400 * 10**6 if kind == pa.date32() else 1000
        return [None if day is None else day * factor for day in days]
    values = column.to_pylist()
    return [_moment_of_text(value) for value in values]


def _moment_of_text(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, str):
        return "unknown"
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        return "unknown"
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=UTC)) // dt.timedelta(microseconds=1)


# -- compared -------------------------------------------------------------------------------------


def differs(chips: list[Chip], table: pa.Table, made: Table) -> str:
    """What rows of an index say otherwise than the file; "" where they agree."""
    rows = table.to_pylist()
    if len(chips) != len(rows):
        if made.names["id"]:
            return "another number of chips than rows"
        if not rows or len(rows) > len(chips):
            return "more chips than rows, or none"
        return ""
    if made.names["id"] and all(chip.id != "unknown" for chip in chips):
        by_id = {row["id"]: row for row in rows}
        if set(by_id) != {chip.id for chip in chips}:
            return "other ids than the file has"
        pairs = [(chip, by_id[chip.id or ""]) for chip in chips]
    else:
        # Chips are written in the order of the rows.
        pairs = list(zip(chips, rows, strict=True))
    for chip, row in pairs:
        told = _differs(chip, row, made)
        if told:
            return told
    return ""


def _differs(chip: Chip, row: dict[str, Any], made: Table) -> str:
    vector = np.array(row["embedding"], np.float64)
    if vector.shape != chip.vector.shape or not vector @ chip.vector > 1 - COSINE:
        return "another embedding than the file has"
    if chip.moment != "unknown" and _micros(row["datetime"]) != chip.moment:
        return "another date than the file has"
    if chip.source not in ("unknown", None) and row["source"] != chip.source:
        return "another source than the file has"
    if chip.source is None and row["source"] != made.path.name:
        return "a source that the file does not name"
    if made.to_wgs84 == "unknown":
        return ""
    shape = None if row["geometry"] is None else shapely.from_wkb(row["geometry"])
    if (shape is None) != (chip.shape is None):
        return "a place is lost, or made up"
    if shape is not None and not shapely.equals_exact(shape, chip.shape, tolerance=DEGREES):
        return "another place than the file has"
    return ""


def _micros(moment: dt.datetime | None) -> int | None:
    if moment is None:
        return None
    return (moment - dt.datetime(1970, 1, 1, tzinfo=UTC)) // dt.timedelta(microseconds=1)


def exported_rows(path: Path) -> pa.Table:
    """Rows of an export, by id."""
    table = pq.read_table(path)
    return table.take(pc.sort_indices(table["id"]))
