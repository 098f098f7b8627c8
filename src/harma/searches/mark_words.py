"""What a row of a file of marks says, whoever wrote it: the mark, the chip, the place, the date."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from harma.errors import QueryError
from harma.ground.messages import first_line
from harma.index.well_known import is_deep, read_wkt
from harma.scenes.period import Period
from harma.scenes.written_dates import period_of_text
from harma.searches.checks import (
    CHIP_LENGTH,
    LINES,
    NAME_LENGTH,
    NOTE_LENGTH,
    check_text,
)

# Names of what a row says, ours first; those of other programs that label footprints or points.
MARK_NAMES = ("mark", "label")
CHIP_NAMES = ("id", "chip", "chip_id")
NOTE_NAMES = ("note", "notes", "comment")
WHO_NAMES = ("who",)
SOURCE_NAMES = ("source_name",)
FIRST_NAMES = ("datetime", "date")
LAST_NAMES = ("datetime_end",)
# Words of other programs.
MARK_OF_WORD = {
    "good": "good",
    "positive": "good",
    "pos": "good",
    "yes": "good",
    "true": "good",
    "1": "good",
    "bad": "bad",
    "negative": "bad",
    "neg": "bad",
    "no": "bad",
    "false": "bad",
    "0": "bad",
    "unsure": "unsure",
    "unknown": "unsure",
    "maybe": "unsure",
}
SHAPES = ("Point", "Polygon", "MultiPolygon")
WORLD = (-180, -90, 180, 90)


@dataclass(frozen=True)
class GivenRow:
    """A row as a file has it.

    Attributes:
        number: of it, from 1.
        values: by name, in small letters.
        geometry: in WGS84; None where it has none.
        problem: why its geometry cannot be read; "" if it can.
    """

    number: int
    values: Mapping[str, Any]
    geometry: BaseGeometry | None
    problem: str = ""


@dataclass(frozen=True)
class MarkRow:
    """A mark that a file holds.

    Attributes:
        number: of its row, from 1.
        mark: one of `harma.searches.records.MARKS`.
        chip: id; "" where the row names none.
        note: a person's words.
        who: said it.
        source_name: file of the scene, without its folder.
        taken: when the scene was taken, or None.
        geometry: point or footprint in WGS84, or None.
    """

    number: int
    mark: str
    chip: str
    note: str
    who: str
    source_name: str
    taken: Period | None
    geometry: BaseGeometry | None

    @property
    def told(self) -> str:
        """Chip or place, for lists of what the index does not have."""
        if self.chip or self.geometry is None:
            return self.chip or f"row {self.number}"
        centre = self.geometry.centroid
        return f"{centre.x:.5f},{centre.y:.5f}"


def mark_row(row: GivenRow) -> MarkRow:
    """Read a row.

    Raises:
        QueryError: it says no mark, no chip and no place, or what cannot be kept.
    """
    values = row.values
    mark = _mark(_first(values, MARK_NAMES))
    chip = check_text("the id", _text(_first(values, CHIP_NAMES)), CHIP_LENGTH)
    if row.problem:
        raise QueryError(row.problem)
    if row.geometry is not None:
        _check_geometry(row.geometry)
    if not chip and row.geometry is None:
        raise QueryError("it names no chip (id) and has no place (geometry)")
    return MarkRow(
        row.number,
        mark,
        chip,
        check_text("the note", _text(_first(values, NOTE_NAMES)), NOTE_LENGTH, allowed=LINES),
        check_text("who", _text(_first(values, WHO_NAMES)), NAME_LENGTH),
        _text(_first(values, SOURCE_NAMES)),
        _taken(_first(values, FIRST_NAMES), _first(values, LAST_NAMES)),
        row.geometry,
    )


def _first(values: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """What stands under the first of some names that says something."""
    for name in names:
        value = values.get(name)
        if value is not None and value != "":
            return value
    return None


def _mark(value: Any) -> str:
    if value is None:
        raise QueryError(f"it has no mark; name it {' or '.join(MARK_NAMES)}")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    word = str(value).strip().lower()
    if word.endswith(".0"):
        word = word.removesuffix(".0")
    if word not in MARK_OF_WORD:
        raise QueryError(
            f"its mark is {str(value)[:50]!r}; say good, bad or unsure (or positive, negative, 1,"
            " 0)"
        )
    return MARK_OF_WORD[word]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int):
        return str(value).strip()
    raise QueryError(f"{str(value)[:50]!r} is no text")


def _taken(first: Any, last: Any) -> Period | None:
    start = _period(first)
    end = _period(last)
    if start is None or end is None:
        return start
    if end.end < start.start:
        raise QueryError("its last moment is before its first one")
    return Period(start.start, max(end.end, start.end))


def _period(value: Any) -> Period | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        return Period.moment(moment)
    period = period_of_text(str(value)[:100].strip())
    if period is None:
        raise QueryError(f"its date is {str(value)[:50]!r}; write 2020, 2020-06 or 2020-06-15")
    return period


def _check_geometry(geometry: BaseGeometry) -> None:
    if geometry.is_empty or geometry.geom_type not in SHAPES:
        raise QueryError(
            f"its geometry is {geometry.geom_type}; give a point, or a polygon of about a chip"
        )
    west, south, east, north = WORLD
    bounds = geometry.bounds
    is_inside = bounds[0] >= west and bounds[1] >= south and bounds[2] <= east
    if not is_inside or bounds[3] > north:
        raise QueryError(
            f"its geometry reaches from {list(bounds[:2])} to {list(bounds[2:])}; give degrees,"
            " longitude first"
        )
    if not geometry.is_valid:
        raise QueryError(f"its geometry is not valid: {shapely.is_valid_reason(geometry)}")


def shape_of(described: Any) -> tuple[BaseGeometry | None, str]:
    """A geometry of GeoJSON (a mapping), WKT (a text) or WKB (bytes), and why it is none."""
    if described is None or described in ("", b""):
        return None, ""
    try:
        if isinstance(described, bytes):
            if is_deep(described):
                return None, "it holds too many collections"
            geometry = shapely.from_wkb(described)
        elif isinstance(described, str):
            geometry = read_wkt(described)
        else:
            geometry = shapely.geometry.shape(described)
        return shapely.force_2d(geometry), ""
    except (
        ShapelyError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        # An integer of JSON may be larger than any float.
        OverflowError,
        RecursionError,
    ) as error:
        return None, f"its geometry cannot be read ({first_line(error, length=80)})"
