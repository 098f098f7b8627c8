"""From annotation files to a split: rows grouped by image, captions cleaned, everything checked once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harma.data.captions import clean_caption
from harma.data.description import DataDescription
from harma.data.formats import READERS, Problem, Row
from harma.data.split import Split
from harma.errors import ConfigError, DataError, MissingFileError

EmptyCaptions = Literal["error", "drop"]


@dataclass
class _Image:
    """One image while rows are gathered."""

    row: Row
    captions: list[str] = field(default_factory=list)


def load_split(
    description: DataDescription,
    split: str,
    root: str | Path,
    *,
    images: str | Path | None = None,
    empty_captions: EmptyCaptions = "error",
    max_words: int = 30,
    check_files: bool = True,
) -> Split:
    """Read a split.

    Args:
        description: the data set.
        split: "train", "val" or "test".
        root: the folder its files are in.
        images: the image folder, if not where the description says.
        empty_captions: "error", or "drop" to drop and list captions that are empty after cleaning.
        max_words: words kept of each caption.
        check_files: see that every image file is there.

    Raises:
        MissingFileError: the root, or image files, are not there.
        DataError: a row cannot be used; the message names the first and says how many there are.
        ConfigError: `empty_captions` is unknown.
    """
    found, problems = read_split(
        description, split, root, images=images, empty_captions=empty_captions, max_words=max_words
    )
    if problems:
        more = f" (and {len(problems) - 1} more problems: run `harma data check`)" if len(problems) > 1 else ""
        raise DataError(f"{problems[0]}{more}")
    if check_files:
        _check_files(found)
    return found


def read_split(
    description: DataDescription,
    split: str,
    root: str | Path,
    *,
    images: str | Path | None = None,
    empty_captions: EmptyCaptions = "error",
    max_words: int = 30,
) -> tuple[Split, list[Problem]]:
    """As `load_split`, with every problem in a list and without looking at image files."""
    if empty_captions not in ("error", "drop"):
        raise ConfigError(f"empty_captions is {empty_captions!r}; allowed are error, drop")
    root = Path(root)
    if not root.is_dir():
        raise MissingFileError(
            f"the data root {root} is not a folder; it must hold {', '.join(description.files(split))}"
        )
    rows: list[Row] = []
    problems: list[Problem] = []
    for item in READERS[description.format]([root / name for name in description.files(split)], split):
        (problems if isinstance(item, Problem) else rows).append(item)  # type: ignore[arg-type]
    dropped: list[str] = []
    gathered = _gather(rows, max_words, empty_captions, problems, dropped)
    if not gathered and not problems:
        problems.append(Problem(", ".join(description.files(split)), "", f"holds no {split} images"))
    return _split(
        split, gathered, dropped, (Path(images) if images is not None else root / description.images)
    ), problems


def _gather(
    rows: list[Row], max_words: int, empty_captions: EmptyCaptions, problems: list[Problem], dropped: list[str]
) -> list[_Image]:
    """Rows by image, in the order of first mention; empty captions go where the option says."""
    images: dict[tuple[str, str], _Image] = {}
    ids: dict[tuple[str, int | str], Row] = {}
    for row in rows:
        if wrong := _misplaced(row, ids):
            problems.append(Problem(row.file, row.row, wrong))
            continue
        image = images.setdefault((row.file, row.image), _Image(row))
        for text in row.captions:
            if caption := clean_caption(text, max_words):
                image.captions.append(caption)
                continue
            problem = Problem(row.file, row.row, f"caption {text!r} is empty after cleaning")
            if empty_captions == "drop":
                dropped.append(str(problem))
            else:
                problems.append(problem)
    kept = []
    for image in images.values():
        if image.captions:
            kept.append(image)
        elif empty_captions == "drop":
            dropped.append(f"{image.row.file} {image.row.row}: image {image.row.image} has no caption left")
    return kept


def _misplaced(row: Row, ids: dict[tuple[str, int | str], Row]) -> str | None:
    """What is wrong with where a row says its image is; remembers which image an id names."""
    if Path(row.image).is_absolute():
        return f"image {row.image} is absolute; name it relative to the images"
    if row.image_id is None:
        return None
    first = ids.setdefault((row.file, row.image_id), row)
    if first.image == row.image:
        return None
    return f"image_id {row.image_id} names {row.image}, but {first.image} in {first.row}"


def _split(name: str, images: list[_Image], dropped: list[str], root: Path) -> Split:
    root = root.absolute()
    labels, label_names = _labels([image.row for image in images])
    return Split(
        name=name,
        images=tuple(root / image.row.image for image in images),
        captions=tuple(caption for image in images for caption in image.captions),
        caption_to_image=np.repeat(np.arange(len(images)), [len(image.captions) for image in images]).astype(np.int64),
        labels=labels,
        label_names=label_names,
        image_sources=tuple(f"{image.row.file} {image.row.row}" for image in images),
        dropped=tuple(dropped),
        image_root=root,
    )


def _labels(rows: list[Row]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Class of each row: by name where all have one (several files may number them differently), else by number."""
    if rows and all(row.label_name is not None for row in rows):
        names = sorted({str(row.label_name) for row in rows})
        index = {name: i for i, name in enumerate(names)}
        return np.array([index[str(row.label_name)] for row in rows], dtype=np.int64), tuple(names)
    if rows and all(row.label is not None for row in rows):
        numbers = np.array([row.label for row in rows], dtype=np.int64)
        return numbers, tuple(str(i) for i in range(int(numbers.max()) + 1))
    return None, ()


def _check_files(split: Split) -> None:
    missing = [i for i, path in enumerate(split.images) if not path.is_file()]
    if missing:
        shown = "; ".join(f"{split.images[i]} ({split.image_sources[i]})" for i in missing[:5])
        raise MissingFileError(
            f"{len(missing)} of {split.num_images} {split.name} images are not there: {shown}; "
            "check data.root and data.images, or run `harma data check`"
        )
