"""Lists of texts in files: captions, classes, templates."""

from pathlib import Path

from harma.data.annotation_files import read_utf8, split_lines
from harma.data.description import SPLITS
from harma.data.formats import ANNOTATION_READERS, FORMATS_OF_ALL_SPLITS
from harma.data.json_kinds import HARMA, KARPATHY, json_format
from harma.data.rows import Problem
from harma.errors import DataError, MissingFileError
from harma.ground.json_text import parse_json

TABLES = (".csv", ".tsv")


def is_caption_list(name: str | Path) -> bool:
    """Whether a name is that of such a file; a data set's name or description is none."""
    return Path(name).suffix.lower() in (".txt", ".json", *TABLES)


def read_texts(path: str | Path) -> list[str]:
    """The texts of a file in its order, as they are; equal ones stay.

    Args:
        path: .json: a list of texts, or a data set's annotations in any format of JSON (train, val,
            test one after the other); .csv or .tsv with a column of captions; anything else: a text
            per line.

    Raises:
        MissingFileError: there is no such file.
        DataError: it cannot be read, holds no text, or an empty one; the message names the row.
    """
    path = Path(path)
    if not path.exists() or path.is_dir():  # a pipe is fine
        raise MissingFileError(f"there is no file {path}; it should hold a text per line, or JSON")
    content = read_utf8(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        texts = _of_json(path, content)
    elif suffix in TABLES:
        texts = _of_rows(path, "csv")
    else:
        texts = _stripped_lines(content)
    if not texts:
        raise DataError(f"{path} holds no text; write one per line")
    for index, text in enumerate(texts):
        if text.strip():
            continue
        # Lines are counted from 1, as editors do; the rows of the others as in a list.
        place = f"line {index + 1}"
        if suffix in (".json", *TABLES):
            place = f"number {index}"
        raise DataError(f"the text of {place} is empty; write it, or take it out", source=str(path))
    return texts


def _stripped_lines(text: str) -> list[str]:
    lines = [line.strip() for line in split_lines(text)]
    # Spaces after the last line end are no text that somebody forgot.
    if lines and not lines[-1]:
        lines.pop()
    return lines


def _of_json(path: Path, text: str) -> list[str]:
    try:
        content = parse_json(text)
    except DataError as error:
        raise DataError(error.problem, source=str(path)) from error
    if isinstance(content, list) and all(isinstance(item, str) for item in content):
        return content
    # What is of no known form is refused in the words of the two that are asked for most.
    form = json_format(content)
    if form is None:
        form = KARPATHY if isinstance(content, dict) else HARMA
    return _of_rows(path, form)


def _of_rows(path: Path, form: str) -> list[str]:
    """The captions of a data set's annotation file."""
    splits: tuple[str, ...] = ("all",)  # what the other formats never look at
    if form in FORMATS_OF_ALL_SPLITS:
        # One after the other: the reader gives the images of one split at a time.
        splits = SPLITS
    texts: list[str] = []
    # Each once: what is wrong with a Karpathy file shows in every split.
    problems: dict[Problem, None] = {}
    for split in splits:
        for row in ANNOTATION_READERS[form](path.parent, [path.name], split):
            if isinstance(row, Problem):
                problems[row] = None
            else:
                texts += row.captions
    if problems:
        first = path.parent / str(next(iter(problems)))
        more = ""
        if len(problems) > 1:
            more = f" ({len(problems) - 1} more)"
        raise DataError(f"{first}{more}")
    return texts
