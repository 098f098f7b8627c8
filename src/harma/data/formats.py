"""Annotation files of every format as rows, with a problem for each row that cannot be used."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Problem:
    """Something in the data that cannot be used.

    Attributes:
        file: the annotation file's name.
        row: where in it: rows count from 0, lines of text from 1; "" means the file as a whole.
        what: what is wrong.
    """

    file: str
    row: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}{' ' if self.row else ''}{self.row}: {self.what}"


@dataclass(frozen=True)
class Row:
    """An image and some of its captions.

    Attributes:
        file: the annotation file's name.
        row: where in it.
        image: path relative to the image root.
        captions: as annotated.
        image_id: the file's own number of the image, or None.
        label: class number, or None.
        label_name: class name, or None.
    """

    file: str
    row: str
    image: str
    captions: tuple[str, ...]
    image_id: int | str | None = None
    label: int | None = None
    label_name: str | None = None


def read_json(path: Path) -> Any | Problem:
    """The content of a JSON file, or why it has none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return Problem(path.name, "", f"cannot be read ({error.strerror or error}): {path}")
    except UnicodeDecodeError as error:
        return Problem(path.name, "", f"is not UTF-8 text ({error.reason} at byte {error.start})")
    except ValueError as error:
        return Problem(path.name, "", f"is not JSON ({error})")


def read_harma(paths: Sequence[Path], split: str) -> Iterator[Row | Problem]:
    """The original's JSON: a row per caption, or a row per image with a list of captions (SPEC 3)."""
    for path in paths:
        content = read_json(path)
        if isinstance(content, Problem):
            yield content
        elif not isinstance(content, list):
            yield Problem(path.name, "", f"holds a {type(content).__name__}; it must be a list of rows")
        else:
            for i, entry in enumerate(content):
                yield _harma_row(path.name, f"row {i}", entry)


def _harma_row(file: str, row: str, entry: Any) -> Row | Problem:
    if not isinstance(entry, dict):
        return Problem(file, row, f"is a {type(entry).__name__}; it must be a mapping with image and caption")
    image, captions, label = entry.get("image"), entry.get("caption"), entry.get("label")
    captions = [captions] if isinstance(captions, str) else captions
    checks: list[tuple[bool, str, Any, str]] = [
        (isinstance(image, str) and bool(image), "image", image, "text"),
        (_is_texts(captions), "caption", captions, "text or a list of texts, at least one"),
        (label is None or _is_int(label), "label", label, "a whole number"),
        (entry.get("label_name") is None or isinstance(entry["label_name"], str), "label_name",
         entry.get("label_name"), "text"),
        (entry.get("image_id") is None or _is_int(entry["image_id"]) or isinstance(entry["image_id"], str), "image_id",
         entry.get("image_id"), "a whole number or text"),
    ]  # fmt: skip
    for good, key, value, needed in checks:
        if not good:
            got = "missing" if key not in entry else repr(value)
            return Problem(file, row, f"{key} is {got}; it must be {needed}")
    return Row(file, row, str(image), tuple(captions or ()), entry.get("image_id"), label, entry.get("label_name"))


def read_karpathy(paths: Sequence[Path], split: str) -> Iterator[Row | Problem]:
    """Karpathy's JSON: images with filename, split and sentences; restval belongs to train."""
    splits = {"train", "restval"} if split == "train" else {split}
    for path in paths:
        content = read_json(path)
        if isinstance(content, Problem):
            yield content
            continue
        images = content.get("images") if isinstance(content, dict) else None
        if not isinstance(images, list):
            yield Problem(path.name, "", "has no list of images; it must be a mapping with images")
            continue
        for i, entry in enumerate(images):
            if not isinstance(entry, dict) or not isinstance(entry.get("split"), str):
                yield Problem(path.name, f"image {i}", "has no split; it must be train, val or test")
            elif entry["split"] in splits:
                yield _karpathy_row(path.name, f"image {i}", entry)


def _karpathy_row(file: str, row: str, entry: dict[str, Any]) -> Row | Problem:
    sentences = entry.get("sentences")
    captions = (
        [s.get("raw") if isinstance(s, dict) else None for s in sentences] if isinstance(sentences, list) else None
    )
    name = entry.get("filename")
    if not isinstance(name, str) or not name:
        return Problem(file, row, f"filename is {name!r}; it must be text")
    if not _is_texts(captions):
        return Problem(file, row, "sentences must be a list of mappings with raw text, at least one")
    folder = entry.get("filepath")
    image = f"{folder}/{name}" if isinstance(folder, str) and folder else name
    return Row(file, row, image, tuple(str(caption) for caption in captions or ()))


def read_caps(paths: Sequence[Path], split: str) -> Iterator[Row | Problem]:
    """Two text files: a caption per line, and the image of each line."""
    if len(paths) != 2:
        names = ", ".join(path.name for path in paths)
        yield Problem(names, "", "format caps takes two files for a split: the captions, then the file names")
        return
    lines: list[list[str]] = []
    for path in paths:
        try:
            lines.append(path.read_text(encoding="utf-8").splitlines())
        except OSError as error:
            yield Problem(path.name, "", f"cannot be read ({error.strerror or error}): {path}")
        except UnicodeDecodeError as error:
            yield Problem(path.name, "", f"is not UTF-8 text ({error.reason} at byte {error.start})")
    if len(lines) != 2:
        return
    if len(lines[0]) != len(lines[1]):
        yield Problem(
            paths[0].name, "", f"has {len(lines[0])} lines, {paths[1].name} has {len(lines[1])}; they go in pairs"
        )
        return
    for i, (caption, image) in enumerate(zip(*lines, strict=True), start=1):
        if not image.strip():
            yield Problem(paths[1].name, f"line {i}", "is empty; it must name an image")
        else:
            yield Row(paths[0].name, f"line {i}", image.strip(), (caption,))


CSV_COLUMNS = (("filename", "title"), ("image", "caption"))


def read_csv(paths: Sequence[Path], split: str) -> Iterator[Row | Problem]:
    """CSV with a header: `filename,title` or `image,caption`; a row per caption."""
    for path in paths:
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                yield from _csv_rows(path.name, csv.DictReader(file, strict=True))
        except OSError as error:
            yield Problem(path.name, "", f"cannot be read ({error.strerror or error}): {path}")
        except UnicodeDecodeError as error:
            yield Problem(path.name, "", f"is not UTF-8 text ({error.reason} at byte {error.start})")
        except csv.Error as error:
            yield Problem(path.name, "", f"is not CSV ({error})")


def _csv_rows(file: str, reader: "csv.DictReader[str]") -> Iterator[Row | Problem]:
    header = reader.fieldnames or []
    columns = next((pair for pair in CSV_COLUMNS if set(pair) <= set(header)), None)
    if columns is None:
        yield Problem(file, "line 1", f"the header is {list(header)}; it must name filename,title or image,caption")
        return
    for values in reader:
        row = f"line {reader.line_num}"
        image, caption = values[columns[0]], values[columns[1]]
        if not image or caption is None:
            yield Problem(file, row, f"{columns[0]} is {image!r} and {columns[1]} is {caption!r}; both must be text")
        else:
            yield Row(file, row, image, (caption,), label_name=values.get("label") or None)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


READERS: dict[str, Callable[[Sequence[Path], str], Iterator[Row | Problem]]] = {
    "harma": read_harma,
    "karpathy": read_karpathy,
    "caps": read_caps,
    "csv": read_csv,
}
