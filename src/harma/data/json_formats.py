"""JSON annotations as rows: the original HarMA's lists, and Karpathy's `dataset_*.json`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from harma.data.annotation_files import annotation_json
from harma.data.json_kinds import (
    HARMA,
    KARPATHY,
    is_image_file,
    json_format,
    other_format,
)
from harma.data.row_values import (
    Entry,
    is_class,
    is_count,
    is_name,
    is_text,
    shown_value,
    wrong_classes,
    wrong_value,
)
from harma.data.rows import Annotation, Problem, RowPlace

Annotations = Iterator[Annotation | Problem]

# Where each value of `split` in a Karpathy file belongs.
KARPATHY_SPLITS = {"train": "train", "restval": "train", "val": "val", "test": "test"}


def read_harma(root: Path, names: Sequence[str], split: str) -> Annotations:
    """The original's JSON (SPEC 3): a row per caption or per image, told apart by their captions.

    Args:
        root: the folder of the files.
        names: of the files.
        split: not looked at: a file of this format holds one split.
    """
    for name in names:
        content = annotation_json(root, name)
        if isinstance(content, Problem):
            yield content
        elif not isinstance(content, list):
            hint = other_format(content, HARMA)
            shown = shown_value(content)
            yield Problem(name, "", f"holds {shown}; format harma is a list of rows{hint}")
        elif not content:
            yield Problem(name, "", "holds no rows")
        else:
            yield from _harma_rows(name, content)


def _harma_rows(name: str, entries: list[object]) -> Annotations:
    # Decided once for a file: a row of the other kind is a mistake, not a mixture.
    per_image = _has_a_row_per_image(entries)
    for index, entry in enumerate(entries):
        place = RowPlace(name, f"row {index}")
        if isinstance(entry, dict):
            yield from _harma_row(place, entry, per_image)
        else:
            yield place.problem(
                f"is {shown_value(entry)}; a row is an object with image and caption"
            )


def _has_a_row_per_image(entries: list[object]) -> bool:
    """The first caption that is of either kind decides for the whole file."""
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("caption"), str | list):
            return isinstance(entry["caption"], list)
    return False


def _harma_row(place: RowPlace, entry: Entry, per_image: bool) -> Annotations:
    wrong = [wrong_value(entry, "image", is_name, "a relative path"), *wrong_classes(entry)]
    captions: tuple[str, ...] = ()
    caption = entry.get("caption")
    if per_image:
        captions, wrong_captions = _captions(entry)
        wrong += wrong_captions
    else:
        needed = "text, as this file has a row per caption"
        wrong.append(wrong_value(entry, "caption", is_text, needed))
        if is_text(caption):
            captions = (caption,)
    yield from annotation_of(place, entry, "image", captions, wrong, whole=per_image)


def _captions(entry: Entry) -> tuple[tuple[str, ...], list[str | None]]:
    """The usable captions of a row per image, and what is wrong with the others."""
    captions = entry.get("caption")
    if not isinstance(captions, list):
        needed = "a list of texts, as this file has a row per image"
        return (), [wrong_value(entry, "caption", _is_list, needed)]
    wrong: list[str | None] = [
        f"caption[{index}] is {shown_value(caption)}; it must be text"
        for index, caption in enumerate(captions)
        if not is_text(caption)
    ]
    return tuple(filter(is_text, captions)), wrong


def read_karpathy(root: Path, names: Sequence[str], split: str) -> Annotations:
    """Karpathy's JSON: images with filename, split and sentences; restval belongs to train.

    The format has no classes; ours may stand in it as label, label_name and image_id (`harma data
    convert`).
    """
    for name in names:
        content = annotation_json(root, name)
        if isinstance(content, Problem):
            yield content
        elif not is_image_file(content) or json_format(content) != KARPATHY:
            what = f"holds {shown_value(content)}"
            needed = "format karpathy is an object with a list of images"
            yield Problem(name, "", f"{what}; {needed}{other_format(content, KARPATHY)}")
        else:
            for index, entry in enumerate(content["images"]):
                yield from _karpathy_entry(RowPlace(name, f"row {index}"), entry, split)


def _karpathy_entry(place: RowPlace, entry: object, split: str) -> Annotations:
    """An entry of the split that is asked for; the split of every entry must be right."""
    if not isinstance(entry, dict):
        needed = "a row is an object with filename, split and sentences"
        yield place.problem(f"is {shown_value(entry)}; {needed}")
        return
    wrong = wrong_value(entry, "split", _is_karpathy_split, f"one of {', '.join(KARPATHY_SPLITS)}")
    if wrong:
        yield place.problem(wrong)
    # The file holds all splits; those not asked for are passed over unread.
    elif KARPATHY_SPLITS[entry["split"]] == split:
        yield from _karpathy_row(place, entry)


def _karpathy_row(place: RowPlace, entry: Entry) -> Annotations:
    wrong = [
        wrong_value(entry, "filename", is_name, "a relative path"),
        wrong_value(entry, "filepath", is_text, "a folder", optional=True),
        wrong_value(entry, "sentences", _is_list, "a list of objects with raw"),
        *wrong_classes(entry),
    ]
    captions = []
    for index, raw in enumerate(_raw_sentences(entry)):
        if is_text(raw):
            captions.append(raw)
        else:
            wrong.append(f"sentences[{index}] has raw {shown_value(raw)}; it must be text")
    # Some of these files name the folder of an image apart.
    folder = entry.get("filepath")
    if is_name(entry.get("filename")) and is_name(folder):
        entry = {**entry, "filename": f"{folder}/{entry['filename']}"}
    yield from annotation_of(place, entry, "filename", tuple(captions), wrong, whole=True)


def _raw_sentences(entry: Entry) -> list[object]:
    """The sentences as they are written: each an object with raw, or the text alone."""
    sentences = entry.get("sentences")
    if not isinstance(sentences, list):
        return []
    return [
        sentence.get("raw") if isinstance(sentence, dict) else sentence for sentence in sentences
    ]


def _is_karpathy_split(value: object) -> bool:
    return isinstance(value, str) and value in KARPATHY_SPLITS


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def annotation_of(
    place: RowPlace,
    entry: Entry,
    image_key: str,
    captions: tuple[str, ...],
    wrong: Sequence[str | None],
    *,
    whole: bool,
    faulty: bool = False,
) -> Annotations:
    """The problems of a row, then what is left of it; nothing is if it does not name an image.

    Args:
        place: the row.
        entry: its values.
        image_key: which of them names the image.
        captions: those that can be used.
        wrong: what is wrong with the others.
        whole: see `Annotation`.
        faulty: problems of its captions have been given already.
    """
    problems = [place.problem(what) for what in wrong if what]
    yield from problems
    # A faulty row still names its image: `harma data check` looks at the file too.
    image = entry.get(image_key)
    image_id = entry.get("image_id")
    label = entry.get("label")
    label_name = entry.get("label_name")
    if is_name(image):
        yield Annotation(
            place,
            image,
            captions,
            whole=whole,
            faulty=faulty or bool(problems),
            image_id=image_id if is_count(image_id) else None,
            label=label if is_class(label) else None,
            label_name=label_name if is_text(label_name) else None,
        )
