"""Rows of annotation files grouped by image, with what contradicts itself found."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harma.data.captions import clean_caption
from harma.data.rows import Place, Problem, Row
from harma.data.split import Split

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Reading:
    """What annotation files gave.

    Attributes:
        split: all that could be used.
        problems: all that could not.
        places: where each image was first named, those of faulty rows included; in the order of the
            files.
        repeated: images that a further file names, and where.
    """

    split: Split
    problems: tuple[Problem, ...]
    places: dict[Path, Place]
    repeated: tuple[tuple[Path, Place], ...] = ()


@dataclass
class _Image:
    """What is known of one image while rows are gathered."""

    name: str
    first: Row
    captions: list[str] = field(default_factory=list)
    faulty: bool = False


@dataclass
class Grouping:
    """Rows of a split grouped by image, in the order of first mention.

    Attributes:
        image_root: absolute folder of the images.
        max_words: words kept of each caption.
        drop_empty: drop and list empty captions; otherwise they are problems.
        problems: found so far, those of the reader included.
        dropped: what was dropped, a message each.
        images: by (file, path relative to the image root).
        ids: the row in which a file first used an image id.
    """

    image_root: Path
    max_words: int
    drop_empty: bool
    problems: list[Problem] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    images: dict[tuple[str, str], _Image] = field(default_factory=dict)
    ids: dict[tuple[str, int], Row] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Take a row in, or note why not."""
        name = self._name(row)
        if name is None:
            return
        key = (row.place.file, name)
        wrong = self._contradiction(row, name, self.images.get(key))
        if wrong:
            self.problems.append(row.place.problem(wrong))
        image = self.images.setdefault(key, _Image(name, row))
        image.faulty |= row.faulty or bool(wrong)
        if not wrong:
            image.captions += self._cleaned(row)

    def _name(self, row: Row) -> str | None:
        """The image's path relative to the image root, in one spelling; a path that leaves it is a problem."""
        path = Path(os.path.normpath(self.image_root / row.image))
        if path != self.image_root and path.is_relative_to(self.image_root):
            return path.relative_to(self.image_root).as_posix()
        self.problems.append(
            row.place.problem(
                f"image {row.image!r} does not lie in the image folder {self.image_root}; name a"
                " folder with `images` that holds all of them, and the images relative to it"
            )
        )
        return None

    def _contradiction(self, row: Row, name: str, known: _Image | None) -> str | None:
        """How a row contradicts an earlier one of its file."""
        if row.image_id is not None:
            first = self.ids.setdefault((row.place.file, row.image_id), row)
            if os.path.normpath(first.image) != os.path.normpath(row.image):
                return (
                    f"image_id {row.image_id} names {row.image!r} here, but {first.image!r} in"
                    f" {first.place}"
                )
        if known is None:
            return None
        if row.whole:
            return (
                f"image {name!r} is in {known.first.place} too; give an image one row with all of"
                " its captions"
            )
        for what in ("image_id", "label", "label_name"):
            here, before = getattr(row, what), getattr(known.first, what)
            if here is not None and before is not None and here != before:
                return (
                    f"image {name!r} has {what} {here!r} here, but {before!r} in"
                    f" {known.first.place}"
                )
        return None

    def _cleaned(self, row: Row) -> list[str]:
        """The row's captions, cleaned; empty ones are problems or dropped."""
        cleaned = []
        for text in row.captions:
            if caption := clean_caption(text, self.max_words):
                cleaned.append(caption)
            elif self.drop_empty:
                self.dropped.append(f"{row.place}: caption {text!r} is empty after cleaning")
            else:
                self.problems.append(
                    row.place.problem(
                        f"caption {text!r} is empty after cleaning; correct it, or drop such"
                        " captions with empty_captions: drop"
                    )
                )
        if not row.captions and not row.faulty and not self.drop_empty:
            self.problems.append(
                row.place.problem(
                    f"image {row.image!r} has no caption; give it one, or drop such images with"
                    " empty_captions: drop"
                )
            )
        return cleaned

    def finish(self, split: str, names: Sequence[str]) -> Reading:
        """The split of all images that have captions."""
        kept = [image for image in self.images.values() if image.captions]
        if self.drop_empty:
            self.dropped += [
                f"{image.first.place}: image {image.name!r} has no caption left"
                for image in self.images.values()
                if not image.captions and not image.faulty
            ]
        if not kept and not self.problems:
            self.problems.append(
                Problem(", ".join(names), "", f"no image of split {split} has a caption")
            )
        places: dict[Path, Place] = {}
        repeated = []
        for image in self.images.values():
            path = self.image_root / image.name
            if places.setdefault(path, image.first.place) != image.first.place:
                repeated.append((path, image.first.place))
        return Reading(self._split(split, kept), tuple(self.problems), places, tuple(repeated))

    def _split(self, name: str, images: list[_Image]) -> Split:
        labels, label_names = number_labels([image.first for image in images])
        return Split(
            name=name,
            images=tuple(self.image_root / image.name for image in images),
            captions=tuple(caption for image in images for caption in image.captions),
            caption_to_image=np.repeat(
                np.arange(len(images)), [len(image.captions) for image in images]
            ).astype(np.int64),
            labels=labels,
            label_names=label_names,
            image_sources=tuple(str(image.first.place) for image in images),
            dropped=tuple(self.dropped),
            image_root=self.image_root,
        )


def number_labels(rows: Sequence[Row]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Class numbers of images, and the names of the classes.

    Names decide where every row has one, because several files may number the same class
    differently: the files' numbers stay if they agree with the names one to one, else classes are
    numbered by sorted name. Without names the files' numbers are taken.

    Args:
        rows: one for each image, N.

    Returns:
        int64 (N,) and names with index = number; None and () if a row has neither name nor number.
    """
    numbers = [row.label for row in rows]
    names = [row.label_name for row in rows]
    if rows and all(name is not None for name in names):
        pairs = set(zip(numbers, names, strict=True))
        by_number = {number: str(name) for number, name in pairs if number is not None}
        if len(pairs) != len(by_number) or len(pairs) != len(set(names)):
            by_number = dict(enumerate(sorted({str(name) for name in names})))
        number_of = {name: number for number, name in by_number.items()}
        labels = [number_of[str(name)] for name in names]
        return np.array(labels, dtype=np.int64), tuple(
            by_number.get(i, "") for i in range(max(labels) + 1)
        )
    known = [number for number in numbers if number is not None]
    if rows and len(known) == len(rows):
        return np.array(known, dtype=np.int64), tuple(
            str(number) for number in range(max(known) + 1)
        )
    if known or any(name is not None for name in names):
        logger.warning("only some images of %s have labels: none are used", rows[0].place.file)
    return None, ()
