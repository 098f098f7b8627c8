"""Loading a split: annotation files read, rows grouped by image, everything checked once.

The way of a caption: `load_split` reads files (formats), cleans captions (captions) and groups rows
by image (grouping) into a `Split`.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from harma.data.description import DataDescription
from harma.data.formats import ANNOTATION_READERS
from harma.data.grouping import GroupingRules, SplitReading, group_by_image
from harma.data.json_kinds import NWPU
from harma.data.nwpu_format import in_one_folder
from harma.data.ranges import reading_of_data
from harma.data.rows import Annotation, Problem
from harma.data.split import Split
from harma.data.webdataset_format import shards_of
from harma.errors import ConfigError, DataError, MissingFileError
from harma.ground.tar_members import is_there

logger = logging.getLogger(__name__)

# What is named of dropped captions and missing images; the rest is counted.
MOST_DROPPED_SHOWN = 5
MOST_MISSING_SHOWN = 5

WEBDATASET = "webdataset"
EmptyCaptions = Literal["error", "drop"]


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

    Rows that name the same image make one image of the split. With several files the key is (file,
    image), as in the original: an image that two files name is two images, which a warning says.

    Args:
        description: the data set.
        split: "train", "val" or "test".
        root: the folder its files are in.
        images: the image folder, if not where the description says.
        empty_captions: "error", or "drop" to drop and list captions that are empty after cleaning.
        max_words: words kept of each caption.
        check_files: see that every image file is there (not what is in it: that is
            `harma.curation.check`).

    Returns:
        The split, images in the order of the files.

    Raises:
        MissingFileError: the root, an annotation file or image files are not there.
        DataError: a row cannot be used; the message names the first, and how many more there are.
        ConfigError: the data set has no such split, or an option is unknown.
    """
    reading = read_split(
        description, split, root, images=images, empty_captions=empty_captions, max_words=max_words
    )
    # A file that is not there says more than the problem that it cannot be read.
    if reading.problems:
        _check_annotations_are_there(reading, description, Path(root))
        raise DataError(first_problem(reading))
    loaded = reading.split
    if check_files:
        _check_images_are_there(loaded)
        reading_of_images = reading_of_data(loaded, description.stretch, description.bands)
        loaded = replace(loaded, reading=reading_of_images)
    for path, place in reading.repeated:
        first = reading.places[path]
        logger.warning("%s: image %s is in %s too; it counts as two images", place, path, first)
    _log_dropped(loaded.dropped)
    return loaded


def read_split(
    description: DataDescription,
    split: str,
    root: str | Path,
    *,
    images: str | Path | None = None,
    empty_captions: EmptyCaptions = "error",
    max_words: int = 30,
) -> SplitReading:
    """As `load_split`, with all problems in a list, and without looking for image files.

    Raises:
        MissingFileError: the root is not there.
        ConfigError: the data set has no such split, or an option is unknown.
    """
    if empty_captions not in ("error", "drop"):
        raise ConfigError(f"empty_captions is {empty_captions!r}; allowed are error, drop")
    if max_words < 1:
        raise ConfigError(f"max_words is {max_words}; it must be 1 or more")
    root = Path(root)
    files = description.files(split)
    if not root.is_dir():
        raise MissingFileError(
            f"the data root {root} is not a folder; it must hold {', '.join(files)}"
        )
    if description.format == WEBDATASET:
        # Named one by one from here on, so that problems and missing files are.
        files = shards_of(root, files)
    folder = image_folder(description, root, images)
    # A generator: nothing is read before the rows are grouped.
    rows = annotation_rows(description, root, files, split, folder)
    rules = GroupingRules(
        image_root=folder,
        max_words=max_words,
        drop_empty=empty_captions == "drop",
    )
    return group_by_image(rows, rules, split=split, files=files)


def annotation_rows(
    description: DataDescription, root: Path, files: Sequence[str], split: str, folder: Path
) -> Iterator[Annotation | Problem]:
    """What the annotation files of a split say, row by row.

    Args:
        description: the data set.
        root: the folder its files are in.
        files: those of the split, shards one by one.
        split: "train", "val" or "test".
        folder: of the images.
    """
    rows = ANNOTATION_READERS[description.format](root, files, split)
    if description.format == NWPU:
        return in_one_folder(rows, folder)
    return rows


def image_folder(
    description: DataDescription, root: Path, images: str | Path | None = None
) -> Path:
    """The absolute image folder of a data set: as given, else where the description says."""
    folder = root / description.images
    if description.format == WEBDATASET:
        # Images lie in the annotation files themselves.
        folder = root
        if images is not None:
            raise ConfigError(
                f"images is {images}, but pictures of format webdataset lie in the shards; leave it"
                " out"
            )
    if images is not None:
        folder = Path(images)
    # Links stay as they are: names are compared as they are written.
    return Path(os.path.normpath(folder.absolute()))


def first_problem(reading: SplitReading) -> str:
    """The first problem of a reading that has some, and how many more there are."""
    message = str(reading.problems[0])
    num_more = len(reading.problems) - 1
    if num_more:
        message += f" ({num_more} more; `harma data check` lists them all)"
    return message


def _check_annotations_are_there(
    reading: SplitReading, description: DataDescription, root: Path
) -> None:
    """Raise if a file of the split is not there, and say where its data come from."""
    for name in reading.files:
        path = root / name
        if path.is_file():
            continue
        message = f"the {reading.split.name} annotations of {description.name} are not at {path}"
        if description.homepage:
            message += f"; get the data from {description.homepage}"
        raise MissingFileError(message)


def _check_images_are_there(split: Split) -> None:
    """Raise if image files of the split are not there; the message names the first."""
    # Before training: an image that is missing would end an epoch in its middle.
    missing = [index for index, path in enumerate(split.images) if not is_there(path)]
    if not missing:
        return
    image_names = split.image_names
    names = [
        f"{image_names[index]} ({split.image_sources[index]})"
        for index in missing[:MOST_MISSING_SHOWN]
    ]
    if len(missing) > MOST_MISSING_SHOWN:
        names.append("…")
    raise MissingFileError(
        f"{len(missing)} of {split.num_images} {split.name} images are not in"
        f" {split.image_root}: {', '.join(names)}; give the folder that image names are relative"
        " to with `images`, or run `harma data check` for the whole list"
    )


def _log_dropped(messages: tuple[str, ...]) -> None:
    for message in messages[:MOST_DROPPED_SHOWN]:
        logger.info("dropped: %s", message)
    rest = messages[MOST_DROPPED_SHOWN:]
    if rest:
        logger.info(
            "dropped: %d more captions; `harma data check` counts and HARMA_LOG=DEBUG lists all",
            len(rest),
        )
    for message in rest:
        logger.debug("dropped: %s", message)
