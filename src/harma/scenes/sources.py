"""From what a person names to the scenes to read: folders, files, globs, lists, addresses."""

import csv
import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harma.errors import DataError, MissingFileError
from harma.scenes.dates import parse_date

# What a folder is searched for. Files of other kinds are read when they are named.
SUFFIXES = (
    ".tif",
    ".tiff",
    ".vrt",
    ".jp2",
    ".img",
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".bmp",
    ".gif",
)
LISTS = (".txt", ".csv")
PATH_COLUMNS, DATE_COLUMNS = (
    ("path", "source", "file", "filename", "image", "filepath"),
    ("datetime", "date"),
)
REMOTE = {
    "http://": "/vsicurl/http://",
    "https://": "/vsicurl/https://",
    "s3://": "/vsis3/",
    "gs://": "/vsigs/",
}


@dataclass(frozen=True)
class Source:
    """A scene to read.

    Attributes:
        name: what it is called: an absolute path, or the address as given.
        opened_as: what GDAL opens.
        taken: when, if a list says so.
    """

    name: str
    opened_as: str
    taken: datetime | None = None


def find_sources(named: Iterable[str | os.PathLike[str]]) -> list[Source]:
    """Every scene that is named, once, in the order named; a folder's in the order of their paths.

    Args:
        named: files; folders, searched with everything below; globs (`**` too); lists (.txt: a line
            each; .csv: a column path and, if there is one, datetime), whose relative paths are
            relative to the list; addresses (https://, s3://, gs://, /vsi…).

    Raises:
        MissingFileError: something named is not there, or a folder or glob holds no scene.
        DataError: a list cannot be used.
    """
    found: dict[str, Source] = {}
    for item in named:
        for source in _expand(os.fspath(item), Path.cwd()):
            found.setdefault(source.name, source)
    return list(found.values())


def source_named(name: str, taken: datetime | None = None) -> Source:
    """The source of a name that an index keeps: an absolute path or an address.

    Args:
        name: as `Source.name`.
        taken: when, if that is known from elsewhere than the file.
    """
    for prefix, opened in REMOTE.items():
        if name.startswith(prefix):
            return Source(name, opened + name.removeprefix(prefix), taken)
    return Source(name, name, taken)


def _expand(item: str, base: Path) -> list[Source]:
    if not item.strip():
        raise MissingFileError(
            "a source is named by an empty text; name a file, folder, glob, list or address"
        )
    if item.startswith(("/vsi", *REMOTE)):
        return [source_named(item)]
    path = base / Path(item).expanduser()
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return _of_list(path) if path.suffix.lower() in LISTS else [_of_file(path)]
    if glob.has_magic(item):
        matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207 (absolute globs)
        files = [_of_file(match) for match in matches if match.is_file()]
        if not files:
            raise MissingFileError(f"no file matches {item}")
        return files
    raise MissingFileError(f"there is no file or folder {item}")


def _of_file(path: Path) -> Source:
    # Absolute, but not resolved: a link is named as the person names it.
    return source_named(os.path.abspath(path))  # noqa: PTH100


def _of_folder(folder: Path) -> list[Source]:
    files = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()
    )
    if not files:
        raise MissingFileError(
            f"the folder {folder} holds no images or rasters ({', '.join(SUFFIXES)})"
        )
    return [_of_file(path) for path in files]


def _of_list(path: Path) -> list[Source]:
    """The scenes of a list; their paths are relative to it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"the list {path} is not UTF-8 text") from error
    if path.suffix.lower() == ".csv":
        return _of_table(path, text)
    lines = [line.strip() for line in text.splitlines()]
    inner = next(
        (line for line in lines if Path(line).suffix.lower() in LISTS and not line.startswith("#")),
        None,
    )
    if inner is not None:
        raise DataError(
            f"the list {path} names another list, {inner}; a list names scenes, folders or globs"
        )
    found = [
        source
        for line in lines
        if line and not line.startswith("#")
        for source in _expand(line, path.parent)
    ]
    if not found:
        raise DataError(f"the list {path} names nothing; write a path or address per line")
    return found


def _of_table(path: Path, text: str) -> list[Source]:
    reader = csv.DictReader(text.splitlines())
    columns = {name.strip().lower(): name for name in reader.fieldnames or ()}
    paths = next((columns[name] for name in PATH_COLUMNS if name in columns), None)
    dates = next((columns[name] for name in DATE_COLUMNS if name in columns), None)
    if paths is None:
        raise DataError(
            f"the list {path} has the columns {', '.join(columns) or 'none'}; one must be called "
            f"{' or '.join(PATH_COLUMNS)}"
        )
    found: list[Source] = []
    for row in reader:
        when = (row.get(dates) or "").strip() if dates else ""
        date = parse_date(when, f"{path} line {reader.line_num}: {dates}") if when else None
        name = (row[paths] or "").strip()
        if not name or Path(name).suffix.lower() in LISTS:
            what = f"is the list {name}" if name else "is empty"
            raise DataError(
                f"{path} line {reader.line_num}: {paths} {what}; name a scene, a folder or a glob"
            )
        for source in _expand(name, path.parent):
            found.append(Source(source.name, source.opened_as, date))
    if not found:
        raise DataError(f"the list {path} has no rows")
    return found
