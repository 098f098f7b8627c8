"""Rows of annotation files grouped by image; rows that contradict each other are problems."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harma.data.captions import clean_caption
from harma.data.labels import number_labels
from harma.data.row_values import LONGEST_SHOWN
from harma.data.rows import Annotation, Problem, RowPlace
from harma.data.split import Split
from harma.ground.limits import MAX_NAME


@dataclass(frozen=True)
class SplitReading:
    """What annotation files gave.

    Attributes:
        split: all that could be used.
        problems: all that could not.
        places: where each image was first named, those of faulty rows included; in the order of the
            files.
        repeated: images that a further file names, and where.
        files: that were read, relative to the data root.
    """

    split: Split
    problems: tuple[Problem, ...]
    places: dict[Path, RowPlace]
    repeated: tuple[tuple[Path, RowPlace], ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class GroupingRules:
    """What becomes of image names and captions.

    Attributes:
        image_root: absolute folder of the images.
        max_words: words kept of each caption.
        drop_empty: drop and list empty captions; otherwise they are problems.
    """

    image_root: Path
    max_words: int
    drop_empty: bool


def group_by_image(
    items: Iterable[Annotation | Problem],
    rules: GroupingRules,
    *,
    split: str,
    files: Sequence[str],
) -> SplitReading:
    """Make a split of the rows of its files, images in the order of first mention.

    Args:
        items: what a reader of `harma.data.formats` gives.
        rules: what becomes of names and captions.
        split: its name.
        files: the files that the rows are from.
    """
    grouping = _Grouping(rules)
    for item in items:
        if isinstance(item, Problem):
            grouping.problems.append(item)
        else:
            grouping.add(item)
    if rules.drop_empty:
        grouping.note_images_without_captions()
    if not grouping.has_captions and not grouping.problems:
        what = f"no image of split {split} has a caption"
        grouping.problems.append(Problem(", ".join(files), "", what))
    places, repeated = grouping.places()
    problems = tuple(grouping.problems)
    return SplitReading(grouping.split(split), problems, places, repeated, tuple(files))


@dataclass
class _Image:
    """What is known of one image while rows are gathered."""

    name: str
    first: Annotation
    captions: list[str] = field(default_factory=list)
    faulty: bool = False


@dataclass
class _Grouping:
    """Images of the rows so far, and what was wrong with rows.

    Attributes:
        rules: what becomes of names and captions.
        problems: found so far, those of the reader included.
        dropped: what was dropped, a message each.
        images: by (file, path relative to the image root).
        ids: the row in which a file first used an image id.
    """

    rules: GroupingRules
    problems: list[Problem] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    images: dict[tuple[str, str], _Image] = field(default_factory=dict)
    ids: dict[tuple[str, int], Annotation] = field(default_factory=dict)

    def add(self, row: Annotation) -> None:
        """Take a row in, or note why not."""
        name = self._name(row)
        if name is None:
            return
        # The file is part of the key: image ids and rows of two files may repeat each other's.
        key = (row.place.file, name)
        wrong = self._contradiction(row, name, self.images.get(key))
        image = self.images.setdefault(key, _Image(name, row))
        # What contradicts itself is not used: nobody knows which of the two is right.
        if wrong:
            self.problems.append(row.place.problem(wrong))
            image.faulty = True
            return
        if row.faulty:
            image.faulty = True
        image.captions += self._cleaned(row)

    def _name(self, row: Annotation) -> str | None:
        """The image's path relative to the image root, in one spelling.

        A path that leaves the root is a problem.
        """
        root = self.rules.image_root
        if MAX_NAME.is_over(len(row.image)):
            problem = f"the name of its image has {len(row.image):,} characters; {MAX_NAME.said}"
            self.problems.append(row.place.problem(problem))
            return None
        # Not resolved: links within the folder may lead out of it, and that is fine.
        path = Path(os.path.normpath(root / row.image))
        if path != root and path.is_relative_to(root):
            return path.relative_to(root).as_posix()
        self.problems.append(
            row.place.problem(
                f"image {row.image[:LONGEST_SHOWN]!r} does not lie in the image folder {root};"
                " name a folder with `images` that holds all of them, and the images relative to it"
            )
        )
        return None

    def _contradiction(self, row: Annotation, name: str, known: _Image | None) -> str | None:
        """How a row contradicts an earlier one of its file."""
        # Two names of one id: the original would take them for one image.
        if row.image_id is not None:
            first = self.ids.setdefault((row.place.file, row.image_id), row)
            if os.path.normpath(first.image) != os.path.normpath(row.image):
                here = f"image_id {row.image_id} names {row.image!r} here"
                return f"{here}, but {first.image!r} in {first.place}"
        if known is None:
            return None
        if row.whole:
            return (
                f"image {name!r} is in {known.first.place} too; give an image one row with all of"
                " its captions"
            )
        return _other_class(row, name, known.first)

    def _cleaned(self, row: Annotation) -> list[str]:
        """The row's captions, cleaned; empty ones are problems or dropped."""
        cleaned = []
        for text in row.captions:
            caption = clean_caption(text, self.rules.max_words)
            if caption:
                cleaned.append(caption)
            else:
                self._note_empty(row, text)
        # Not where captions are dropped: there it is listed once all rows are in.
        # A faulty row has been named already; its captions may be what is wrong with it.
        if not row.captions and not row.faulty and not self.rules.drop_empty:
            self.problems.append(
                row.place.problem(
                    f"image {row.image!r} has no caption; give it one, or drop such images with"
                    " empty_captions: drop"
                )
            )
        return cleaned

    def _note_empty(self, row: Annotation, text: str) -> None:
        what = f"caption {text!r} is empty after cleaning"
        if self.rules.drop_empty:
            self.dropped.append(f"{row.place}: {what}")
        else:
            hint = "correct it, or drop such captions with empty_captions: drop"
            self.problems.append(row.place.problem(f"{what}; {hint}"))

    @property
    def has_captions(self) -> bool:
        """Whether anything can be used."""
        return any(image.captions for image in self.images.values())

    def note_images_without_captions(self) -> None:
        """List images that go because all of their captions went."""
        for image in self.images.values():
            if not image.captions and not image.faulty:
                place = image.first.place
                self.dropped.append(f"{place}: image {image.name!r} has no caption left")

    def places(self) -> tuple[dict[Path, RowPlace], tuple[tuple[Path, RowPlace], ...]]:
        """Where each image was first named, and what a further file names again."""
        places: dict[Path, RowPlace] = {}
        repeated = []
        for image in self.images.values():
            path = self.rules.image_root / image.name
            place = image.first.place
            if path in places:
                repeated.append((path, place))
            else:
                places[path] = place
        return places, tuple(repeated)

    def split(self, name: str) -> Split:
        """The split of all images that have captions."""
        images = [image for image in self.images.values() if image.captions]
        captions: list[str] = []
        for image in images:
            captions += image.captions
        num_captions = [len(image.captions) for image in images]
        labels, label_names = number_labels([image.first for image in images])
        return Split(
            name=name,
            images=tuple(self.rules.image_root / image.name for image in images),
            captions=tuple(captions),
            # Captions lie image by image, which is how they were gathered.
            caption_to_image=np.repeat(np.arange(len(images), dtype=np.int64), num_captions),
            labels=labels,
            label_names=label_names,
            image_sources=tuple(str(image.first.place) for image in images),
            dropped=tuple(self.dropped),
            image_root=self.rules.image_root,
        )


def _other_class(row: Annotation, name: str, first: Annotation) -> str | None:
    """How the id or class of a row differs from that of the image's first row."""
    for what in ("image_id", "label", "label_name"):
        here = getattr(row, what)
        before = getattr(first, what)
        if here is None or before is None:
            continue
        if here != before:
            return f"image {name!r} has {what} {here!r} here, but {before!r} in {first.place}"
    return None
