"""Conditions of a search with what they mean, told by shapely, pyproj and Python's own dates."""

import datetime as dt
import fnmatch
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pyproj
import shapely
import shapely.ops

UTC = dt.UTC
# Distances on the Earth are told by two programs a little apart.
SLACK = 0.01

Row = dict[str, Any]
# Of a row: it must be found, must not, or (None) may.
Meaning = Callable[[Row], bool | None]


@dataclass(frozen=True)
class Meant:
    """A condition.

    Attributes:
        flags: as they are typed.
        meaning: of each row of the index.
    """

    flags: list[str]
    meaning: Meaning


def rows_of(export: Path) -> list[Row]:
    """Chips of an index, as pyarrow reads its export."""
    names = ["id", "geometry", "datetime", "source", "gsd", "nodata", "column", "row"]
    rows = pq.read_table(export, columns=names).to_pylist()
    for row in rows:
        row["shape"] = shapely.from_wkb(row["geometry"])
    return rows


def meant_filter(chance: random.Random, rows: list[Row]) -> Meant:
    """Conditions that make sense near what is there."""
    ways = (_bbox, _polygon, _near, _dates, _source, _where)
    chosen = chance.sample(ways, chance.choice((1, 1, 2)))
    made = [way(chance, rows) for way in chosen if way is not _near or _polygon not in chosen]
    is_within = chance.random() < 0.2 and any(way in (_bbox, _polygon) for way in chosen)
    flags = [flag for meant in made for flag in meant.flags]

    def meaning(row: Row) -> bool | None:
        told = [meant.meaning({**row, "within": is_within}) for meant in made]
        if False in told:
            return False
        return None if None in told else True

    return Meant([*flags, "--within"] if is_within else flags, meaning)


def meant_box(chance: random.Random, rows: list[Row]) -> tuple[tuple[float, ...], Meaning]:
    """Sides of a box near what is there: west, south, east, north; and what it means."""
    x, y = _around(chance, rows)
    sides = (x, y, x + chance.uniform(0, 0.02), y + chance.uniform(0, 0.02))
    box = tuple(round(side, 7) for side in sides)
    return box, lambda row: _inside(shapely.box(*box), {**row, "within": False})


def _around(chance: random.Random, rows: list[Row]) -> tuple[float, float]:
    point = chance.choice(rows)["shape"].centroid
    return point.x + chance.gauss(0, 0.004), point.y + chance.gauss(0, 0.004)


def _inside(area: Any, row: Row) -> bool | None:
    near = row["shape"].distance(area.boundary) < 1e-9
    if near:
        return None
    return bool(area.covers(row["shape"]) if row["within"] else area.intersects(row["shape"]))


def _bbox(chance: random.Random, rows: list[Row]) -> Meant:
    (x, y), width, height = _around(chance, rows), chance.uniform(0, 0.02), chance.uniform(0, 0.02)
    west, south, east, north = (round(side, 7) for side in (x, y, x + width, y + height))
    area = shapely.box(west, south, east, north)
    if chance.random() < 0.1:
        # All but it, across the 180th meridian.
        west, east = east, west
        area = shapely.union(
            shapely.box(-180, south, east, north), shapely.box(west, south, 180, north)
        )
    # Written in several ways that mean the same.
    form = chance.choice(("{}", "{}", "{:.7f}", " {} ", "{:e}", "+{}"))
    text = ",".join(form.format(side) for side in (west, south, east, north))
    exact = area if form != "{:e}" else None
    return Meant(
        [f"--bbox={text}"], lambda row: _inside(area, row) if exact else _loosely(area, row)
    )


def _loosely(area: Any, row: Row) -> bool | None:
    """As of an area that was rounded."""
    return None if row["shape"].distance(area.boundary) < 1e-4 else _inside(area, row)


def _polygon(chance: random.Random, rows: list[Row]) -> Meant:
    points = [_around(chance, rows) for _ in range(chance.choice((3, 4, 7)))]
    area = shapely.convex_hull(shapely.MultiPoint(points))
    if area.geom_type != "Polygon":
        area = area.buffer(0.001)
    if chance.random() < 0.4:
        area = shapely.MultiPolygon([area, shapely.box(0, 0, 1, 1)])
    mapped = shapely.geometry.mapping(area)
    feature = {"type": "Feature", "properties": None, "geometry": mapped}
    forms = (
        shapely.to_wkt(area, rounding_precision=-1),
        json.dumps(mapped),
        json.dumps(feature),
        json.dumps({"type": "FeatureCollection", "features": [feature]}),
        f" {shapely.to_wkt(shapely.force_3d(area), rounding_precision=-1).lower()} ",
    )
    return Meant(["--polygon", chance.choice(forms)], lambda row: _inside(area, row))


def _near(chance: random.Random, rows: list[Row]) -> Meant:
    (x, y), radius = _around(chance, rows), chance.choice((0.05, 0.4, 1.0, 5.0))
    middle = f"+proj=aeqd +lon_0={x} +lat_0={y} +ellps=WGS84"
    turn = pyproj.Transformer.from_crs("OGC:CRS84", middle, always_xy=True).transform

    def meaning(row: Row) -> bool | None:
        metres = shapely.ops.transform(turn, row["shape"]).distance(shapely.Point(0, 0))
        if abs(metres - radius * 1000) < SLACK * radius * 1000 + 1:
            return None
        return bool(metres < radius * 1000)

    return Meant([f"--near={x},{y}", f"--radius={radius}"], meaning)


def _dates(chance: random.Random, rows: list[Row]) -> Meant:
    known = (
        ("2020", dt.datetime(2020, 1, 1, tzinfo=UTC), dt.datetime(2021, 1, 1, tzinfo=UTC)),
        ("2020-01", dt.datetime(2020, 1, 1, tzinfo=UTC), dt.datetime(2020, 2, 1, tzinfo=UTC)),
        ("2020-01-02", dt.datetime(2020, 1, 2, tzinfo=UTC), dt.datetime(2020, 1, 3, tzinfo=UTC)),
        ("2020-01-01", dt.datetime(2020, 1, 1, tzinfo=UTC), dt.datetime(2020, 1, 2, tzinfo=UTC)),
        ("2019-12-31", dt.datetime(2019, 12, 31, tzinfo=UTC), dt.datetime(2020, 1, 1, tzinfo=UTC)),
        ("9999", dt.datetime(9999, 1, 1, tzinfo=UTC), dt.datetime.max.replace(tzinfo=UTC)),
        ("0001", dt.datetime(1, 1, 1, tzinfo=UTC), dt.datetime(2, 1, 1, tzinfo=UTC)),
    )
    text, start, end = chance.choice(known)
    if chance.random() < 0.5:
        return Meant(["--since", text], lambda row: _end(row) >= start)
    return Meant(["--until", text], lambda row: row["datetime"] < end)


def _end(row: Row) -> Any:
    # A day in the name of a file is a period to its end.
    return row["datetime"] + dt.timedelta(days=1, microseconds=-1)


def _source(chance: random.Random, rows: list[Row]) -> Meant:
    name = chance.choice(rows)["source"]
    pattern = chance.choice(
        (name, "*", "*scene0*", "*scene?_2020*", "*_%*", "*\\*", name + "x", "*.TIF", "*[01]*", "'")
    )
    # Of these signs fnmatch knows more than we do.
    theirs = pattern.replace("[", "[[]")
    return Meant(["--source", pattern], lambda row: fnmatch.fnmatchcase(row["source"], theirs))


def _where(chance: random.Random, rows: list[Row]) -> Meant:
    number = chance.choice((0, 1, 9, 10, 32, 64))
    known: tuple[tuple[str, Meaning], ...] = (
        (f'"column" >= {number}', lambda row: row["column"] >= number),
        (f"gsd < {number}", lambda row: row["gsd"] < number),
        (f'NOT ("row" = {number})', lambda row: row["row"] != number),
        ("nodata = 0 AND (source LIKE '%scene1%')", lambda row: "scene1" in row["source"]),
        ("datetime >= '2020-01-02'", lambda row: row["datetime"].day >= 2),
        ("'2020-01-01' < datetime OR gsd > 1e9", lambda row: row["datetime"].day > 1),
        ("datetime BETWEEN '2020-01-01' AND '2020-01-01'", lambda row: row["datetime"].day == 1),
        ("gsd IS NULL", lambda row: row["gsd"] is None),
    )
    text, meaning = chance.choice(known)
    return Meant(["--where", text], meaning)
