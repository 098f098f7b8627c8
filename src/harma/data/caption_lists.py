"""Lists of texts in files: captions, classes, templates."""

import json
from pathlib import Path

from harma.data.formats import READERS
from harma.data.rows import Problem
from harma.errors import DataError, MissingFileError

# What a Karpathy file's images belong to.
SPLITS = ("train", "val", "test")


def read_texts(path: str | Path) -> list[str]:
    """The texts of a file in its order, as they are; equal ones stay.

    Args:
        path: .json: a list of texts, the original's rows or Karpathy's images (train, val, test one
            after the other); .csv with the columns image,caption or filename,title; anything else:
            a text per line.

    Raises:
        MissingFileError: there is no such file.
        DataError: it cannot be read, holds no text, or an empty one; the message names the row.
    """
    path = Path(path)
    if not path.exists() or path.is_dir():  # a pipe is fine
        raise MissingFileError(f"there is no file {path}; it should hold a text per line, or JSON")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error
    suffix = path.suffix.lower()
    found = (
        _of_json(path, text)
        if suffix == ".json"
        else _of_rows(path, "csv")
        if suffix == ".csv"
        else _lines(text)
    )
    if not found:
        raise DataError(f"{path} holds no text; write one per line")
    for number, item in enumerate(found):
        if not item.strip():
            place = f"number {number}" if suffix in (".json", ".csv") else f"line {number + 1}"
            raise DataError(f"{path}: the text of {place} is empty; write it, or take it out")
    return found


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.replace("\r\n", "\n").split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def _of_json(path: Path, text: str) -> list[str]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({error})") from error
    if isinstance(content, list) and all(isinstance(item, str) for item in content):
        return content
    return _of_rows(path, "karpathy" if isinstance(content, dict) else "harma")


def _of_rows(path: Path, kind: str) -> list[str]:
    """The captions of a data set's annotation file."""
    texts: list[str] = []
    # Each once: what is wrong with a Karpathy file shows in every split.
    problems: dict[Problem, None] = {}
    for split in SPLITS if kind == "karpathy" else ("all",):
        for row in READERS[kind](path.parent, [path.name], split):
            if isinstance(row, Problem):
                problems[row] = None
            else:
                texts += row.captions
    if problems:
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise DataError(f"{path.parent / str(next(iter(problems)))}{more}")
    return texts
