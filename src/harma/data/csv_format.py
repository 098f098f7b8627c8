"""CSV and TSV annotations as rows: open_clip's and SkyScript's `filepath,title`, `image,caption`.

Columns may be called as any of the usual tools call them, and be separated by commas, tabs,
semicolons or bars: the header says which.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harma.data.annotation_files import annotation_text
from harma.data.row_values import is_name, shown_value
from harma.data.rows import Annotation, Problem, RowPlace

Annotations = Iterator[Annotation | Problem]

# (image, caption) as conventions call them: a file with one of these pairs is of that convention,
# whatever other columns it has.
CSV_COLUMNS = (
    ("filename", "title"),  # HarMA's own
    ("filepath", "title"),  # open_clip, SkyScript
    ("image", "caption"),
    ("image_path", "caption"),
    ("image_name", "comment"),  # Flickr30k
)
# Else the only column of each of these names.
IMAGE_NAMES = (
    *("filename", "filepath", "file_name", "file_path", "file", "path"),
    *("image", "image_path", "image_name", "img", "img_path"),
)
CAPTION_NAMES = ("title", "caption", "text", "sentence", "description", "comment")
# Lists for downloaders: where an image is, and no name of a file.
ADDRESS_NAMES = ("url", "image_url")
LABEL_COLUMN = "label_name"
SEPARATORS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class _Header:
    """The first line of a CSV file: all columns, and the two that are read."""

    columns: list[str]
    image: str
    caption: str


def read_csv(root: Path, names: Sequence[str], split: str) -> Annotations:
    """CSV with a column of image files and one of captions; a row per caption.

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
    reader = csv.reader(lines, delimiter=separator_of(text), strict=True)
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


def separator_of(text: str) -> str:
    """What stands between the columns: the first of `SEPARATORS` that gives a usable header."""
    first_line = text.split("\n", 1)[0].rstrip("\r")
    for separator in SEPARATORS:
        columns = first_line.split(separator)
        if _image_and_caption([column.strip(' "') for column in columns]) is not None:
            return separator
    # None does: the one that a person would see, for the message.
    return max(SEPARATORS, key=first_line.count)


def _header(name: str, fields: list[str]) -> _Header | Problem:
    columns = [field.strip() for field in fields]
    pair = _image_and_caption(columns)
    if pair is None and columns and columns[0].startswith(("{", "[")):
        # A person looks for the format of JSON in the words of its readers.
        return Problem(
            name, "", "is JSON, not CSV; write format: harma, karpathy, coco or nwpu, as it is"
        )
    if pair is None:
        return Problem(name, "line 1", f"is {shown_value(columns)}; {_needed(columns)}")
    for column in columns:
        times = columns.count(column)
        # Which of two columns of one name is meant nobody can say.
        if times > 1 and column in (*pair, LABEL_COLUMN):
            return Problem(name, "line 1", f"has the column {column} {times} times; leave one")
    return _Header(columns, *pair)


def _needed(columns: list[str]) -> str:
    """What a header that cannot be used must have, and why this one does not."""
    needed = (
        "the header must have filename,title or image,caption (or filepath, image_path, text, … as"
        " open_clip and others call them)"
    )
    images = _named(columns, IMAGE_NAMES)
    captions = _named(columns, CAPTION_NAMES)
    for several, what in ((images, "the image"), (captions, "the caption")):
        if len(several) > 1:
            return f"{', '.join(several)} could each be {what}; {needed}: rename the others"
    if not images and _named(columns, ADDRESS_NAMES):
        return (
            f"{needed}; addresses of images are not read: download them (img2dataset does), and"
            " name the files"
        )
    return needed


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
    """The columns that are read, as they are spelt; None where they cannot be told."""
    for image, caption in CSV_COLUMNS:
        if image in columns and caption in columns:
            return image, caption
    images = _named(columns, IMAGE_NAMES)
    captions = _named(columns, CAPTION_NAMES)
    if len(set(images)) != 1 or len(set(captions)) != 1:
        return None
    return images[0], captions[0]


def _named(columns: list[str], names: Sequence[str]) -> list[str]:
    return [column for column in dict.fromkeys(columns) if column.lower() in names]


def unread_columns(text: str) -> list[str]:
    """The columns of a CSV file that can be read, but for those that `read_csv` takes."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text))
    columns = [field.strip() for field in next(reader, [])]
    taken = (*(_image_and_caption(columns) or ()), LABEL_COLUMN)
    return [column for column in columns if column not in taken]
