"""Text that people and spreadsheets write: encodings, marks at its beginning, ends of lines."""

import codecs
import re
from pathlib import Path

from harma.errors import DataError, MissingFileError, StorageError

LINE_END = re.compile(r"\r\n|\n|\r")


def read_text(file: Path, what: str) -> str:
    """The text of a file in UTF-8, or in UTF-16 where a mark says so.

    Args:
        file: to read.
        what: it is called in messages, such as "the queries".

    Raises:
        MissingFileError: it is not there.
        StorageError: it cannot be read.
        DataError: it is no text, or empty.
    """
    if not file.is_file():
        kind = "a directory, not a file" if file.is_dir() else "not there"
        raise MissingFileError(f"{what} {file} is {kind}; name a file")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StorageError(f"{what} {file} cannot be read ({error.strerror})") from error
    is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"line {line}: is not UTF-8; save the file as UTF-8 text", source=str(file)
        ) from error
    if not text.strip():
        raise DataError("is empty", source=str(file))
    return text


def lines_of(text: str) -> list[tuple[int, str]]:
    """The lines of a text that are not blank, with their numbers from 1."""
    lines = enumerate(LINE_END.split(text), 1)
    return [(number, line) for number, line in lines if line.strip()]
