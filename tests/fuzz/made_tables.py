"""Tables of embeddings as other programs write them: every type of column, odd places and dates."""

import datetime as dt
import decimal
import json
import math
import random
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from tests.fuzz.json_damage import damaged_json

UTC = dt.UTC
UNITS = ("s", "ms", "us", "ns")
ZONES = (
    None,
    None,
    "UTC",
    "Europe/Berlin",
    "+05:30",
    "America/St_Johns",
    "-12:00",
    "Mars/Olympus",
    "",
)
# Seconds since 1970: now, the ends of calendars, of nanoseconds, of numbers.
MOMENTS = (
    0,
    -1,
    1_600_000_000,
    1_443_225_600,
    -62_135_596_800,
    -62_135_596_801,
    253_402_300_799,
    253_402_300_800,
    9_223_372_036,
    -9_223_372_037,
    10**13,
    -(10**13),
    1 << 62,
)
TEXT_DATES = (
    "2015-09-26",
    "2015-09-26T10:00:00Z",
    "2015-09-26T10:00:00",
    "2015-09-26 10:00:00.123456789",
    "2015",
    "2015-09",
    "26.09.2015",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59Z",
    "10000-01-01",
    "2015-02-30",
    "",
    "x",
    "2015-09-26T10:00:00+02:00",
    "²",
    "2015-09-26T24:00:00",
)
TEXTS = (
    "a",
    "",
    "b.tif",
    "s3://x/y.tif",
    "\u202e",
    "é" * 300,
    "x" * 10_000,
    "a\0b",
    "a\nb",
    "../x",
    "²",
)


@dataclass
class Table:
    """A file of embeddings.

    Attributes:
        options: of the import.
        path: of the file.
        names: columns that stand for embedding, id, datetime, source, geometry; "" for none.
        to_wgs84: of coordinates of the file; None where they are degrees already, "unknown" where
            nobody can tell.
        is_whole: whether the file is as it was written.
    """

    path: Path
    options: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    to_wgs84: Any = None
    is_whole: bool = True


def made_table(chance: random.Random, folder: Path) -> Table:
    """A table of another program, with some oddness in its columns or what it says of itself."""
    count = chance.choice((0, 1, 1, 2, 5, 20, 20, 60))
    made = Table(folder / "a.parquet", ["--label", "theirs"])
    rng = np.random.default_rng(chance.getrandbits(64))
    vectors, geometries = _embeddings(chance, rng, count), _geometries(chance, rng, count)
    columns = {"embedding": vectors, "geometry": geometries}
    for name, make in (("id", _ids), ("datetime", _dates), ("source", _sources), ("extra", _extra)):
        if chance.random() < 0.7:
            columns[name] = make(chance, rng, count)
    made.names = {
        name: name if name in columns else ""
        for name in ("embedding", "geometry", "id", "datetime", "source")
    }
    _rename(chance, made, columns)
    order = list(columns)
    chance.shuffle(order)
    table = _table(chance, {name: columns[name] for name in order})
    crs = _geo(chance, made, table)
    table = table.replace_schema_metadata({**crs})
    _write(chance, table, made.path)
    return made


def _table(chance: random.Random, columns: dict[str, pa.Array]) -> pa.Table:
    table = pa.table(columns)
    if chance.random() < 0.1 and table.num_rows > 3:
        # In pieces, some of them empty or cut out of longer ones.
        cut = chance.randrange(table.num_rows)
        table = pa.concat_tables([table[:cut], table[:0], table[cut:]])
    if chance.random() < 0.03:
        name = chance.choice(table.column_names)
        table = table.append_column(name, table[name])
    return table


def _rename(chance: random.Random, made: Table, columns: dict[str, pa.Array]) -> None:
    flags = {
        "embedding": "--embedding-column",
        "id": "--id-column",
        "datetime": "--date-column",
        "source": "--source-column",
    }
    for name, flag in flags.items():
        if made.names[name] and chance.random() < 0.15:
            new = chance.choice(
                (f"{name}2", "Ünï", " ", "a.b", "a b", f"{name}'", "x" * 500, "\u202e")
            )
            if new in columns:
                continue
            columns[new] = columns.pop(name)
            made.options.append(f"{flag}={new}")
            made.names[name] = new
        elif chance.random() < 0.06:
            # Not meant, or a column that is meant for something else.
            new = chance.choice(("", *columns, "nothing"))
            if name == "embedding" and not new:
                continue
            made.options.append(f"{flag}={new}")
            made.names[name] = new


# -- what the file says of itself -----------------------------------------------------------------


def _geo(chance: random.Random, made: Table, table: pa.Table) -> dict[str, str]:
    primary = "geometry"
    described: dict[str, Any] = {"encoding": "WKB", "geometry_types": []}
    kind = chance.choices(("none", "wgs84", "metres", "other", "odd"), (8, 4, 2, 1, 2))[0]
    if kind == "wgs84":
        described["crs"] = pyproj.CRS("OGC:CRS84").to_json_dict()
    elif kind == "metres":
        described["crs"] = pyproj.CRS("EPSG:3857").to_json_dict()
        made.to_wgs84 = pyproj.Transformer.from_crs("EPSG:3857", "OGC:CRS84", always_xy=True)
    elif kind == "other":
        described["crs"] = chance.choice(
            (None, "EPSG:4326", "IAU_2015:49900", "x", {}, [], 4326, "EPSG:27700", {"type": "x"})
        )
        made.to_wgs84 = "unknown"
    elif kind == "odd":
        described["encoding"] = chance.choice(("WKB", "WKT", "point", None, 1))
        described["edges"] = chance.choice(("spherical", "planar", 1))
        described["bbox"] = chance.choice(([0, 0], "x", [None] * 4, [1e999] * 4))
        described["covering"] = chance.choice(({"bbox": {"xmin": ["no", "xmin"]}}, 1, {}))
        primary = chance.choice(("geometry", "geometry", "nothing", "", "extra", None, 1))
        made.to_wgs84 = "unknown"
    text = json.dumps(
        {
            "version": "1.1.0",
            "primary_column": primary,
            "columns": {primary if isinstance(primary, str) else "geometry": described},
        }
    )
    if chance.random() < 0.12:
        made.to_wgs84 = "unknown"
        text = damaged_json(chance, text.encode()).decode("utf-8", "replace")
    texts = {"geo": text}
    if chance.random() < 0.03:
        texts = {}
    for key in ("emb", "harma"):
        if chance.random() < 0.08:
            texts[key] = damaged_json(chance, b'{"version": 1, "settings": {}}').decode(
                "utf-8", "replace"
            )
    return texts


def _write(chance: random.Random, table: pa.Table, path: Path) -> None:
    kind = chance.choices(("pyarrow", "pandas", "duckdb"), (10, 1, 1))[0]
    table = _decoded(table)
    if kind == "pyarrow" or len(set(table.column_names)) != table.num_columns:
        pq.write_table(
            table,
            path,
            row_group_size=chance.choice((None, 1, 7)),
            compression=chance.choice(("none", "snappy", "zstd", "gzip", "lz4", "brotli")),
            # Older ones hold no nanoseconds.
            version="2.6" if _has_nanoseconds(table) else chance.choice(("1.0", "2.4", "2.6")),
            use_dictionary=chance.random() < 0.5,
            store_schema=chance.random() < 0.8,
            write_page_checksum=chance.random() < 0.3,
        )
        return
    try:
        _rewritten(kind, table, path)
    except Exception:
        # What the other program cannot hold.
        pq.write_table(table, path)


def _decoded(table: pa.Table) -> pa.Table:
    """Without dictionaries that hold nothing themselves, which no Parquet file can have."""
    for place, name in enumerate(table.column_names):
        column = table[place]
        if not pa.types.is_dictionary(column.type):
            continue
        if any(chunk.dictionary.null_count for chunk in column.chunks):
            table = table.set_column(place, name, column.cast(column.type.value_type))
    return table


def _has_nanoseconds(table: pa.Table) -> bool:
    return any(pa.types.is_timestamp(kind) and kind.unit == "ns" for kind in table.schema.types)


def _rewritten(kind: str, table: pa.Table, path: Path) -> None:
    texts = table.schema.metadata
    if kind == "pandas":
        again = pa.Table.from_pandas(table.to_pandas(), preserve_index=True)
    else:
        import duckdb

        connection = duckdb.connect()
        connection.register("t", table)
        connection.execute(f"COPY t TO '{path}.d' (FORMAT parquet)")
        again = pq.read_table(f"{path}.d")
        Path(f"{path}.d").unlink()
    pq.write_table(again.replace_schema_metadata({**(again.schema.metadata or {}), **texts}), path)


# -- columns --------------------------------------------------------------------------------------


def _embeddings(chance: random.Random, rng: Any, count: int) -> pa.Array:
    length = chance.choice((1, 2, 8, 8, 16, 16, 64))
    kind = chance.choice(
        (
            pa.float32(),
            pa.float32(),
            pa.float32(),
            pa.float64(),
            pa.float16(),
            pa.int8(),
            pa.decimal128(9, 4),
            pa.string(),
            pa.bool_(),
        )
    )
    values = rng.normal(0, chance.choice((0.1, 1, 1e3)), (count, length)).astype(np.float32)
    rows = [list(map(float, row)) for row in values]
    if rows and chance.random() < 0.25:
        _oddness(chance, rows)
    if pa.types.is_integer(kind):
        rows = [
            [max(-128, min(127, int(x))) if x is not None and math.isfinite(x) else 0 for x in row]
            if row is not None
            else None
            for row in rows
        ]
    elif pa.types.is_decimal(kind):
        rows = [
            [
                decimal.Decimal(f"{min(9e4, max(-9e4, x)):.4f}")
                if x is not None and math.isfinite(x)
                else None
                for x in row
            ]
            if row is not None
            else None
            for row in rows
        ]
    elif not pa.types.is_floating(kind):
        rows = [
            [bool(x) if kind == pa.bool_() else str(x) for x in row] if row is not None else None
            for row in rows
        ]
    is_even = all(row is not None and len(row) == length for row in rows)
    shape = chance.choice((pa.list_(kind), pa.large_list(kind), pa.list_(kind, length)))
    if (
        pa.types.is_fixed_size_list(shape)
        and not is_even
        and any(row is not None and len(row) != length for row in rows)
    ):
        shape = pa.list_(kind)
    if kind == pa.float16():
        rows = [
            None
            if row is None
            else [None if x is None else np.float16(np.clip(x, -6e4, 6e4)) for x in row]
            for row in rows
        ]
    return pa.array(rows, type=shape)


def _oddness(chance: random.Random, rows: list[Any]) -> None:
    row = chance.randrange(len(rows))
    kind = chance.choice(
        ("nan", "inf", "zero", "null", "none", "short", "long", "huge", "tiny", "empty", "same")
    )
    place = chance.randrange(len(rows[row]))
    plain = {"nan": float("nan"), "inf": float("-inf"), "none": None, "huge": 3e38, "tiny": 1e-45}
    if kind in plain:
        rows[row][place] = plain[kind]
    elif kind == "zero":
        rows[row] = [0.0] * len(rows[row])
    elif kind == "null":
        rows[row] = None
    elif kind == "short":
        rows[row] = rows[row][:-1]
    elif kind == "long":
        rows[row] = [*rows[row], 1.0]
    elif kind == "empty":
        rows[row] = []
    else:
        rows[row] = rows[0]


def _ids(chance: random.Random, rng: Any, count: int) -> pa.Array:
    numbers = list(range(count))
    texts = [f"chip{number}" for number in numbers]
    if texts and chance.random() < 0.15:
        texts[chance.randrange(count)] = chance.choice((*TEXTS, "chip0", "chip1", None))
    ways = (
        lambda: pa.array(texts),
        lambda: pa.array(texts),
        lambda: pa.array(texts, pa.large_string()),
        lambda: pa.array(texts, pa.string_view()),
        lambda: pa.array(texts).dictionary_encode(),
        lambda: pa.array(numbers),
        lambda: pa.array(numbers, pa.uint64()),
        lambda: pa.array(numbers, pa.int8()),
        lambda: pa.array([2**64 - 1 - number for number in numbers], pa.uint64()),
        lambda: pa.array([float(number) for number in numbers]),
        lambda: pa.array([number % 2 == 0 for number in numbers]),
        lambda: pa.array(
            [text.encode() if text is not None else None for text in texts], pa.binary()
        ),
        lambda: pa.array([bytes([number, 255] * 8) for number in numbers], pa.binary(16)),
        lambda: pa.array([decimal.Decimal(number) for number in numbers], pa.decimal128(20, 2)),
        lambda: pa.nulls(count),
        lambda: pa.array([[number] for number in numbers], pa.list_(pa.int64())),
        lambda: pa.array(numbers, pa.timestamp("s")),
        lambda: pa.array(numbers).dictionary_encode(),
    )
    return chance.choice(ways)()


def _sources(chance: random.Random, rng: Any, count: int) -> pa.Array:
    texts: list[str | None] = [f"scene{number % 3}.tif" for number in range(count)]
    if texts and chance.random() < 0.3:
        texts[chance.randrange(count)] = chance.choice((*TEXTS, None))
    kinds = (
        pa.string(),
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.uint16(), pa.large_string()),
    )
    if chance.random() < 0.1:
        return chance.choice((pa.nulls(count), pa.array(range(count)), pa.array([1.5] * count)))
    return pa.array(texts, chance.choice(kinds))


def _dates(chance: random.Random, rng: Any, count: int) -> pa.Array:
    kind = chance.choice(
        ("timestamp", "timestamp", "timestamp", "date", "date64", "text", "text", "odd")
    )
    seconds = [chance.choice((1_443_225_600, 1_600_000_000 + 86_400 * n)) for n in range(count)]
    if seconds and chance.random() < 0.3:
        seconds[chance.randrange(count)] = chance.choice(MOMENTS)
    nulls = [chance.random() < 0.05 for _ in range(count)]
    if kind == "timestamp":
        unit = chance.choice(UNITS)
        factor = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
        # Parquet holds seconds as milliseconds.
        most = ((1 << 63) - 1) // (1000 if unit == "s" else 1)
        numbers = [
            None if is_null else max(-most, min(most, n * factor + chance.randrange(factor)))
            for n, is_null in zip(seconds, nulls, strict=True)
        ]
        return pa.array(numbers, pa.int64()).cast(pa.timestamp(unit, chance.choice(ZONES)))
    if kind == "date":
        days = [
            None if is_null else max(-(2**31), min(2**31 - 1, n // 86_400))
            for n, is_null in zip(seconds, nulls, strict=True)
        ]
        return pa.array(days, pa.int32()).cast(pa.date32())
    if kind == "date64":
        most = (1 << 63) // 86_400_000 - 1
        days = [max(-most, min(most, n // 86_400)) * 86_400_000 for n in seconds]
        return pa.array(days, pa.int64()).cast(pa.date64())
    if kind == "text":
        text = [chance.choice(TEXT_DATES[:3]) for _ in range(count)]
        if text and chance.random() < 0.5:
            text[chance.randrange(count)] = chance.choice(TEXT_DATES)
        one = chance.choice(TEXT_DATES)
        return pa.array(
            [one] * count if chance.random() < 0.3 else text,
            chance.choice((pa.string(), pa.large_string(), pa.string_view())),
        )
    odd = (
        pa.array(range(count)),
        pa.array([1.5] * count),
        pa.nulls(count),
        pa.array([0] * count, pa.time32("s")),
        pa.array([0] * count, pa.duration("s")),
        pa.array([True] * count),
        pa.array(["2015-09-26"] * count).dictionary_encode(),
    )
    return chance.choice(odd)


def _extra(chance: random.Random, rng: Any, count: int) -> pa.Array:
    ways = (
        lambda: pa.nulls(count),
        lambda: pa.array([{"a": 1}] * count, pa.struct([("a", pa.int64())])),
        lambda: pa.array([[1.0]] * count, pa.list_(pa.float32())),
        lambda: pa.array([b"\xff"] * count, pa.binary_view()),
        lambda: pa.array([[("a", 1)]] * count, pa.map_(pa.string(), pa.int64())),
        lambda: pa.array([1.5] * count),
        lambda: pa.array([None] * count, pa.list_(pa.list_(pa.float64()))),
        lambda: pa.array(["x"] * count),
    )
    return chance.choice(ways)()


def _geometries(chance: random.Random, rng: Any, count: int) -> pa.Array:
    x, y = rng.uniform(3, 9, count), rng.uniform(45, 50, count)
    shapes: list[Any] = list(shapely.box(x, y, x + 0.01, y + 0.01))
    if chance.random() < 0.2:
        shapes = list(shapely.points(x, y))
    wkb: list[bytes | None] = [shapely.to_wkb(shape) for shape in shapes]
    if wkb and chance.random() < 0.4:
        wkb[chance.randrange(count)] = odd_wkb(chance)
    kind = chance.choices(("binary", "other"), (9, 1))[0]
    if kind == "binary":
        types = (
            pa.binary(),
            pa.binary(),
            pa.large_binary(),
            pa.binary_view(),
            pa.dictionary(pa.int32(), pa.binary()),
        )
        return pa.array(wkb, chance.choice(types))
    ways = (
        lambda: pa.array([shape.wkt for shape in shapes]),
        lambda: pa.array([shape.wkb_hex for shape in shapes]),
        lambda: pa.array(range(count)),
        lambda: pa.array([1.5] * count),
        lambda: pa.nulls(count),
        lambda: pa.array(
            [{"x": 1.0, "y": 2.0}] * count, pa.struct([("x", pa.float64()), ("y", pa.float64())])
        ),
        lambda: pa.array([b"x" * 21] * count, pa.binary(21)),
        lambda: pa.array([[b"x"]] * count, pa.list_(pa.binary())),
    )
    return chance.choice(ways)()


def odd_wkb(chance: random.Random) -> bytes | None:
    """A geometry in WKB that is odd, or none at all."""
    box = shapely.box(3, 45, 4, 46)
    good = shapely.to_wkb(box)
    collection = b"\x01\x07\x00\x00\x00\x01\x00\x00\x00"
    return chance.choice(
        (
            None,
            b"",
            b"\x00",
            good[:-1],
            good + b"x",
            b"\x02" + good[1:],
            shapely.to_wkb(box, byte_order=0),
            shapely.to_wkb(shapely.set_srid(box, 3857), include_srid=True),
            shapely.to_wkb(shapely.force_3d(box, 9)),
            shapely.to_wkb(shapely.Polygon()),
            shapely.to_wkb(shapely.from_wkt("POLYGON((0 0,1 1,0 1,1 0,0 0))")),
            shapely.to_wkb(shapely.box(179, 0, 181, 1)),
            shapely.to_wkb(shapely.box(-181, 0, 3, 1)),
            shapely.to_wkb(shapely.box(0, 0, 1, 91)),
            shapely.to_wkb(shapely.Point(float("nan"), 1)),
            shapely.to_wkb(shapely.Point(float("inf"), 1)),
            shapely.to_wkb(shapely.from_wkt("LINESTRING(0 0,1 1)")),
            shapely.to_wkb(
                shapely.from_wkt("MULTIPOLYGON(((0 0,1 0,1 1,0 0)),((0 0,1 0,1 1,0 0)))")
            ),
            shapely.to_wkb(shapely.from_wkt("GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))")),
            shapely.to_wkb(shapely.GeometryCollection()),
            collection * chance.choice((5, 200, 100_000)) + good,
            b"\x01\x03\x00\x00\x00" + struct.pack("<I", 2**32 - 1),
            b"\x01\x03\x00\x00\x00\x01\x00\x00\x00" + b"\xff" * 4,
            b"\x01\x11\x00\x00\x00" + good[5:],
            b"\x01\x0f\x27\x00\x00" + good[5:],
            shapely.to_wkb(box.boundary),
            shapely.to_wkb(shapely.box(-180, -90, 180, 90)),
            shapely.to_wkb(shapely.box(5, 5, 5, 5)),
            good.hex().encode(),
        )
    )
