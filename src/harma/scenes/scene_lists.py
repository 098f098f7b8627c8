"""Lists that name scenes: a text file with one a line, or a CSV with paths and dates."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from harma.errors import ConfigError, DataError
from harma.scenes.period import Period
from harma.scenes.written_dates import parse_period

LIST_SUFFIXES = (".txt", ".csv")
# A table's columns, the first that is there.
PATH_COLUMNS = ("path", "source", "file", "filename", "image", "filepath")
DATE_COLUMNS = ("datetime", "date", "acquired", "acquisition_date", "start_datetime", "start_date")
# Of a range, where both ends are there; else the one column counts.
START_COLUMNS = ("start_datetime", "start_date", *DATE_COLUMNS)
END_COLUMNS = ("datetime_end", "end_datetime", "end_date")


class Listed(NamedTuple):
    """An entry of a list.

    Attributes:
        name: a file, folder, glob or address, as it is written.
        taken: when, if the list says so.
    """

    name: str
    taken: Period | None = None


def read_list(path: Path) -> list[Listed]:
    """The entries of a list.

    Raises:
        DataError: it is no text, names nothing, or names another list.
        ConfigError: a date in it is none.
    """
    try:
        # Spreadsheets begin their UTF-8 with a mark, which would be part of the first name.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"the list {path} is not UTF-8 text") from error
    if path.suffix.lower() == ".csv":
        return _rows(path, text)
    return _lines(path, text)


def is_list(name: str) -> bool:
    """Whether a name is that of a list."""
    return Path(name).suffix.lower() in LIST_SUFFIXES


def _lines(path: Path, text: str) -> list[Listed]:
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


def _rows(path: Path, text: str) -> list[Listed]:
    reader = csv.DictReader(text.splitlines())
    try:
        rows = list(_entries(path, reader))
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num} is not CSV ({error})") from error
    if not rows:
        raise DataError(f"the list {path} has no rows")
    return rows


def _entries(path: Path, reader: "csv.DictReader[str]") -> Iterator[Listed]:
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
        yield Listed(name, _taken(row, columns, where))


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
