"""Exclusion lists: read from text or CSV which images to exclude, and leave them out."""

import csv
import io
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harma.data.annotation_files import read_utf8, split_lines
from harma.data.split import Split
from harma.errors import DataError, MissingFileError

logger = logging.getLogger(__name__)


def read_exclusions(path: str | Path, *, data: str, split: str) -> dict[str, str]:
    """The images of a list that a split should leave out.

    Args:
        path: a text file with an image name per line, or a CSV with the column `image` and, if it
            has more than one data set or split, `data` and `split`: then only the rows of these
            count.
        data: name of the data set.
        split: "train", "val" or "test".

    Returns:
        Image name → where the list names it.

    Raises:
        MissingFileError: there is no such file.
        DataError: it cannot be read; the message names the line.
    """
    path = Path(path)
    text = _read_list(path)
    # What is not called CSV is a plain list: image names may hold commas.
    if path.suffix.lower() != ".csv":
        lines = [line.strip() for line in split_lines(text)]
        return {
            line: f"{path.name} line {line_number}"
            for line_number, line in enumerate(lines, 1)
            if line
        }
    entries = _csv_entries(path, text)
    _warn_of_other_data(path, entries, data)
    return {
        entry.image: f"{path.name} line {entry.line}"
        for entry in entries
        if entry.concerns(data, split)
    }


def _read_list(path: Path) -> str:
    try:
        return read_utf8(path)
    except FileNotFoundError as error:
        raise MissingFileError(
            f"the exclusion list {path} is not there; `harma data audit` writes one"
        ) from error


@dataclass(frozen=True)
class _Entry:
    """A row of a CSV list; None: the list has no such column, so that the row counts for all."""

    image: str
    data: str | None
    split: str | None
    line: int

    def concerns(self, data: str, split: str) -> bool:
        """Whether the row is about a split of a data set."""
        return self.data in (None, data) and self.split in (None, split)


def _csv_entries(path: Path, text: str) -> list[_Entry]:
    # Strict: a quote left open would otherwise swallow the rest of the list in silence.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    entries = []
    try:
        header = next(reader, [])
        if "image" not in header:
            columns = ",".join(header) or "empty"
            raise DataError(f"{path} line 1: the header is {columns}; it must have a column image")
        for fields in reader:
            if fields:
                place = f"{path} line {reader.line_num}"
                entries.append(_entry(place, header, fields, reader.line_num))
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num}: is not CSV ({error})") from error
    return entries


def _entry(place: str, header: list[str], fields: list[str], line: int) -> _Entry:
    if len(fields) != len(header):
        raise DataError(f"has {len(fields)} fields, the header {len(header)}", source=place)
    values = dict(zip(header, fields, strict=True))
    if not values["image"].strip():
        raise DataError("image is empty; it must name an image", source=place)
    return _Entry(values["image"], values.get("data"), values.get("split"), line)


def _warn_of_other_data(path: Path, entries: list[_Entry], data: str) -> None:
    """A list of other data sets alone is most likely the wrong list."""
    names = dict.fromkeys(entry.data for entry in entries if entry.data is not None)
    if names and data not in names:
        logger.warning(
            "%s names images of %s only: nothing of %s is left out", path, ", ".join(names), data
        )


def leave_out_listed(split: Split, path: str | Path, data: str) -> Split:
    """A split without the images that a list names for it.

    How many is logged, and at the level DEBUG which ones.

    Args:
        split: the split.
        path: the list; see `read_exclusions`.
        data: name of the data set.

    Raises:
        MissingFileError: there is no such list.
        DataError: it cannot be read, names an image that the split does not have, or all that it
            has.
    """
    listed = read_exclusions(path, data=data, split=split.name)
    rest = leave_out(split, listed)
    logger.info(
        "%s: %s of %s images of %s are left out, %s are left",
        path,
        f"{split.num_images - rest.num_images:,}",
        f"{split.num_images:,}",
        split.name,
        f"{rest.num_images:,}",
    )
    for name, place in listed.items():
        logger.debug("left out: %s (%s)", name, place)
    return rest


def leave_out(split: Split, listed: dict[str, str]) -> Split:
    """A split without the images that are listed.

    Args:
        split: the split.
        listed: image name, as the annotations have it → where a list names it.

    Raises:
        DataError: the split has no such image, or none is left.
    """
    image_names = split.image_names
    # Checked before anything is left out: a misspelt name would keep a test image in training.
    known = set(image_names)
    unknown = [name for name in listed if name not in known]
    if unknown:
        name = unknown[0]
        more = ""
        if len(unknown) > 1:
            more = f" ({len(unknown) - 1} more)"
        raise DataError(
            f"{listed[name]}: {name!r} is no image of split {split.name}{more}; names are relative"
            f" to {split.image_root}, as in the annotations"
        )
    rest = [index for index, name in enumerate(image_names) if name not in listed]
    if not rest:
        raise DataError(
            f"the exclusion list names all {split.num_images} images of split {split.name}"
        )
    return split.subset(np.array(rest, dtype=np.int64))
