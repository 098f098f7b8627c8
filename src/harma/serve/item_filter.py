"""Filters of OGC API Features and STAC: bbox, datetime, intersects, ids, as a filter of chips."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from harma.errors import QueryError
from harma.index.areas import area_of
from harma.index.ask import Where
from harma.index.filters import Filter, filter_of, moment
from harma.index.schema import quoted

# Chips that a client may name.
MOST_IDS = 1000
# What stands for "no end" in an interval.
OPEN = ("", "..")


@dataclass(frozen=True)
class ItemFilter:
    """Which items a client asks for.

    Attributes:
        area: that they intersect, or None.
        first: moment from which on they were taken, or None.
        last: moment until which they were taken, or None.
        ids: of chips; () asks for all.
    """

    area: BaseGeometry | None = None
    first: datetime | None = None
    last: datetime | None = None
    ids: tuple[str, ...] = ()

    @property
    def chips(self) -> Filter:
        """As a filter of the chips of an index."""
        found = Filter(area=self.area)
        if self.first is not None or self.last is not None:
            found = found.also(filter_of(Where(date=(self.first, self.last))).where)
        if self.ids:
            found = found.also(f"id IN ({', '.join(map(quoted, self.ids))})")
        return found


def item_filter(
    *,
    bbox: str | Sequence[float] | None = None,
    period: str | None = None,
    intersects: Mapping[str, Any] | str | None = None,
    ids: str | Sequence[str] | None = None,
    most_vertices: int = 10_000,
) -> ItemFilter:
    """Read the filters of a request.

    Args:
        bbox: four numbers, or six with heights, which do not count.
        period: a moment, or two of which one may be open, as RFC 3339 has them.
        intersects: geometry of GeoJSON, or its text.
        ids: of chips, in a text with commas between them.
        most_vertices: corners of the geometry, at most.

    Raises:
        QueryError: one of them is not usable.
    """
    if bbox is not None and intersects is not None:
        raise QueryError("bbox and intersects are given; give one of them")
    area = None
    if bbox is not None:
        area = area_of(Where(bbox=_numbers(bbox)))
    if intersects is not None:
        area = _geometry(intersects, most_vertices)
    first, last = _period(period)
    return ItemFilter(area, first, last, _ids(ids))


def _numbers(bbox: str | Sequence[float]) -> list[float]:
    """West, south, east and north."""
    try:
        parts = bbox.split(",") if isinstance(bbox, str) else bbox
        numbers = [float(part) for part in parts]
    except (TypeError, ValueError, OverflowError) as error:
        raise QueryError(f"bbox is {bbox!r}; give west,south,east,north in degrees") from error
    if len(numbers) == 6:
        return [*numbers[:2], *numbers[3:5]]
    return numbers


def _geometry(intersects: Mapping[str, Any] | str, most_vertices: int) -> BaseGeometry:
    try:
        values = intersects
        if isinstance(values, str):
            values = json.loads(values)
        geometry = shapely.force_2d(shapely.from_geojson(json.dumps(values)))
    except (ShapelyError, ValueError, TypeError, RecursionError) as error:
        raise QueryError("intersects is no geometry of GeoJSON") from error
    _check_geometry(geometry, most_vertices)
    return geometry


def _check_geometry(geometry: BaseGeometry | None, most_vertices: int) -> None:
    """Check that chips can be compared with a geometry.

    Raises:
        QueryError: they cannot.
    """
    if geometry is None or geometry.is_empty or not geometry.is_valid:
        raise QueryError("intersects is empty, or not valid as a geometry; give another")
    if shapely.get_num_coordinates(geometry) > most_vertices:
        raise QueryError(f"intersects has more than {most_vertices:,} corners; simplify it")
    if not shapely.box(-180, -90, 180, 90).covers(geometry):
        raise QueryError("intersects must lie within longitudes ±180 and latitudes ±90")


def _period(period: str | None) -> tuple[datetime | None, datetime | None]:
    """First and last moment."""
    if period is None:
        return None, None
    ends = period.split("/")
    if len(ends) > 2 or all(end in OPEN for end in ends):
        raise QueryError(
            f"datetime is {period!r}; give a moment such as 2020-06-15T10:00:00Z, or two with a"
            " slash between them, of which one may be .."
        )
    first = _moment(ends[0], is_end=False)
    last = _moment(ends[-1], is_end=True)
    if first is not None and last is not None and first > last:
        raise QueryError(f"datetime is {period!r}; the first comes after the last")
    return first, last


def _moment(text: str, *, is_end: bool) -> datetime | None:
    if text in OPEN:
        return None
    return moment(text, is_end=is_end, option="datetime")


def _ids(ids: str | Sequence[str] | None) -> tuple[str, ...]:
    if ids is None:
        return ()
    names = ids.split(",") if isinstance(ids, str) else ids
    chosen = tuple(dict.fromkeys(name for name in names if name))
    if not chosen or len(chosen) > MOST_IDS:
        raise QueryError(f"ids names {len(chosen):,} chips; give 1 to {MOST_IDS:,}")
    return chosen
