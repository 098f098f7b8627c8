"""Annotations written in every format of SPEC 3, so that readers give back what was written."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence

from harma.curation.raw import RawImage

Images = Mapping[str, Sequence[RawImage]]
"""Split → its images."""

LONGEST_FIELD = 131_072
"""Characters of a CSV field that Python's reader takes."""

JsonRow = dict[str, object]


# -- JSON ------------------------------------------------------------------------------------------


def harma_files(splits: Images, name: str) -> dict[str, str]:
    """The original's JSON: train with a row per caption, val and test with a row per image.

    A train image without captions has no place in a row per caption: then train has a row per image
    too.
    """
    files = {}
    for split, images in splits.items():
        if split == "train" and all(image.captions for image in images):
            rows = _rows_per_caption(images)
        else:
            rows = [
                {"image": image.name, "caption": list(image.captions), **_classes(image)}
                for image in images
            ]
        files[f"{split}.json"] = _json(rows)
    return files


def _rows_per_caption(images: Sequence[RawImage]) -> list[JsonRow]:
    rows: list[JsonRow] = []
    has_ids = any(image.image_id is not None for image in images)
    for image_id, image in enumerate(images):
        classes = _classes(image)
        if not has_ids:
            # The original needs an image_id in train.
            classes = {"image_id": image_id, **classes}
        rows += [{"caption": caption, "image": image.name, **classes} for caption in image.captions]
    return rows


def karpathy_files(splits: Images, name: str) -> dict[str, str]:
    """Karpathy's JSON, one file for all splits; classes stand in it under our own keys."""
    entries: list[JsonRow] = []
    num_sentences = 0
    for split, images in splits.items():
        # One file holds all splits: numbers run through.
        for image in images:
            entries.append(_karpathy_entry(image, split, len(entries), num_sentences))
            num_sentences += len(image.captions)
    return {f"dataset_{name}.json": _json({"images": entries, "dataset": name})}


def _karpathy_entry(image: RawImage, split: str, image_id: int, first_sentence: int) -> JsonRow:
    """An image of Karpathy's form; images and sentences are numbered through the file."""
    sentences = [
        {
            "raw": caption,
            "tokens": caption.lower().split(),
            "imgid": image_id,
            "sentid": sentence,
        }
        for sentence, caption in enumerate(image.captions, first_sentence)
    ]
    return {
        "filename": image.name,
        "imgid": image_id,
        "split": split,
        "sentids": [sentence["sentid"] for sentence in sentences],
        "sentences": sentences,
        **_classes(image),
    }


def _classes(image: RawImage) -> JsonRow:
    values = {"image_id": image.image_id, "label": image.label, "label_name": image.label_name}
    return {key: value for key, value in values.items() if value is not None}


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


# -- text ------------------------------------------------------------------------------------------


def caps_files(splits: Images, name: str) -> dict[str, str]:
    """A caption per line, and the image of each."""
    files = {}
    for split, images in splits.items():
        captions: list[str] = []
        names: list[str] = []
        for image in images:
            captions += [_one_line(caption) for caption in image.captions]
            names += [image.name] * len(image.captions)
        files[f"{split}_caps.txt"] = _lines(captions)
        files[f"{split}_filename.txt"] = _lines(names)
    return files


def _lines(lines: Sequence[str]) -> str:
    text = "".join(f"{line}\n" for line in lines)
    # A reader takes a first byte order mark away: of a text that begins with one, one more.
    if text.startswith("\ufeff"):
        return f"\ufeff{text}"
    return text


def _one_line(text: str) -> str:
    return text.replace("\r\n", " ").replace("\n", " ").rstrip("\r")


def csv_files(splits: Images, name: str) -> dict[str, str]:
    """CSV, a row per caption; `label_name` is a column where an image has one."""
    has_labels = any(image.label_name is not None for image in _all_images(splits))
    header = ["filename", "title"]
    if has_labels:
        header.append("label_name")
    files = {}
    for split, images in splits.items():
        buffer = io.StringIO(newline="")
        # With this line end, fields with either of its characters are quoted.
        writer = csv.writer(buffer, lineterminator="\r\n")
        writer.writerow(header)
        for image in images:
            label = [image.label_name or ""]
            if not has_labels:
                label = []
            writer.writerows([image.name, caption, *label] for caption in image.captions)
        files[f"{split}.csv"] = buffer.getvalue()
    return files


def _all_images(splits: Images) -> list[RawImage]:
    images: list[RawImage] = []
    for of_split in splits.values():
        images += of_split
    return images


# Format → (split → images, name of the data set) → name of a file → its text.
ANNOTATION_WRITERS: dict[str, Callable[[Images, str], dict[str, str]]] = {
    "harma": harma_files,
    "karpathy": karpathy_files,
    "caps": caps_files,
    "csv": csv_files,
}


# -- what a format cannot hold ---------------------------------------------------------------------

Lost = Callable[[RawImage], bool]

_LOST_AS_TEXT: tuple[tuple[str, Lost], ...] = (
    ("images without captions", lambda image: not image.captions),
    ("image ids", lambda image: image.image_id is not None),
    ("numbers of labels", lambda image: image.label is not None),
)
# Format → what is lost of an image, in words, and whether it is.
LOST: dict[str, tuple[tuple[str, Lost], ...]] = {
    "harma": (),
    "karpathy": (),
    "caps": (
        *_LOST_AS_TEXT,
        ("names of labels", lambda image: image.label_name is not None),
        (
            "line breaks in captions (they become spaces), of images",
            lambda image: any(_one_line(caption) != caption for caption in image.captions),
        ),
    ),
    "csv": (
        *_LOST_AS_TEXT,
        ("names of labels that are empty", lambda image: image.label_name == ""),
    ),
}


def losses(form: str, splits: Images) -> list[str]:
    """What a format cannot hold, a message each; nothing of it stops writing."""
    messages = []
    images = _all_images(splits)
    for what, is_lost in LOST[form]:
        names = [image.name for image in images if is_lost(image)]
        if names:
            messages.append(f"{what}: {len(names):,}, the first of {names[0]!r}")
    return messages


def unwritable(form: str, splits: Images) -> list[str]:
    """What no reader of the format would give back, a message each."""
    messages = []
    for split, images in splits.items():
        for image in images:
            why = _why_unwritable(form, image)
            if why is not None:
                messages.append(f"{split} image {image.name!r}: {why}")
    return messages


def _why_unwritable(form: str, image: RawImage) -> str | None:
    if form not in ("caps", "csv"):
        return None
    # Readers of text take the spaces around names away.
    if image.name != image.name.strip():
        return f"format {form} has no names with spaces around them"
    if form == "caps" and "\n" in image.name:
        return "format caps has no names with line breaks"
    longest = max(map(len, image.captions), default=0)
    if form == "csv" and longest > LONGEST_FIELD:
        return f"a caption is longer than {LONGEST_FIELD:,} characters"
    return None
