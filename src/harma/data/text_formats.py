"""Text annotations as rows: CSV, and a caption per line beside a file of image names."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harma.data.annotation_files import annotation_lines, annotation_text
from harma.data.row_values import is_name, shown_value
from harma.data.rows import Annotation, Problem, RowPlace
from harma.errors import ConfigError

Annotations = Iterator[Annotation | Problem]


# -- lines of text ---------------------------------------------------------------------------------

CAPTIONS_END = "_caps.txt"
IMAGES_END = "_filename.txt"


def read_caps(root: Path, names: Sequence[str], split: str) -> Annotations:
    """`NAME_caps.txt`, a caption per line, with `NAME_filename.txt`, the image of each line.

    Args:
        root: the folder of the files.
        names: of the files; see `caps_pairs`.
        split: not looked at: a file of this format holds one split.
    """
    for captions_name, images_name in caps_pairs(names):
        captions = annotation_lines(root, captions_name)
        images = annotation_lines(root, images_name)
        # Both are read before anything is said, so that one run names both.
        if isinstance(captions, Problem):
            yield captions
        if isinstance(images, Problem):
            yield images
        if isinstance(captions, list) and isinstance(images, list):
            yield from _pairs_of_lines(captions_name, captions, images_name, images)


def _pairs_of_lines(
    captions_name: str, captions: list[str], images_name: str, images: list[str]
) -> Annotations:
    if len(captions) != len(images):
        lengths = f"has {len(captions)} lines, {images_name} has {len(images)}"
        yield Problem(captions_name, "", f"{lengths}; their lines go in pairs")
        return
    for line_number, (caption, image) in enumerate(zip(captions, images, strict=True), start=1):
        line = f"line {line_number}"
        if is_name(image):
            yield Annotation(RowPlace(captions_name, line), image.strip(), (caption,))
        else:
            what = f"is {shown_value(image)}; it must name an image"
            yield Problem(images_name, line, what)


def caps_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of caption file and image file.

    Two that are listed one after the other are a pair; `NAME_caps.txt` alone has
    `NAME_filename.txt` for its partner.

    Raises:
        ConfigError: a file has no partner.
    """
    pairs: list[tuple[str, str]] = []
    left = list(names)
    while left:
        captions = left.pop(0)
        if left and not left[0].endswith(CAPTIONS_END):
            pairs.append((captions, left.pop(0)))
        elif captions.endswith(CAPTIONS_END):
            pairs.append((captions, captions.removesuffix(CAPTIONS_END) + IMAGES_END))
        else:
            raise ConfigError(
                f"format caps: {captions} has no file of image names; list it as [{captions},"
                " IMAGE_NAMES.txt], or call the two NAME_caps.txt and NAME_filename.txt"
            )
    return pairs


# -- CSV -------------------------------------------------------------------------------------------

# (image, caption), as each convention calls them.
CSV_COLUMNS = (("filename", "title"), ("image", "caption"))
LABEL_COLUMN = "label_name"


@dataclass(frozen=True)
class _Header:
    """The first line of a CSV file: all columns, and the two that are read."""

    columns: list[str]
    image: str
    caption: str


def read_csv(root: Path, names: Sequence[str], split: str) -> Annotations:
    """CSV with the columns `filename,title` or `image,caption`; a row per caption.

    A column `label_name` is read too, where there is one.

    Args:
        root: the folder of the files.
        names: of the files.
        split: not looked at: a file of this format holds one split.
    """
    for name in names:
        text = annotation_text(root, name)
        if isinstance(text, Problem):
            yield text
        else:
            yield from _csv_file(name, text)


def _csv_file(name: str, text: str) -> Annotations:
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, strict=True)
    try:
        header = _header(name, next(reader, []))
        if isinstance(header, Problem):
            yield header
            return
        previous_end = reader.line_num
        for fields in reader:
            # A quoted field may run over several lines: the row is where it starts.
            place = RowPlace(name, f"line {previous_end + 1}")
            previous_end = reader.line_num
            if fields:
                yield _csv_row(place, header, fields)
    except csv.Error as error:
        what = f"is not CSV ({error}); quotes inside a quoted field are doubled"
        yield Problem(name, f"line {reader.line_num}", what)


def _header(name: str, fields: list[str]) -> _Header | Problem:
    columns = [field.strip() for field in fields]
    pair = _image_and_caption(columns)
    if pair is None:
        needed = "the header must have filename,title or image,caption"
        return Problem(name, "line 1", f"is {shown_value(columns)}; {needed}")
    for column in columns:
        times = columns.count(column)
        # Which of two columns of one name is meant nobody can say.
        if times > 1 and column in (*pair, LABEL_COLUMN):
            return Problem(name, "line 1", f"has the column {column} {times} times; leave one")
    return _Header(columns, *pair)


def _csv_row(place: RowPlace, header: _Header, fields: list[str]) -> Annotation | Problem:
    if len(fields) != len(header.columns):
        lengths = f"has {len(fields)} fields, the header has {len(header.columns)}"
        return place.problem(f"{lengths}; put captions with commas in double quotes")
    entry = dict(zip(header.columns, fields, strict=True))
    image = entry[header.image]
    if not is_name(image):
        return place.problem(f"{header.image} is {shown_value(image)}; it must name an image")
    label_name = entry.get(LABEL_COLUMN) or None
    return Annotation(place, image.strip(), (entry[header.caption],), label_name=label_name)


def _image_and_caption(columns: list[str]) -> tuple[str, str] | None:
    return next((pair for pair in CSV_COLUMNS if set(pair) <= set(columns)), None)


def unread_columns(text: str) -> list[str]:
    """The columns of a CSV file that can be read, but for those that `read_csv` takes."""
    columns = [field.strip() for field in next(csv.reader(io.StringIO(text, newline="")), [])]
    taken = (*(_image_and_caption(columns) or ()), LABEL_COLUMN)
    return [column for column in columns if column not in taken]
