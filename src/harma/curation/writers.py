"""Annotation files of every format of SPEC 3, written so that their readers give back what was written."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harma.curation.raw import RawImage

Images = Mapping[str, Sequence[RawImage]]
"""Split → its images."""

LONGEST_FIELD = 131_072
"""Characters of a CSV field that Python's reader takes."""


def _classes(image: RawImage) -> dict[str, Any]:
    values = {"image_id": image.image_id, "label": image.label, "label_name": image.label_name}
    return {key: value for key, value in values.items() if value is not None}


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def write_harma(splits: Images, name: str) -> dict[str, str]:
    """The original's JSON: train with a row per caption, val and test with a row per image.

    A train image without captions has no place in a row per caption: then train has a row per image
    too.
    """
    files = {}
    for split, images in splits.items():
        if split == "train" and all(image.captions for image in images):
            rows: list[Any] = [
                # The original needs an image_id in train.
                {
                    "caption": caption,
                    "image": image.name,
                    **({} if _numbered(images) else {"image_id": number}),
                    **_classes(image),
                }
                for number, image in enumerate(images)
                for caption in image.captions
            ]
        else:
            rows = [
                {"image": image.name, "caption": list(image.captions), **_classes(image)}
                for image in images
            ]
        files[f"{split}.json"] = _json(rows)
    return files


def _numbered(images: Sequence[RawImage]) -> bool:
    return any(image.image_id is not None for image in images)


def write_karpathy(splits: Images, name: str) -> dict[str, str]:
    """Karpathy's JSON, one file for all splits; classes stand in it under our own keys."""
    entries: list[dict[str, Any]] = []
    sentence = 0
    for split, images in splits.items():
        for image in images:
            ids = list(range(sentence, sentence + len(image.captions)))
            sentence += len(ids)
            entries.append(
                {
                    "filename": image.name,
                    "imgid": len(entries),
                    "split": split,
                    "sentids": ids,
                    "sentences": [
                        {
                            "raw": caption,
                            "tokens": caption.lower().split(),
                            "imgid": len(entries),
                            "sentid": number,
                        }
                        for number, caption in zip(ids, image.captions, strict=True)
                    ],
                    **_classes(image),
                }
            )
    return {f"dataset_{name}.json": _json({"images": entries, "dataset": name})}


def write_caps(splits: Images, name: str) -> dict[str, str]:
    """A caption per line, and the image of each."""
    files = {}
    for split, images in splits.items():
        pairs = [(_one_line(caption), image.name) for image in images for caption in image.captions]
        files[f"{split}_caps.txt"] = _lines([caption for caption, _ in pairs])
        files[f"{split}_filename.txt"] = _lines([image for _, image in pairs])
    return files


def _lines(lines: Sequence[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    # A reader takes a first byte order mark away: of a text that begins with one, one more.
    return f"\ufeff{text}" if text.startswith("\ufeff") else text


def _one_line(text: str) -> str:
    return text.replace("\r\n", " ").replace("\n", " ").rstrip("\r")


def write_csv(splits: Images, name: str) -> dict[str, str]:
    """CSV, a row per caption; `label_name` is a column where an image has one."""
    labelled = any(image.label_name is not None for images in splits.values() for image in images)
    files = {}
    for split, images in splits.items():
        buffer = io.StringIO(newline="")
        # With this line end, fields with either of its characters are quoted.
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerow(["filename", "title", *(["label_name"] if labelled else [])])
        for image in images:
            label = [image.label_name or ""] if labelled else []
            writer.writerows([image.name, caption, *label] for caption in image.captions)
        files[f"{split}.csv"] = buffer.getvalue()
    return files


WRITERS: dict[str, Callable[[Images, str], dict[str, str]]] = {
    "harma": write_harma,
    "karpathy": write_karpathy,
    "caps": write_caps,
    "csv": write_csv,
}


def losses(form: str, splits: Images) -> list[str]:
    """What a format cannot hold, a message each; nothing of it stops writing."""
    images = [image for own in splits.values() for image in own]
    found = []
    if form in ("caps", "csv"):
        found += [
            _counted(images, lambda image: not image.captions, "images without captions"),
            _counted(images, lambda image: image.image_id is not None, "image ids"),
            _counted(images, lambda image: image.label is not None, "numbers of labels"),
        ]
    if form == "csv":
        found.append(
            _counted(images, lambda image: image.label_name == "", "names of labels that are empty")
        )
    if form == "caps":
        found += [
            _counted(images, lambda image: image.label_name is not None, "names of labels"),
            _counted(
                images,
                lambda image: any(_one_line(c) != c for c in image.captions),
                "line breaks in captions (they become spaces), of images",
            ),
        ]
    return [message for message in found if message]


def _counted(images: Sequence[RawImage], lost: Callable[[RawImage], bool], what: str) -> str:
    names = [image.name for image in images if lost(image)]
    return f"{what}: {len(names):,}, the first of {names[0]!r}" if names else ""


def unwritable(form: str, splits: Images) -> list[str]:
    """What no reader of the format would give back, a message each."""
    found = []
    for split, images in splits.items():
        for image in images:
            # Readers of text take the spaces around names away.
            if form in ("caps", "csv") and image.name != image.name.strip():
                found.append(
                    f"{split} image {image.name!r}: format {form} has no names with spaces around"
                    " them"
                )
            elif form == "caps" and "\n" in image.name:
                found.append(
                    f"{split} image {image.name!r}: format caps has no names with line breaks"
                )
            elif form == "csv" and any(len(caption) > LONGEST_FIELD for caption in image.captions):
                found.append(
                    f"{split} image {image.name!r}: a caption is longer than {LONGEST_FIELD:,}"
                    " characters"
                )
    return found
