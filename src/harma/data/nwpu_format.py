"""NWPU-Captions as rows: class → images with filename, split, and captions raw, raw_1 … raw_4.

Images lie in a folder for each class, as NWPU-RESISC45 has them, or all in one folder.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from harma.data.annotation_files import annotation_json
from harma.data.json_formats import KARPATHY_SPLITS, annotation_of
from harma.data.json_kinds import NWPU, is_by_class, json_format, other_format
from harma.data.row_values import is_name, is_text, shown_value, wrong_value
from harma.data.rows import Annotation, Problem, RowPlace

Annotations = Iterator[Annotation | Problem]
NEEDED = "format nwpu is an object of classes, each a list of images with filename, split and raw"
CAPTION_KEY = re.compile(r"raw(?:_(\d+))?")


def read_nwpu(root: Path, names: Sequence[str], split: str) -> Annotations:
    """`dataset_nwpu.json`: a row per image; the class is its label, and the folder it lies in.

    Args:
        root: the folder of the files.
        names: of the files.
        split: which images are given: the file holds all splits.
    """
    for name in names:
        content = annotation_json(root, name)
        if isinstance(content, Problem):
            yield content
        elif not is_by_class(content) or json_format(content) != NWPU:
            hint = other_format(content, NWPU)
            yield Problem(name, "", f"holds {shown_value(content)}; {NEEDED}{hint}")
        else:
            yield from _nwpu_file(name, content, split)


def _nwpu_file(name: str, content: dict[str, list[object]], split: str) -> Annotations:
    for class_name, entries in content.items():
        for index, entry in enumerate(entries):
            place = RowPlace(name, f"{class_name} row {index}")
            if isinstance(entry, dict):
                yield from _nwpu_entry(place, entry, class_name, split)
            else:
                needed = "a row is an object with filename, split and raw"
                yield place.problem(f"is {shown_value(entry)}; {needed}")


def _nwpu_entry(
    place: RowPlace, entry: dict[str, object], class_name: str, split: str
) -> Annotations:
    wrong_split = wrong_value(entry, "split", _is_split, f"one of {', '.join(KARPATHY_SPLITS)}")
    if wrong_split:
        yield place.problem(wrong_split)
        return
    if KARPATHY_SPLITS[str(entry["split"])] != split:
        return
    wrong = [wrong_value(entry, "filename", is_name, "the name of a file")]
    captions = []
    for key in sorted(filter(CAPTION_KEY.fullmatch, entry), key=_number):
        caption = entry[key]
        if is_text(caption):
            captions.append(caption)
        else:
            wrong.append(f"{key} is {shown_value(caption)}; it must be text")
    row: dict[str, object] = {"filename": entry.get("filename"), "label_name": class_name}
    # A path is left as it is.
    if is_name(entry.get("filename")) and "/" not in str(entry["filename"]):
        row["filename"] = f"{class_name}/{entry['filename']}"
    yield from annotation_of(place, row, "filename", tuple(captions), wrong, whole=True)


def in_one_folder(rows: Annotations, images: Path) -> Annotations:
    """Rows of which the images are named without their class where they lie so.

    Args:
        rows: of `read_nwpu`.
        images: the image folder, in which the first image is looked for.
    """
    is_flat: bool | None = None
    for row in rows:
        if isinstance(row, Problem):
            yield row
            continue
        name = PurePosixPath(row.image).name
        if is_flat is None:
            is_flat = _is_file(images / name) and not _is_file(images / row.image)
        yield replace(row, image=name) if is_flat else row


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # No file can have such a name.
        return False


def _number(key: str) -> int:
    """Of `raw`, `raw_1`, … for their order."""
    matched = CAPTION_KEY.fullmatch(key)
    assert matched is not None
    return int(matched[1] or 0)


def _is_split(value: object) -> bool:
    return isinstance(value, str) and value in KARPATHY_SPLITS
