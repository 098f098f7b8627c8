"""COCO captions as rows: `images` with id and file_name, `annotations` with image_id and caption.

A file holds one split, as captions_train2017.json and captions_val2017.json do.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harma.data.annotation_files import annotation_json
from harma.data.json_formats import annotation_of
from harma.data.json_kinds import COCO, is_image_file, other_format
from harma.data.row_values import Entry, is_count, is_name, is_text, shown_value, wrong_value
from harma.data.rows import Annotation, Problem, RowPlace

Annotations = Iterator[Annotation | Problem]
Captions = Mapping[object, Sequence[str]]
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


def _coco_file(name: str, content: object) -> Annotations:
    # Of another format, or instances and keypoints, which have annotations without captions.
    hint = other_format(content, COCO)
    annotations = content.get("annotations") if isinstance(content, dict) else None
    if hint or not is_image_file(content) or not isinstance(annotations, list):
        yield Problem(name, "", f"holds {shown_value(content)}; {NEEDED}{hint}")
        return
    ids = {
        entry["id"]
        for entry in content["images"]
        if isinstance(entry, dict) and _is_id(entry.get("id"))
    }
    captions: dict[object, list[str]] = {}
    faulty: set[object] = set()
    for index, entry in enumerate(annotations):
        wrong = _wrong_annotation(entry, ids)
        if wrong is not None:
            yield Problem(name, f"annotation {index}", wrong)
        if isinstance(entry, dict) and _is_id(entry.get("image_id")):
            image = entry["image_id"]
            if wrong is not None:
                faulty.add(image)
            else:
                captions.setdefault(image, []).append(entry["caption"])
    yield from _coco_images(name, content["images"], captions, faulty)


def _wrong_annotation(entry: object, ids: set[object]) -> str | None:
    """What is wrong with an annotation, or None."""
    if not isinstance(entry, dict):
        return f"is {shown_value(entry)}; an annotation is an object with image_id and caption"
    wrong = wrong_value(entry, "image_id", _is_id, "the id of one of the images")
    if wrong is None and entry["image_id"] not in ids:
        wrong = f"image_id is {shown_value(entry['image_id'])}, which is the id of no image"
    return wrong or wrong_value(entry, "caption", is_text, "text")


def _coco_images(
    name: str, entries: Sequence[object], captions: Captions, faulty: set[object]
) -> Annotations:
    first: dict[object, RowPlace] = {}
    for index, entry in enumerate(entries):
        place = RowPlace(name, f"row {index}")
        if not isinstance(entry, dict):
            yield place.problem(
                f"is {shown_value(entry)}; an image is an object with id and file_name"
            )
            continue
        image = entry.get("id")
        wrong = [
            wrong_value(entry, "id", _is_id, "a number or text, one for each image"),
            wrong_value(entry, "file_name", is_name, "a relative path"),
        ]
        if _is_id(image) and first.setdefault(image, place) is not place:
            wrong.append(f"id is {shown_value(image)}, as that of {first[image]}")
        of_image = tuple(captions.get(image, ())) if _is_id(image) else ()
        row: Entry = {"file_name": entry.get("file_name")}
        if is_count(image):
            row["image_id"] = image
        # What is wrong with its captions has been said.
        is_faulty = _is_id(image) and image in faulty
        yield from annotation_of(
            place, row, "file_name", of_image, wrong, whole=True, faulty=is_faulty
        )


def _is_id(value: object) -> bool:
    return is_count(value) or is_text(value)
