"""Properties of scenes as further columns of the chips: their names, their types, what fits them.

A column has the type of the first value that came for it: number, text, or yes and no. A value of
another type becomes one of the column's where that loses nothing, and is left out where it does;
the build says so.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from harma.index.records import CHIP_COLUMNS, ChipRecord
from harma.scenes.source import Properties, PropertyValue

# Columns of a property by the Python type of its values.
TYPES: dict[type, pa.DataType] = {float: pa.float64(), str: pa.string(), bool: pa.bool_()}
WORDS = {pa.float64(): "number", pa.string(): "text", pa.bool_(): "yes or no"}
# More columns than these make every write slow, and nobody asks for them.
MOST_COLUMNS = 200
# What stands before a property that is called as a column of every index.
OWN_PREFIX = "property_"
# Columns of every index, of hits, and of exports.
OWN = frozenset(
    (
        *CHIP_COLUMNS,
        *("embedding", "model", "row_id", "distance", "bbox", "scene"),
        *("score", "percentile", "standing", "rank", "change", "then_score", "then_id"),
        *("then_source", "then_datetime"),
        # Lance has these with a _ before them, which names of properties do not begin with.
        *("rowid", "rowaddr", "rowoffset"),
    )
)


def column_name(name: str) -> str:
    """The column of a property: letters a to z, digits and _, and none of the index's own."""
    safe = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_") or "unnamed"
    if safe in OWN or safe[0].isdigit():
        return OWN_PREFIX + safe
    return safe


class PropertyColumns:
    """The columns of properties of an index, to which the values of chips are fitted.

    Args:
        types: of the columns that are there.

    Attributes:
        left_out: column → how many scenes have a value that does not fit it.
    """

    def __init__(self, types: Mapping[str, pa.DataType]) -> None:
        self.types = dict(types)
        self.left_out: Counter[str] = Counter()
        # By their properties as they came: chips of a scene have the same.
        self._fitted: dict[tuple[str, Properties], Properties] = {}

    def fit(self, chips: Sequence[ChipRecord]) -> list[ChipRecord]:
        """Chips with properties that the columns can take; new columns are noted."""
        return [self._fitting(chip) for chip in chips]

    def _fitting(self, chip: ChipRecord) -> ChipRecord:
        if not chip.properties:
            return chip
        return replace(chip, properties=self.of_source(chip.source, chip.properties))

    def of_source(self, source: str, properties: Properties) -> Properties:
        """Properties of a source as the columns can take them; new columns are noted."""
        key = (source, properties)
        if key not in self._fitted:
            # Sources come one after the other: few are held.
            if len(self._fitted) > 256:
                self._fitted.clear()
            self._fitted[key] = tuple(self._each(properties))
        return self._fitted[key]

    def _each(self, properties: Properties) -> Iterable[tuple[str, PropertyValue]]:
        taken: dict[str, PropertyValue] = {}
        for name, value in properties:
            column = column_name(name)
            if value is None or column in taken:
                continue
            fitting = self._value(column, value)
            if fitting is None:
                self.left_out[column] += 1
            else:
                taken[column] = fitting
        return taken.items()

    def _value(self, column: str, value: PropertyValue) -> PropertyValue:
        """A value of the column's type; None where there is none."""
        kind = self.types.get(column)
        if kind is None:
            if len(self.types) >= MOST_COLUMNS:
                return None
            kind = TYPES[type(value)]
            self.types[column] = kind
        if kind == TYPES[type(value)]:
            return value
        if kind == pa.string():
            return _as_text(value)
        if kind == pa.float64() and isinstance(value, str):
            return _as_number(value)
        return None


def _as_text(value: PropertyValue) -> str:
    # 5.0 was most likely written 5.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def property_types(schema: pa.Schema, own: Iterable[str]) -> dict[str, pa.DataType]:
    """The columns of a table that are properties.

    Args:
        schema: of the table.
        own: columns of every index.
    """
    known = set(own)
    return {field.name: field.type for field in schema if field.name not in known}


def new_columns(
    chips: Sequence[ChipRecord], known: Mapping[str, pa.DataType]
) -> dict[str, pa.DataType]:
    """The columns that chips need beside those that are there."""
    new: dict[str, pa.DataType] = {}
    for properties in {chip.properties for chip in chips}:
        for name, value in properties:
            if name not in known:
                new.setdefault(name, TYPES[type(value)])
    return new


def columns_of(
    chips: Sequence[ChipRecord], types: Mapping[str, pa.DataType]
) -> dict[str, pa.Array]:
    """The values of chips in columns of properties, null where one has none.

    Args:
        chips: n, fitted to the columns.
        types: of the columns.
    """
    if not types:
        return {}
    rows = [dict(chip.properties) for chip in chips]
    columns = {}
    for name, kind in types.items():
        columns[name] = pa.array([row.get(name) for row in rows], kind)
    return columns


def properties_of(row: Mapping[str, PropertyValue], names: Iterable[str]) -> Properties:
    """The properties in a row of the table."""
    return tuple((name, row[name]) for name in names if row[name] is not None)
