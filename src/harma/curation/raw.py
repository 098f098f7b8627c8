"""Annotations as they are written, captions not cleaned, for tools that write them again."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harma.data.annotations import read_split
from harma.data.description import DataDescription
from harma.data.formats import READERS, unread_columns
from harma.data.rows import Row
from harma.errors import DataError


@dataclass(frozen=True)
class RawImage:
    """An image as it is annotated.

    Attributes:
        name: path relative to the image folder.
        captions: as annotated, in the order of the file.
        image_id: the file's number of it, or None.
        label: number of its class, or None.
        label_name: name of its class, or None.
    """

    name: str
    captions: tuple[str, ...]
    image_id: int | None = None
    label: int | None = None
    label_name: str | None = None

    @property
    def class_name(self) -> str | None:
        """The class it counts for: its name, else its number as text."""
        return (
            self.label_name
            if self.label_name is not None or self.label is None
            else str(self.label)
        )


@dataclass(frozen=True)
class RawSplit:
    """The images of a split, in the order of first mention.

    Attributes:
        name: "train", "val" or "test".
        images: each file's own, one after the other: an image that two files name is there twice.
        repeated: names that more than one file has.
        unread: keys and columns of the files that mean nothing to HarMA, such as "cocoid".
    """

    name: str
    images: tuple[RawImage, ...]
    repeated: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def read_raw(
    description: DataDescription, split: str, root: Path, *, images: str | Path | None = None
) -> RawSplit:
    """Read a split without cleaning anything.

    Raises:
        MissingFileError: the root is not there.
        DataError: something in the files cannot be used; the message names the row.
        ConfigError: the data set has no such split.
    """
    problems = read_split(description, split, root, images=images, empty_captions="drop").problems
    if problems:
        more = (
            f" ({len(problems) - 1} more; `harma data check` lists them all)"
            if len(problems) > 1
            else ""
        )
        raise DataError(f"{problems[0]}{more}")
    names = description.files(split)
    rows = [
        row for row in READERS[description.format](Path(root), names, split) if isinstance(row, Row)
    ]
    by_image: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_image.setdefault((row.place.file, os.path.normpath(row.image)), []).append(row)
    found = tuple(_image(own) for own in by_image.values())
    seen: set[str] = set()
    repeated = [name for _, name in by_image if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    return RawSplit(split, found, tuple(repeated), _unread(description.format, Path(root), names))


def _image(rows: list[Row]) -> RawImage:
    def first(key: str) -> Any:
        return next((value for row in rows if (value := getattr(row, key)) is not None), None)

    captions = tuple(caption for row in rows for caption in row.captions)
    return RawImage(rows[0].image, captions, first("image_id"), first("label"), first("label_name"))


# What is read, and what says nothing that captions and order do not say.
KNOWN_KEYS = {
    "harma": {"caption", "image", "image_id", "label", "label_name"},
    "karpathy": {
        "filename",
        "filepath",
        "split",
        "sentences",
        "image_id",
        "label",
        "label_name",
        "imgid",
        "sentids",
    },
}
KNOWN_FILE_KEYS = {"images", "dataset"}
KNOWN_SENTENCE_KEYS = {"raw", "tokens", "imgid", "sentid"}


def _unread(form: str, root: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Keys of JSON rows, and columns of CSV, that no reader takes."""
    found: dict[str, None] = {}
    for name in names if form != "caps" else ():
        text = (root / name).read_bytes().decode("utf-8-sig")
        if form == "csv":
            found |= {f"column {column}": None for column in unread_columns(text)}
        elif form == "harma":
            found |= {
                key: None
                for entry in json.loads(text)
                for key in entry
                if key not in KNOWN_KEYS[form]
            }
        else:
            found |= _unread_of_karpathy(json.loads(text))
    return tuple(found)


def _unread_of_karpathy(content: dict[str, Any]) -> dict[str, None]:
    found = {f"{key} (of the file)": None for key in content if key not in KNOWN_FILE_KEYS}
    for entry in content["images"]:
        found |= dict.fromkeys(key for key in entry if key not in KNOWN_KEYS["karpathy"])
        # A sentence may be its text alone.
        objects = [
            sentence for sentence in entry.get("sentences", ()) if isinstance(sentence, dict)
        ]
        found |= {
            f"sentences.{key}": None
            for item in objects
            for key in item
            if key not in KNOWN_SENTENCE_KEYS
        }
        if entry.get("split") == "restval":
            found["split restval (read as train)"] = None
    return found
