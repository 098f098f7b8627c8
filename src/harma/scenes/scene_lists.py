"""Lists that name scenes: a text file with one a line, or a CSV with paths and dates."""

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harma.errors import ConfigError, DataError
from harma.scenes.formats import suffix_of
from harma.scenes.period import Period
from harma.scenes.small_files import read_small
from harma.scenes.source import Properties, PropertyValue
from harma.scenes.written_dates import parse_period

LIST_SUFFIXES = (".txt", ".csv")
# A table's columns, the first that is there.
PATH_COLUMNS = ("path", "source", "file", "filename", "image", "filepath")
DATE_COLUMNS = ("datetime", "date", "acquired", "acquisition_date", "start_datetime", "start_date")
# Of a range, where both ends are there; else the one column counts.
START_COLUMNS = ("start_datetime", "start_date", *DATE_COLUMNS)
END_COLUMNS = ("datetime_end", "end_datetime", "end_date")
# What stands in others are properties of the scenes.
OWN_COLUMNS = frozenset((*PATH_COLUMNS, *START_COLUMNS, *END_COLUMNS))


class Listed(NamedTuple):
    """An entry of a list.

    Attributes:
        name: a file, folder, glob or address, as it is written.
        taken: when, if the list says so.
        properties: what its further columns say, such as ("city", "Brno").
    """

    name: str
    taken: Period | None = None
    properties: Properties = ()


def read_list(path: Path | str) -> list[Listed]:
    """The entries of a list.

    Args:
        path: of it; a text is the address of one in a bucket.

    Raises:
        DataError: it is no text, names nothing, or names another list.
        ConfigError: a date in it is none.
        MissingFileError: it is not there.
        StorageError: its bucket cannot be read.
    """
    try:
        # Spreadsheets begin their UTF-8 with a mark, which would be part of the first name.
        text = read_small(str(path)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"the list {path} is not UTF-8 text") from error
    if suffix_of(str(path)) == ".csv":
        return _rows(path, text)
    return _lines(path, text)


def is_list(name: str) -> bool:
    """Whether a name is that of a list."""
    return Path(name).suffix.lower() in LIST_SUFFIXES


def _lines(path: Path | str, text: str) -> list[Listed]:
    lines = [line.strip() for line in text.splitlines()]
    names = [line for line in lines if line and not line.startswith("#")]
    for name in names:
        if is_list(name):
            raise DataError(
                f"the list {path} names another list, {name}; a list names scenes, folders or globs"
            )
    if not names:
        raise DataError(f"the list {path} names nothing; write a path or address per line")
    return [Listed(name) for name in names]


def _rows(path: Path | str, text: str) -> list[Listed]:
    reader = csv.DictReader(text.splitlines())
    try:
        rows = list(_entries(path, reader))
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num} is not CSV ({error})") from error
    if not rows:
        raise DataError(f"the list {path} has no rows")
    return _typed(rows)


def _entries(path: Path | str, reader: "csv.DictReader[str]") -> Iterator[Listed]:
    columns = {name.strip().lower(): name for name in reader.fieldnames or ()}
    paths = _first(columns, PATH_COLUMNS)
    if paths is None:
        raise DataError(
            f"the list {path} has the columns {', '.join(columns) or 'none'}; one must be called"
            f" {' or '.join(PATH_COLUMNS)}"
        )
    for row in reader:
        where = f"{path} line {reader.line_num}"
        name = _cell(row, paths)
        if not name:
            raise DataError(f"{where}: {paths} is empty; name a scene, a folder or a glob")
        if is_list(name):
            raise DataError(
                f"{where}: {paths} is the list {name}; name a scene, a folder or a glob"
            )
        yield Listed(name, _taken(row, columns, where), tuple(_further(row, columns)))


def _further(
    row: dict[str, str | None], columns: dict[str, str]
) -> Iterator[tuple[str, PropertyValue]]:
    """What a row says in columns of other names."""
    for name, column in columns.items():
        text = _cell(row, column)
        if name and text and name not in OWN_COLUMNS:
            yield name, text


def _typed(rows: list[Listed]) -> list[Listed]:
    """The same rows; a column whose cells are all numbers holds numbers."""
    texts: set[str] = set()
    for row in rows:
        texts.update(name for name, value in row.properties if _number(value) is None)
    typed = []
    for row in rows:
        values = []
        for name, value in row.properties:
            values.append((name, value if name in texts else _number(value)))
        typed.append(row._replace(properties=tuple(values)))
    return typed


def _number(text: PropertyValue) -> float | None:
    """A finite number, or None; one that begins with a zero is a code (007)."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    is_code = re.match(r"0\d", str(text)) is not None
    if is_code or not math.isfinite(value):
        return None
    return value


def _taken(row: dict[str, str | None], columns: dict[str, str], where: str) -> Period | None:
    """When a scene was taken, by the cells that are filled; None where none is."""
    ends = _filled(row, columns, END_COLUMNS)
    starts = _filled(row, columns, START_COLUMNS if ends else DATE_COLUMNS)
    if not starts:
        return None
    start = parse_period(_cell(row, starts[0]), f"{where}: {starts[0]}")
    if not ends:
        return start
    end = parse_period(_cell(row, ends[0]), f"{where}: {ends[0]}")
    if end.end < start.start:
        raise ConfigError(f"{where}: {ends[0]} is before {starts[0]}; the first comes first")
    return start.to(end)


def _filled(
    row: dict[str, str | None], columns: dict[str, str], names: tuple[str, ...]
) -> list[str]:
    """Columns of some names that a row fills, in the order of the names."""
    there = [columns[name] for name in names if name in columns]
    return [column for column in there if _cell(row, column)]


def _cell(row: dict[str, str | None], column: str | None) -> str:
    """The text in a column; "" where there is no such column, or the row ends before it."""
    if column is None:
        return ""
    return (row[column] or "").strip()


def _first(columns: dict[str, str], names: tuple[str, ...]) -> str | None:
    """The column with the first of some names, as it is written."""
    for name in names:
        if name in columns:
            return columns[name]
    return None
