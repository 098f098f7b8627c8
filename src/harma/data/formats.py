"""Annotation files of every format as rows, with a problem for everything in them that cannot be used.

A reader takes (root, file names relative to it, split) and yields `Row` and `Problem`. It never
raises on what a file holds: `load_split` raises the first problem, `harma data check` shows them
all.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from harma.data.rows import Place, Problem, Row
from harma.errors import ConfigError

Rows = Iterator[Row | Problem]


# -- the original's JSON
# -----------------------------------------------------------------------------------------------


def read_harma(root: Path, names: Sequence[str], split: str) -> Rows:
    """The original's JSON (SPEC 3): a row per caption or a row per image, told apart by their captions."""
    for name in names:
        content = _read_json(root, name)
        if isinstance(content, Problem):
            yield content
        elif not isinstance(content, list):
            hint = "; for a Karpathy file write format: karpathy" if _is_karpathy(content) else ""
            yield Problem(
                name, "", f"holds {_shown(content)}; format harma is a list of rows{hint}"
            )
        elif not content:
            yield Problem(name, "", "holds no rows")
        else:
            captions = (entry.get("caption") for entry in content if isinstance(entry, dict))
            per_image = isinstance(
                next((c for c in captions if isinstance(c, str | list)), None), list
            )
            for number, entry in enumerate(content):
                yield from _harma_row(Place(name, f"row {number}"), entry, per_image)


def _harma_row(place: Place, entry: Any, per_image: bool) -> Rows:
    if not isinstance(entry, dict):
        yield place.problem(f"is {_shown(entry)}; a row is an object with image and caption")
        return
    wrong = [
        _wrong(entry, "image", _is_name, "a relative path"),
        *_wrong_classes(entry),
    ]
    if per_image:
        captions, bad = _captions(entry, "caption")
        wrong += bad
    else:
        captions = (entry["caption"],) if _is_text(entry.get("caption")) else ()
        wrong.append(_wrong(entry, "caption", _is_text, "text, as this file has a row per caption"))
    yield from _row_with_problems(place, entry, "image", captions, wrong, whole=per_image)


def _wrong_classes(entry: dict[str, Any]) -> list[str | None]:
    return [
        _wrong(entry, "image_id", _is_count, "a whole number, one for each image", optional=True),
        _wrong(entry, "label", _is_class, f"a whole number from 0 to {MAX_LABEL}", optional=True),
        _wrong(entry, "label_name", _is_text, "text", optional=True),
    ]


def _row_with_problems(
    place: Place,
    entry: dict[str, Any],
    key: str,
    captions: tuple[str, ...],
    wrong: Sequence[str | None],
    *,
    whole: bool,
) -> Rows:
    """The problems of a row, then what is left of it; nothing is if it does not even name an image."""
    found = [place.problem(what) for what in wrong if what]
    yield from found
    if _is_name(entry.get(key)):
        yield Row(
            place,
            entry[key],
            captions,
            whole=whole,
            faulty=bool(found),
            image_id=entry["image_id"] if _is_count(entry.get("image_id")) else None,
            label=entry["label"] if _is_class(entry.get("label")) else None,
            label_name=entry["label_name"] if _is_text(entry.get("label_name")) else None,
        )


# -- Karpathy's JSON
# ---------------------------------------------------------------------------------------------------

# Where each value of `split` in a Karpathy file belongs.
KARPATHY_SPLITS = {"train": "train", "restval": "train", "val": "val", "test": "test"}


def read_karpathy(root: Path, names: Sequence[str], split: str) -> Rows:
    """Karpathy's `dataset_*.json`: images with filename, split and sentences; restval belongs to train.

    The format has no classes; ours may stand in it as label, label_name and image_id (`harma data
    convert`).
    """
    for name in names:
        content = _read_json(root, name)
        if isinstance(content, Problem):
            yield content
        elif not _is_karpathy(content):
            yield Problem(
                name,
                "",
                f"holds {_shown(content)}; format karpathy is an object with a list of images",
            )
        else:
            for number, entry in enumerate(content["images"]):
                yield from _karpathy_row(Place(name, f"row {number}"), entry, split)


def _karpathy_row(place: Place, entry: Any, split: str) -> Rows:
    if not isinstance(entry, dict):
        yield place.problem(
            f"is {_shown(entry)}; a row is an object with filename, split and sentences"
        )
        return
    wrong = _wrong(
        entry,
        "split",
        lambda value: value in list(KARPATHY_SPLITS),
        f"one of {', '.join(KARPATHY_SPLITS)}",
    )
    if wrong:
        yield place.problem(wrong)
        return
    if KARPATHY_SPLITS[entry["split"]] != split:
        return
    problems = [
        _wrong(entry, "filename", _is_name, "a relative path"),
        _wrong(entry, "filepath", _is_text, "a folder", optional=True),
        _wrong(
            entry, "sentences", lambda value: isinstance(value, list), "a list of objects with raw"
        ),
        *_wrong_classes(entry),
    ]
    sentences = entry["sentences"] if isinstance(entry.get("sentences"), list) else []
    raw: list[Any] = [s.get("raw") if isinstance(s, dict) else s for s in sentences]
    problems += [
        f"sentences[{i}] has raw {_shown(r)}; it must be text"
        for i, r in enumerate(raw)
        if not _is_text(r)
    ]
    if _is_name(entry.get("filename")) and _is_name(entry.get("filepath")):
        entry = {**entry, "filename": f"{entry['filepath']}/{entry['filename']}"}
    yield from _row_with_problems(
        place, entry, "filename", tuple(r for r in raw if _is_text(r)), problems, whole=True
    )


def _is_karpathy(content: Any) -> bool:
    return isinstance(content, dict) and isinstance(content.get("images"), list)


# -- lines of text
# -----------------------------------------------------------------------------------------------------


def read_caps(root: Path, names: Sequence[str], split: str) -> Rows:
    """`NAME_caps.txt`, a caption per line, with `NAME_filename.txt`, the image of each line."""
    for captions_name, images_name in caps_pairs(names):
        captions, images = _read_lines(root, captions_name), _read_lines(root, images_name)
        unreadable = [content for content in (captions, images) if isinstance(content, Problem)]
        if isinstance(captions, Problem) or isinstance(images, Problem):
            yield from unreadable
        elif len(captions) != len(images):
            yield Problem(
                captions_name,
                "",
                f"has {len(captions)} lines, {images_name} has {len(images)}; their lines go in"
                " pairs",
            )
        else:
            for number, (caption, image) in enumerate(zip(captions, images, strict=True), start=1):
                if _is_name(image):
                    yield Row(Place(captions_name, f"line {number}"), image.strip(), (caption,))
                else:
                    yield Problem(
                        images_name, f"line {number}", f"is {_shown(image)}; it must name an image"
                    )


def caps_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of caption file and image file: as listed one after the other, or `NAME_filename.txt` for `NAME_caps.txt`.

    Raises:
        ConfigError: a file has no partner.
    """
    pairs: list[tuple[str, str]] = []
    left = list(names)
    while left:
        captions = left.pop(0)
        if left and not left[0].endswith("_caps.txt"):
            pairs.append((captions, left.pop(0)))
        elif captions.endswith("_caps.txt"):
            pairs.append((captions, captions.removesuffix("_caps.txt") + "_filename.txt"))
        else:
            raise ConfigError(
                f"format caps: {captions} has no file of image names; list it as [{captions},"
                " IMAGE_NAMES.txt], or call the two NAME_caps.txt and NAME_filename.txt"
            )
    return pairs


# -- CSV
# ---------------------------------------------------------------------------------------------------------------

CSV_COLUMNS = (("filename", "title"), ("image", "caption"))
LABEL = "label_name"


def read_csv(root: Path, names: Sequence[str], split: str) -> Rows:
    """CSV with the columns `filename,title` or `image,caption`, and optionally `label_name`; a row per caption."""
    for name in names:
        text = _read_text(root, name)
        if isinstance(text, Problem):
            yield text
            continue
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            yield from _csv_rows(name, reader)
        except csv.Error as error:
            yield Problem(
                name,
                f"line {reader.line_num}",
                f"is not CSV ({error}); quotes inside a quoted field are doubled",
            )


def _csv_rows(name: str, reader: Any) -> Rows:
    header = [column.strip() for column in next(reader, [])]
    columns = next((pair for pair in CSV_COLUMNS if set(pair) <= set(header)), None)
    if columns is None:
        yield Problem(
            name,
            "line 1",
            f"is {_shown(header)}; the header must have filename,title or image,caption",
        )
        return
    twice = [
        column
        for column in dict.fromkeys(header)
        if header.count(column) > 1 and column in (*columns, LABEL)
    ]
    if twice:
        yield Problem(
            name, "line 1", f"has the column {twice[0]} {header.count(twice[0])} times; leave one"
        )
        return
    before = reader.line_num
    for fields in reader:
        # A quoted field may run over several lines: the row is where it starts.
        place, before = Place(name, f"line {before + 1}"), reader.line_num
        if not fields:
            continue
        if len(fields) != len(header):
            yield place.problem(
                f"has {len(fields)} fields, the header has {len(header)}; put captions with commas"
                " in double quotes"
            )
            continue
        entry = dict(zip(header, fields, strict=True))
        image, caption = (entry[column] for column in columns)
        if not _is_name(image):
            yield place.problem(f"{columns[0]} is {_shown(image)}; it must name an image")
        else:
            yield Row(place, image.strip(), (caption,), label_name=entry.get(LABEL) or None)


def unread_columns(text: str) -> list[str]:
    """The columns of a CSV file that can be read, but for those that `read_csv` takes."""
    header = [column.strip() for column in next(csv.reader(io.StringIO(text, newline="")), [])]
    taken = next((pair for pair in CSV_COLUMNS if set(pair) <= set(header)), ())
    return [column for column in header if column not in (*taken, LABEL)]


READERS: dict[str, Callable[[Path, Sequence[str], str], Rows]] = {
    "harma": read_harma,
    "karpathy": read_karpathy,
    "caps": read_caps,
    "csv": read_csv,
}


# -- files and values
# --------------------------------------------------------------------------------------------------


def _read_text(root: Path, name: str) -> str | Problem:
    try:
        # A byte order mark, as some editors write, is no part of the text.
        return (root / name).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = f"line {error.object[: error.start].count(10) + 1}"
        return Problem(
            name,
            line,
            f"is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8",
        )
    except FileNotFoundError:
        return Problem(name, "", f"is not there; looked for {root / name}")
    except OSError as error:
        return Problem(name, "", f"cannot be read ({error.strerror})")


def _read_json(root: Path, name: str) -> Any | Problem:
    text = _read_text(root, name)
    if isinstance(text, Problem):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        return Problem(name, "", f"is not JSON ({error})")


def _read_lines(root: Path, name: str) -> list[str] | Problem:
    text = _read_text(root, name)
    if isinstance(text, Problem):
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def _captions(entry: dict[str, Any], key: str) -> tuple[tuple[str, ...], list[str | None]]:
    """The usable captions of a row per image, and what is wrong with the others."""
    value = entry.get(key)
    if not isinstance(value, list):
        return (), [
            _wrong(entry, key, lambda _: False, "a list of texts, as this file has a row per image")
        ]
    bad: list[str | None] = [
        f"{key}[{i}] is {_shown(item)}; it must be text"
        for i, item in enumerate(value)
        if not _is_text(item)
    ]
    return tuple(item for item in value if _is_text(item)), bad


def _wrong(
    entry: dict[str, Any],
    key: str,
    good: Callable[[Any], bool],
    needed: str,
    *,
    optional: bool = False,
) -> str | None:
    """What is wrong with a value of a row, or None."""
    if entry.get(key) is None and optional:
        return None
    if key not in entry:
        return f"{key} is missing; it must be {needed}"
    return None if good(entry[key]) else f"{key} is {_shown(entry[key])}; it must be {needed}"


def _shown(value: Any) -> str:
    """A value in a message: as JSON writes it, kinds in words, and not too long."""
    if isinstance(value, dict):
        return f"an object with {', '.join(list(value)[:5]) or 'nothing'}"
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


# Far above any number of classes; keeps a stray number from making a huge table of names.
MAX_LABEL = 99_999


def _is_text(value: Any) -> bool:
    """Text that can be encoded: JSON can hold halves of surrogate pairs, which tokenizers cannot read."""
    if not isinstance(value, str):
        return False
    try:
        return value.isascii() or bool(value.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def _is_name(value: Any) -> bool:
    return _is_text(value) and bool(value.strip()) and "\0" not in value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_class(value: Any) -> bool:
    return _is_count(value) and 0 <= value <= MAX_LABEL
