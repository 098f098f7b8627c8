"""Which chips a search may find: by place, date, source, or an SQL expression on the columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from harma.errors import ConfigError, QueryError
from harma.index.ask import Where
from harma.index.conditions import timestamp, with_moments
from harma.index.schema import quoted
from harma.index.well_known import read_outlines
from harma.scenes.written_dates import parse_period

Dates = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class Filter:
    """What a chip must be.

    Attributes:
        area: geometry in WGS84 that its footprint must intersect, or None.
        within: the footprint must lie inside instead.
        where: SQL on the columns, or "".
        dates: the first and the last moment, where `where` says these and nothing else; either may
            be None.
    """

    area: BaseGeometry | None = None
    within: bool = False
    where: str = ""
    dates: Dates | None = None

    def also(self, condition: str) -> "Filter":
        """This filter with a further condition in SQL."""
        if not self.where:
            return replace(self, where=condition, dates=None)
        # In parentheses: an OR in one of them must not reach into the other.
        return replace(self, where=f"({self.where}) AND ({condition})", dates=None)

    def boxes(self) -> list[tuple[float, float, float, float]]:
        """West, south, east and north of the area's parts; none without an area."""
        if self.area is None or self.area.is_empty:
            return []
        parts = getattr(self.area, "geoms", [self.area])
        return [part.bounds for part in parts]

    @property
    def sql(self) -> str:
        """SQL that every matching chip fulfils, and some others where there is an area."""
        conditions = []
        if self.where:
            conditions.append(f"({self.where})")
        if self.area is not None:
            boxes = [_overlaps(*box) for box in self.boxes()]
            # An area without parts holds nothing.
            conditions.append("(" + (" OR ".join(boxes) or "false") + ")")
        return " AND ".join(conditions)

    def matches(self, geometries: Sequence[bytes | None]) -> NDArray[np.bool_]:
        """Which footprints (WKB) the area admits, exactly."""
        if self.area is None:
            return np.ones(len(geometries), dtype=bool)
        footprints = read_outlines(geometries)
        # One area is tested against many footprints: prepared, its edges are indexed once.
        shapely.prepare(self.area)
        # `covers`, as `contains` refuses a point or a line that lies on the area's edge.
        test = shapely.covers if self.within else shapely.intersects
        # A predicate of a missing footprint is false.
        return np.asarray(test(self.area, footprints), dtype=bool)


def filter_of(where: Where) -> Filter:
    """A filter from what a person says; see `Where`.

    Raises:
        QueryError: something said is not usable.
    """
    area = _area(where)
    dates = _dates(where.date)
    of_dates = list(_of_dates(dates))
    conditions = [*of_dates, *_sources(where.source)]
    if where.where and where.where.strip():
        conditions.append(with_moments(where.where.strip()))
    sql = " AND ".join(f"({condition})" for condition in conditions)
    # Dates alone are known without the store.
    if not of_dates or conditions != of_dates:
        dates = None
    return Filter(area, where.within, sql, dates)


def _area(where: Where) -> BaseGeometry | None:
    """What the areas of a declaration have in common; None where it says nothing of a place."""
    said = (where.bbox, where.polygon, where.near, where.radius_km)
    if not where.within and all(part is None for part in said):
        return None
    # Late: most searches name no place, and PROJ takes a tenth of a second.
    from harma.index.areas import area_of

    return area_of(where)


def _overlaps(west: float, south: float, east: float, north: float) -> str:
    # repr keeps every digit of a float.
    return f"(xmin <= {east!r} AND xmax >= {west!r} AND ymin <= {north!r} AND ymax >= {south!r})"


# -- dates ----------------------------------------------------------------------------------------


def times_of(where: Where) -> tuple[datetime, datetime] | None:
    """The two times of a change, or None where none is looked for.

    Raises:
        QueryError: one is missing, or is no date.
    """
    if where.before is None and where.after is None:
        return None
    if where.before is None or where.after is None:
        raise QueryError(
            "before and after together look for change: give both. To find chips of some dates,"
            " give date (--since, --until)"
        )
    # To the end of what is named: 2010 itself belongs to `before 2010`.
    before = moment(where.before, is_end=True, option="before")
    return before, moment(where.after, is_end=False, option="after")


def _dates(date: Sequence[str | datetime | None] | None) -> Dates | None:
    """The first and the last moment of a range of dates; see `Where`."""
    if date is None:
        return None
    if isinstance(date, str | datetime) or len(date) != 2:
        raise QueryError(
            f"date is {date!r}; give two, the first and the last, of which one may be None"
        )
    first = None
    last = None
    if date[0] is not None:
        first = moment(date[0], is_end=False)
    if date[1] is not None:
        last = moment(date[1], is_end=True)
        if first is not None and first > last:
            raise QueryError(f"date is from {date[0]} to {date[1]}; the first comes after the last")
    return first, last


def _of_dates(dates: Dates | None) -> Iterator[str]:
    """Dates as SQL; see `harma.index.snapshot.Moments.within`, which says the same."""
    if dates is None:
        return
    first, last = dates
    if first is not None:
        # A chip of a period is found by each moment of it; where there is no end, the start is it.
        moment_sql = timestamp(first)
        yield f"datetime >= {moment_sql} OR datetime_end >= {moment_sql}"
    if last is not None:
        yield f"datetime <= {timestamp(last)}"


def moment(date: str | datetime, *, is_end: bool, option: str = "date") -> datetime:
    """The first or last moment of a date, in UTC; a year, month or day has many, a time only one.

    Args:
        date: as a person writes it, or a datetime (UTC if it names no zone).
        is_end: whether its last moment is wanted.
        option: what the date is called in messages.

    Raises:
        QueryError: it is no date.
    """
    if not isinstance(date, str | datetime):
        raise QueryError(f"{option} is {date!r}; give a text such as 2015-09-26, or a datetime")
    if isinstance(date, datetime):
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    try:
        period = parse_period(date, option)
    except ConfigError as error:
        raise QueryError(error.problem) from error
    return period.end if is_end else period.start


# -- sources --------------------------------------------------------------------------------------


def _sources(source: str | Sequence[str] | None) -> Iterator[str]:
    if source is None:
        return
    names = source
    if isinstance(source, str):
        names = [source]
    if not names:
        raise QueryError("source is an empty list; name one, or leave it out")
    yield " OR ".join(_like(name) for name in names)


def _like(name: str) -> str:
    """SQL for a name with * and ?."""
    if not any(sign in name for sign in "*?"):
        return f"source = {quoted(name)}"
    # The backslash first: later it would escape the signs that are put in here.
    escaped = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"source LIKE {quoted(escaped.replace('*', '%').replace('?', '_'))} ESCAPE '\\'"
