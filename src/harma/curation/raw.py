"""Raw annotations: as they are written, nothing cleaned, for tools that write them again."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harma.data.annotations import (
    annotation_rows,
    first_problem,
    image_folder,
    read_split,
)
from harma.data.csv_format import unread_columns
from harma.data.description import DataDescription
from harma.data.rows import Annotation
from harma.errors import DataError

T = TypeVar("T")


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
        if self.label_name is None and self.label is not None:
            return str(self.label)
        return self.label_name


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
    # Read twice: what `load_split` refuses is refused here, with the same words.
    reading = read_split(description, split, root, images=images, empty_captions="drop")
    if reading.problems:
        raise DataError(first_problem(reading))
    by_image: dict[tuple[str, str], list[Annotation]] = {}
    folder = image_folder(description, Path(root), images)
    for row in annotation_rows(description, Path(root), reading.files, split, folder):
        if isinstance(row, Annotation):
            key = (row.place.file, os.path.normpath(row.image))
            by_image.setdefault(key, []).append(row)
    return RawSplit(
        split,
        tuple(_image(rows) for rows in by_image.values()),
        _repeated([name for _, name in by_image]),
        _unread(description.format, Path(root), reading.files),
    )


def _image(rows: Sequence[Annotation]) -> RawImage:
    captions: list[str] = []
    for row in rows:
        captions += row.captions
    return RawImage(
        rows[0].image,
        tuple(captions),
        image_id=_first(row.image_id for row in rows),
        label=_first(row.label for row in rows),
        label_name=_first(row.label_name for row in rows),
    )


def _first(values: Iterable[T | None]) -> T | None:
    """The first value that is given."""
    return next((value for value in values if value is not None), None)


def _repeated(names: Sequence[str]) -> tuple[str, ...]:
    """Every mention of a name but for its first."""
    seen: set[str] = set()
    repeated = []
    for name in names:
        if name in seen:
            repeated.append(name)
        seen.add(name)
    return tuple(repeated)


# -- what no reader takes --------------------------------------------------------------------------

CLASS_KEYS = {"image_id", "label", "label_name"}
HARMA_KEYS = {"caption", "image"} | CLASS_KEYS
# What is read, and what says nothing that captions and order do not say.
KARPATHY_KEYS = {"filename", "filepath", "split", "sentences", "imgid", "sentids"} | CLASS_KEYS
KARPATHY_FILE_KEYS = {"images", "dataset"}
KARPATHY_SENTENCE_KEYS = {"raw", "tokens", "imgid", "sentid"}
COCO_FILE_KEYS = {"images", "annotations"}
COCO_KEYS = {"id", "file_name", "width", "height"}
COCO_ANNOTATION_KEYS = {"id", "image_id", "caption"}
NWPU_KEY = re.compile(r"filename|split|imgid|(raw|sentids)(_\d+)?")


def _unread(form: str, root: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Keys of JSON rows, and columns of CSV, that no reader takes; each once."""
    find = FIND_UNREAD.get(form)
    if find is None:
        return ()
    unread: dict[str, None] = {}
    for name in names:
        text = (root / name).read_bytes().decode("utf-8-sig")
        try:
            unread |= dict.fromkeys(find(text))
        except (TypeError, AttributeError, LookupError) as error:
            raise DataError(
                "a part of it that no split reads is of another kind than the format has",
                source=str(root / name),
            ) from error
    return tuple(unread)


def _unread_of_csv(text: str) -> Iterator[str]:
    for column in unread_columns(text):
        yield f"column {column}"


def _unread_of_harma(text: str) -> Iterator[str]:
    for entry in json.loads(text):
        yield from _others(entry, HARMA_KEYS)


def _unread_of_karpathy(text: str) -> Iterator[str]:
    content = json.loads(text)
    for key in _others(content, KARPATHY_FILE_KEYS):
        yield f"{key} (of the file)"
    for entry in content["images"]:
        yield from _others(entry, KARPATHY_KEYS)
        for sentence in entry.get("sentences", ()):
            # A sentence may be its text alone.
            if isinstance(sentence, dict):
                for key in _others(sentence, KARPATHY_SENTENCE_KEYS):
                    yield f"sentences.{key}"
        if entry.get("split") == "restval":
            yield "split restval (read as train)"


def _unread_of_coco(text: str) -> Iterator[str]:
    content = json.loads(text)
    for key in _others(content, COCO_FILE_KEYS):
        yield f"{key} (of the file)"
    for entry in content["images"]:
        yield from _others(entry, COCO_KEYS)
    for annotation in content["annotations"]:
        for key in _others(annotation, COCO_ANNOTATION_KEYS):
            yield f"annotations.{key}"


def _unread_of_nwpu(text: str) -> Iterator[str]:
    for entries in json.loads(text).values():
        for entry in entries:
            yield from (key for key in entry if not NWPU_KEY.fullmatch(key))


def _others(entry: dict[str, Any], known: set[str]) -> Iterator[str]:
    return (key for key in entry if key not in known)


# Lines of text have no keys that could be lost.
FIND_UNREAD: dict[str, Callable[[str], Iterator[str]]] = {
    "harma": _unread_of_harma,
    "karpathy": _unread_of_karpathy,
    "csv": _unread_of_csv,
    "coco": _unread_of_coco,
    "nwpu": _unread_of_nwpu,
}
