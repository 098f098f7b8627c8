"""Judgments in CSV as spreadsheets write it: `query,chip,relevance`, `query,source,relevance`."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harma.errors import DataError
from harma.evaluation.judging.names import By
from harma.evaluation.judging.queries import MOST_RELEVANCE
from harma.evaluation.judging.rows import Judgment, Wanted
from harma.evaluation.judging.text_files import lines_of

# What is judged, one of the two.
JUDGED: tuple[By, ...] = ("chip", "source")
# What makes a query.
ASKED = ("query", "unlike", "image", "before", "after")
COLUMNS = ("id", *ASKED, *JUDGED, "relevance")
SEPARATORS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class _Table:
    """A file whose header was read."""

    file: Path
    columns: list[str]
    by: By


def is_csv(text: str) -> bool:
    """Whether a text begins with a header of judgments."""
    return bool(set(_header(text)) & set(COLUMNS))


def csv_judgments(file: Path, text: str) -> tuple[By, list[Judgment]]:
    """What is judged, chips or sources, and the judgments.

    Args:
        file: that is read, for messages.
        text: in it.

    Raises:
        DataError: the header or a row is not usable; the message names the line.
    """
    columns = _header(text)
    table = _Table(file, columns, _checked(file, columns))
    rows = list(_rows(table, text))
    if not rows:
        raise DataError("has a header and no rows; write a judgment a line", source=str(file))
    return table.by, rows


def _header(text: str) -> list[str]:
    first = lines_of(text)[0][1]
    return _columns(first, _separator(first))


def _separator(line: str) -> str:
    """What stands between columns: what gives most known ones, of equal ones the most frequent."""

    def fits(separator: str) -> tuple[int, int]:
        return len(set(_columns(line, separator)) & set(COLUMNS)), line.count(separator)

    return max(SEPARATORS, key=fits)


def _columns(line: str, separator: str) -> list[str]:
    return [cell.strip().strip('"').strip().lower() for cell in line.split(separator)]


def _checked(file: Path, columns: Sequence[str]) -> By:
    """What is judged by a header.

    Raises:
        DataError: a column is unknown, missing, or there twice.
    """
    for column in columns:
        if column not in COLUMNS:
            raise _wrong(file, f"has the column {column!r}; allowed are {', '.join(COLUMNS)}")
        if columns.count(column) > 1:
            raise _wrong(file, f"has the column {column} {columns.count(column)} times; leave one")
    judged = [name for name in JUDGED if name in columns]
    if len(judged) != 1:
        raise _wrong(
            file,
            f"has the columns {', '.join(columns)}; what is judged is in one of chip or source",
        )
    if "query" not in columns and "image" not in columns:
        raise _wrong(
            file, f"has the columns {', '.join(columns)}; what is looked for is in one called query"
        )
    return judged[0]


def _wrong(file: Path, what: str) -> DataError:
    return DataError(f"the header {what}", source=str(file))


def _rows(table: _Table, text: str) -> Iterator[Judgment]:
    separator = _separator(lines_of(text)[0][1])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        is_header = True
        end_before = 0
        for fields in reader:
            # A quoted field may run over several lines: the row is where it starts.
            line = end_before + 1
            end_before = reader.line_num
            # Spreadsheets end with rows of nothing but separators.
            if not any(cell.strip() for cell in fields):
                continue
            if not is_header:
                yield _judgment(table, line, fields)
            is_header = False
    except csv.Error as error:
        raise DataError(
            f"line {reader.line_num}: is not CSV ({error}); quotes inside a quoted field are"
            " doubled",
            source=str(table.file),
        ) from error


def _judgment(table: _Table, line: int, fields: Sequence[str]) -> Judgment:
    """A row.

    Raises:
        DataError: it is not usable.
    """
    if len(fields) != len(table.columns):
        raise DataError(
            f"line {line}: has {len(fields)} fields, the header {len(table.columns)}; put texts"
            " with commas in double quotes",
            source=str(table.file),
        )
    row = dict(zip(table.columns, (cell.strip() for cell in fields), strict=True))
    text, *others = (row.get(name, "") for name in ASKED)
    asked = Wanted(text, *others)
    name = row[table.by]
    if not name:
        raise DataError(f"line {line}: {table.by} is empty", source=str(table.file))
    query = row.get("id") or asked.name
    if not query:
        raise DataError(
            f"line {line}: query is empty; write what is looked for", source=str(table.file)
        )
    grade = 1
    if "relevance" in row:
        grade = grade_of(table.file, line, row["relevance"])
    return Judgment(line, query, asked, name, grade)


def grade_of(file: Path, line: int, text: str) -> int:
    """A grade of relevance.

    Raises:
        DataError: it is none.
    """
    is_whole = text.isascii() and text.isdecimal()
    # Digits without end would take time to read.
    if is_whole and len(text) < 10 and int(text) <= MOST_RELEVANCE:
        return int(text)
    what = f"{text!r}" if text else "empty"
    raise DataError(
        f"line {line}: the relevance is {what}; it must be a whole number from 0 (not relevant) to"
        f" {MOST_RELEVANCE}",
        source=str(file),
    )
