"""Files of Lance: where in them the embeddings lie, one beside the other, as they were written.

LanceDB reads rows by their ids through a plan of its query engine, which takes longer than the
rows. A column of vectors of one length, without a missing one, is laid down plainly, though, and
only two short messages say where: the manifest of a version (which files each fragment is in) and
the footer of each file (where each column is). Both are protocol buffers; see lance.org/format.

What is not known to the letter is left out: whoever asks reads such fragments by LanceDB.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAGIC = b"LANC"
# Position of the manifest, version of the format, magic.
MANIFEST_END = struct.Struct("<QHH4s")
LENGTH = struct.Struct("<I")
# Positions of the columns' messages and of two tables; numbers of global buffers and of columns;
# version of the format, magic.
FILE_END = struct.Struct("<QQQIIHH4s")
COLUMN_PLACE = struct.Struct("<QQ")
# Versions of a manifest are in the names of files, counted down from the largest number.
LAST_VERSION = (1 << 64) - 1
# Fields of the messages that are read, by their numbers.
FIELDS, FRAGMENTS = 1, 2
FIELD_NAME, FIELD_ID = 2, 3
FRAGMENT_ID, FRAGMENT_FILES = 1, 2
FRAGMENT_DELETIONS, FRAGMENT_ROWS = 3, 4
FILE_PATH, FILE_FIELDS = 1, 2
FILE_COLUMNS, FILE_MAJOR = 3, 4
FILE_MINOR, FILE_BYTES = 5, 6
COLUMN_PAGES = 2
PAGE_POSITIONS, PAGE_SIZES = 1, 2
PAGE_ROWS = 3
# A fragment or a file that says more may mean something else.
OF_FRAGMENTS = {FRAGMENT_ID, FRAGMENT_FILES, FRAGMENT_DELETIONS, FRAGMENT_ROWS}
OF_FILES = {FILE_PATH, FILE_FIELDS, FILE_COLUMNS, FILE_MAJOR, FILE_MINOR, FILE_BYTES}
FORMAT = 2
# Kinds of values in a protocol buffer.
NUMBER, EIGHT_BYTES = 0, 1
BYTES, FOUR_BYTES = 2, 5

Message = Mapping[int, Sequence[int | bytes]]


@dataclass(frozen=True)
class ColumnPage:
    """Rows of a column, one beside the other in a file.

    Attributes:
        position: where they begin, bytes.
        size: bytes.
        num_rows: how many.
    """

    position: int
    size: int
    num_rows: int


@dataclass(frozen=True)
class ColumnFile:
    """Where a column of a fragment is.

    Attributes:
        fragment: its number.
        path: of the file, below the folder of data.
        column: its number in the file.
        num_rows: of the fragment, those that were removed since with them.
    """

    fragment: int
    path: str
    column: int
    num_rows: int


def column_files(table: Path, version: int, name: str) -> list[ColumnFile]:
    """Where a column of a table's version is, fragment by fragment; what is unusual is left out.

    Args:
        table: folder of the table.
        version: its number.
        name: of the column.

    Raises:
        OSError: the manifest cannot be read.
        ValueError: it is none.
    """
    manifest = _manifest(table / "_versions", version)
    numbers = []
    for message in manifest.get(FIELDS, ()):
        field = fields_of(_bytes(message))
        if field.get(FIELD_NAME) == [name.encode()]:
            numbers.append(_number(field, FIELD_ID))
    if len(numbers) != 1:
        return []
    files: list[ColumnFile] = []
    for message in manifest.get(FRAGMENTS, ()):
        fragment = fields_of(_bytes(message))
        if fragment.keys() <= OF_FRAGMENTS:
            files += _files_of(fragment, numbers[0])
    return files


def _files_of(fragment: Message, field: int) -> Iterator[ColumnFile]:
    """The file of a fragment that has a field."""
    for message in fragment.get(FRAGMENT_FILES, ()):
        file = fields_of(_bytes(message))
        fields = _packed(file, FILE_FIELDS)
        is_known = file.keys() <= OF_FILES and _number(file, FILE_MAJOR) == FORMAT
        if is_known and field in fields:
            yield ColumnFile(
                _number(fragment, FRAGMENT_ID),
                _bytes(file[FILE_PATH][0]).decode(),
                _packed(file, FILE_COLUMNS)[fields.index(field)],
                _number(fragment, FRAGMENT_ROWS),
            )


def _manifest(folder: Path, version: int) -> Message:
    path = folder / f"{LAST_VERSION - version:020}.manifest"
    if not path.exists():
        # As earlier releases of Lance name it.
        path = folder / f"{version}.manifest"
    content = path.read_bytes()
    position, _, _, magic = MANIFEST_END.unpack(content[-MANIFEST_END.size :])
    if magic != MAGIC:
        raise ValueError(f"{path} is no manifest")
    start = position + LENGTH.size
    (length,) = LENGTH.unpack(content[position:start])
    return fields_of(content[start : start + length])


def pages_of(file: BinaryIO, column: int) -> list[ColumnPage] | None:
    """Pages of a column of a file; None where its values may be anything but plainly laid down.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is none of Lance's.
    """
    end = file.seek(-FILE_END.size, 2)
    _, places, _, _, num_columns, major, _, magic = FILE_END.unpack(file.read())
    if magic != MAGIC or column >= num_columns:
        raise ValueError(f"a file of {end:,} bytes is none of Lance's, or lacks a column")
    if major != FORMAT:
        return None
    file.seek(places + column * COLUMN_PLACE.size)
    position, size = COLUMN_PLACE.unpack(file.read(COLUMN_PLACE.size))
    if position + size > end + FILE_END.size:
        raise ValueError(f"a file of {end:,} bytes says that it has {size:,} more")
    file.seek(position)
    pages = []
    for message in fields_of(file.read(size)).get(COLUMN_PAGES, ()):
        page = fields_of(_bytes(message))
        positions = _packed(page, PAGE_POSITIONS)
        if len(positions) != 1:
            return None
        rows = _number(page, PAGE_ROWS)
        pages.append(ColumnPage(positions[0], _packed(page, PAGE_SIZES)[0], rows))
    return pages


# -- protocol buffers -----------------------------------------------------------------------------


def fields_of(message: bytes) -> Message:
    """The fields of a message: number → values, as they come.

    Raises:
        ValueError: it is no message.
    """
    fields: dict[int, list[int | bytes]] = {}
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        value: int | bytes
        if tag & 7 == NUMBER:
            value, place = _varint(message, place)
        else:
            length, place = _length(message, place, tag & 7)
            value = message[place : place + length]
            place += length
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _length(message: bytes, place: int, kind: int) -> tuple[int, int]:
    """Bytes of a value, and where it begins."""
    if kind == BYTES:
        return _varint(message, place)
    if kind == EIGHT_BYTES:
        return 8, place
    if kind == FOUR_BYTES:
        return 4, place
    raise ValueError(f"a message has a value of kind {kind}")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number, and what follows it."""
    number = 0
    shift = 0
    while place < len(message):
        byte = message[place]
        place += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, place
        shift += 7
    raise ValueError("a message ends within a number")


def _number(message: Message, field: int) -> int:
    """A number of a message; 0 where it is not said, as the format has it."""
    values = message.get(field, (0,))
    if not isinstance(values[0], int):
        raise ValueError("a message has no number where one belongs")
    return values[0]


def _bytes(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a message has a number where a text belongs")
    return value


def _packed(message: Message, field: int) -> list[int]:
    """The numbers of a field that repeats, in one piece or one by one."""
    numbers: list[int] = []
    for value in message.get(field, ()):
        if isinstance(value, int):
            numbers.append(value)
            continue
        place = 0
        while place < len(value):
            number, place = _varint(value, place)
            numbers.append(number)
    return numbers
