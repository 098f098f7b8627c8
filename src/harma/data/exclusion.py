"""Exclusion lists: the images that training leaves out, read from a text file or CSV."""

import csv
import io
import logging
from pathlib import Path

import numpy as np

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
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise MissingFileError(
            f"the exclusion list {path} is not there; `harma data audit` writes one"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
        ) from error
    if path.suffix.lower() != ".csv":
        lines = text.replace("\r\n", "\n").split("\n")
        return {
            line.strip(): f"{path.name} line {number}"
            for number, line in enumerate(lines, 1)
            if line.strip()
        }
    return _of_csv(path, text, data, split)


def _of_csv(path: Path, text: str, data: str, split: str) -> dict[str, str]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    named: dict[str, str] = {}
    others: dict[str, None] = {}
    try:
        header = next(reader, [])
        if "image" not in header:
            raise DataError(
                f"{path} line 1: the header is {','.join(header) or 'empty'}; it must have a column"
                " image"
            )
        for fields in reader:
            if not fields:
                continue
            place = f"{path.name} line {reader.line_num}"
            if len(fields) != len(header):
                raise DataError(
                    f"{path} line {reader.line_num}: has {len(fields)} fields, the header"
                    f" {len(header)}"
                )
            entry = dict(zip(header, fields, strict=True))
            if not entry["image"].strip():
                raise DataError(
                    f"{path} line {reader.line_num}: image is empty; it must name an image"
                )
            others |= {entry["data"]: None} if "data" in entry else {}
            if entry.get("data", data) == data and entry.get("split", split) == split:
                named[entry["image"]] = place
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num}: is not CSV ({error})") from error
    if others and data not in others:
        logger.warning(
            "%s names images of %s only: nothing of %s is left out", path, ", ".join(others), data
        )
    return named


def leave_out_listed(split: Split, path: str | Path, data: str) -> Split:
    """A split without the images that a list names for it; how many is logged, which ones at the level DEBUG.

    Args:
        split: the split.
        path: the list; see `read_exclusions`.
        data: name of the data set.

    Raises:
        MissingFileError: there is no such list.
        DataError: it cannot be read, names an image that the split does not have, or all that it
            has.
    """
    named = read_exclusions(path, data=data, split=split.name)
    kept = leave_out(split, named)
    logger.info(
        "%s: %s of %s images of %s are left out, %s are left",
        path,
        f"{split.num_images - kept.num_images:,}",
        f"{split.num_images:,}",
        split.name,
        f"{kept.num_images:,}",
    )
    for name, place in named.items():
        logger.debug("left out: %s (%s)", name, place)
    return kept


def leave_out(split: Split, named: dict[str, str]) -> Split:
    """A split without the images that are named.

    Args:
        split: the split.
        named: image name, as the annotations have it → where a list names it.

    Raises:
        DataError: the split has no such image, or none is left.
    """
    known = set(split.image_names)
    unknown = [(name, place) for name, place in named.items() if name not in known]
    if unknown:
        name, place = unknown[0]
        more = f" ({len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise DataError(
            f"{place}: {name!r} is no image of split {split.name}{more}; names are relative to"
            f" {split.image_root}, as in the annotations"
        )
    kept = [i for i, name in enumerate(split.image_names) if name not in named]
    if not kept:
        raise DataError(
            f"the exclusion list names all {split.num_images} images of split {split.name}"
        )
    return split.subset(np.array(kept, dtype=np.int64))
