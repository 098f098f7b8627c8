"""From annotation files to a split: rows grouped by image, captions cleaned, everything checked once."""

import logging
import os
from pathlib import Path
from typing import Literal

from harma.data.description import DataDescription
from harma.data.formats import READERS
from harma.data.grouping import Grouping, Reading
from harma.data.rows import Problem
from harma.data.split import Split
from harma.errors import ConfigError, DataError, MissingFileError

logger = logging.getLogger(__name__)

SHOWN = 5  # dropped captions that are named; the rest is counted

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
    for name in description.files(split):
        if Path(root).is_dir() and not (Path(root) / name).is_file():
            hint = f"; get the data from {description.homepage}" if description.homepage else ""
            raise MissingFileError(
                f"the {split} annotations of {description.name} are not at"
                f" {Path(root) / name}{hint}"
            )
    reading = read_split(
        description, split, root, images=images, empty_captions=empty_captions, max_words=max_words
    )
    if reading.problems:
        first, more = reading.problems[0], len(reading.problems) - 1
        raise DataError(
            f"{first}{f' ({more} more; `harma data check` lists them all)' if more else ''}"
        )
    if check_files:
        _check_files(reading.split)
    for path, place in reading.repeated:
        logger.warning(
            "%s: image %s is in %s too; it counts as two images", place, path, reading.places[path]
        )
    dropped = reading.split.dropped
    for message in dropped[:SHOWN]:
        logger.info("dropped: %s", message)
    if len(dropped) > SHOWN:
        logger.info(
            "dropped: %d more captions; `harma data check` counts and HARMA_LOG=DEBUG lists all",
            len(dropped) - SHOWN,
        )
        for message in dropped[SHOWN:]:
            logger.debug("dropped: %s", message)
    return reading.split


def read_split(
    description: DataDescription,
    split: str,
    root: str | Path,
    *,
    images: str | Path | None = None,
    empty_captions: EmptyCaptions = "error",
    max_words: int = 30,
) -> Reading:
    """As `load_split`, with all problems in a list, and without looking for image files.

    Raises:
        MissingFileError: the root is not there.
        ConfigError: the data set has no such split, or an option is unknown.
    """
    if empty_captions not in ("error", "drop"):
        raise ConfigError(f"empty_captions is {empty_captions!r}; allowed are error, drop")
    if max_words < 1:
        raise ConfigError(f"max_words is {max_words}; it must be 1 or more")
    names, root = description.files(split), Path(root)
    if not root.is_dir():
        raise MissingFileError(
            f"the data root {root} is not a folder; it must hold {', '.join(names)}"
        )
    image_root = Path(
        os.path.normpath((root / description.images if images is None else Path(images)).absolute())
    )
    grouping = Grouping(image_root, max_words, drop_empty=empty_captions == "drop")
    for item in READERS[description.format](root, names, split):
        if isinstance(item, Problem):
            grouping.problems.append(item)
        else:
            grouping.add(item)
    return grouping.finish(split, names)


def _check_files(split: Split) -> None:
    missing = [index for index, path in enumerate(split.images) if not path.is_file()]
    if missing:
        shown = ", ".join(f"{split.image_names[i]} ({split.image_sources[i]})" for i in missing[:5])
        raise MissingFileError(
            f"{len(missing)} of {split.num_images} {split.name} images are not in"
            f" {split.image_root}: {shown}{', …' if len(missing) > 5 else ''}; give the folder that"
            " image names are relative to with `images`, or run `harma data check` for the whole"
            " list"
        )
