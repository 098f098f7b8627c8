"""Text, lines and JSON of annotation files; what cannot be read comes back as a problem."""

from pathlib import Path

from harma.data.rows import Problem
from harma.errors import DataError
from harma.ground.json_text import parse_json

# Where a tar archive says what it is.
TAR_MARK_AT = 257
TAR_MARK = b"ustar"


def read_utf8(path: Path) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        DataError: it is not UTF-8.
        OSError: it cannot be read; the caller knows what it should have been.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error


def annotation_text(root: Path, name: str) -> str | Problem:
    """The text of a file, without a byte order mark, as some editors write it.

    Args:
        root: of the data set.
        name: the file's, relative to it; problems name the file so.
    """
    try:
        content = (root / name).read_bytes()
        if content[TAR_MARK_AT:].startswith(TAR_MARK):
            return Problem(name, "", "is a tar archive; for webdataset write format: webdataset")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Editors go to a line, not to a byte.
        num_line_ends = error.object[: error.start].count(b"\n")
        return Problem(
            name,
            f"line {num_line_ends + 1}",
            f"is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8",
        )
    except FileNotFoundError:
        return Problem(name, "", f"is not there; looked for {root / name}")
    except OSError as error:
        return Problem(name, "", f"cannot be read ({error.strerror})")


def annotation_json(root: Path, name: str) -> object:
    """What a JSON file holds, or a `Problem`."""
    text = annotation_text(root, name)
    if isinstance(text, Problem):
        return text
    try:
        content: object = parse_json(text)
    except DataError as error:
        said = error.problem.removeprefix("it ")
        return Problem(name, "", f"{said}{_other_than_json(name)}")
    return content


def _other_than_json(name: str) -> str:
    """For messages: the format that a file's name speaks of."""
    suffix = Path(name).suffix.lower()
    if suffix in (".csv", ".tsv"):
        return "; for a table of columns write format: csv"
    if suffix in (".jsonl", ".ndjson"):
        return "; put the lines into one list, with commas between them"
    if suffix == ".txt":
        return "; for lines of captions beside lines of names write format: caps"
    return ""


def annotation_lines(root: Path, name: str) -> list[str] | Problem:
    """The lines of a text file.

    Only line feeds end a line: captions may hold other characters that `str.splitlines` cuts at.
    """
    text = annotation_text(root, name)
    if isinstance(text, Problem):
        return text
    return split_lines(text)


def split_lines(text: str) -> list[str]:
    """Text cut at its line feeds; what follows the last one counts unless it is empty."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines
