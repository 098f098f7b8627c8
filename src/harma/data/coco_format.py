"""COCO captions as rows: `images` with id and file_name, `annotations` with image_id and caption.

A file holds one split, as captions_train2017.json and captions_val2017.json do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harma.data.annotation_files import annotation_json
from harma.data.json_formats import annotation_of
from harma.data.json_kinds import COCO, is_image_file, other_format
from harma.data.row_values import Entry, is_count, is_name, is_text, shown_value, wrong_value
from harma.data.rows import Annotation, Problem, RowPlace

Annotations = Iterator[Annotation | Problem]
NEEDED = "format coco is an object with images (id, file_name) and annotations (image_id, caption)"


def read_coco(root: Path, names: Sequence[str], split: str) -> Annotations:
    """COCO captions: a row per image, with all of its captions.

    Args:
        root: the folder of the files.
        names: of the files.
        split: not looked at: a file of this format holds one split.
    """
    for name in names:
        content = annotation_json(root, name)
        if isinstance(content, Problem):
            yield content
        else:
            yield from _coco_file(name, content)


@dataclass(frozen=True)
class _Captions:
    """The captions of a file, by the ids of their images.

    Attributes:
        of_image: those that can be used.
        faulty: images that have others too.
    """

    of_image: dict[object, list[str]] = field(default_factory=dict)
    faulty: set[object] = field(default_factory=set)


def _coco_file(name: str, content: object) -> Annotations:
    annotations = content.get("annotations") if isinstance(content, dict) else None
    # Of another format, or instances and keypoints, which have annotations without captions.
    hint = other_format(content, COCO)
    if hint or not is_image_file(content) or not isinstance(annotations, list):
        yield Problem(name, "", f"holds {shown_value(content)}; {NEEDED}{hint}")
        return
    ids = {_id_of(entry, "id") for entry in content["images"]} - {None}
    captions = _Captions()
    for index, entry in enumerate(annotations):
        wrong = _wrong_annotation(entry, ids)
        image = _id_of(entry, "image_id")
        if wrong is None:
            captions.of_image.setdefault(image, []).append(entry["caption"])
        else:
            captions.faulty.add(image)
            yield Problem(name, f"annotation {index}", wrong)
    yield from _coco_images(name, content["images"], captions)


def _id_of(entry: object, key: str) -> object:
    """An id of an image or annotation; None where it has none."""
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if _is_id(value) else None


def _wrong_annotation(entry: object, ids: set[object]) -> str | None:
    """What is wrong with an annotation, or None."""
    if not isinstance(entry, dict):
        return f"is {shown_value(entry)}; an annotation is an object with image_id and caption"
    wrong = wrong_value(entry, "image_id", _is_id, "the id of one of the images")
    if wrong is None and entry["image_id"] not in ids:
        wrong = f"image_id is {shown_value(entry['image_id'])}, which is the id of no image"
    return wrong or wrong_value(entry, "caption", is_text, "text")


def _coco_images(name: str, entries: Sequence[object], captions: _Captions) -> Annotations:
    first: dict[object, RowPlace] = {}
    for index, entry in enumerate(entries):
        place = RowPlace(name, f"row {index}")
        if not isinstance(entry, dict):
            yield place.problem(
                f"is {shown_value(entry)}; an image is an object with id and file_name"
            )
            continue
        image = _id_of(entry, "id")
        wrong = [
            wrong_value(entry, "id", _is_id, "a number or text, one for each image"),
            wrong_value(entry, "file_name", is_name, "a relative path"),
        ]
        if image is not None and first.setdefault(image, place) is not place:
            wrong.append(f"id is {shown_value(image)}, as that of {first[image]}")
        row: Entry = {"file_name": entry.get("file_name"), "image_id": image}
        yield from annotation_of(
            place,
            row,
            "file_name",
            tuple(captions.of_image.get(image, ())),
            wrong,
            whole=True,
            # What is wrong with its captions has been said.
            faulty=image in captions.faulty,
        )


def _is_id(value: object) -> bool:
    return is_count(value) or is_text(value)
