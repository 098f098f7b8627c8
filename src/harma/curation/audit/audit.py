"""An audit of data sets: what is on two sides, identical texts, and the ceilings these set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harma.curation.audit.copies import THRESHOLD, Copy, find_copies, groups_of
from harma.curation.audit.looks import look_at
from harma.data.annotations import load_split
from harma.data.description import DataDescription
from harma.data.split import Split
from harma.errors import ConfigError
from harma.ground.progress import Advance
from harma.metrics import caption_ceilings


@dataclass(frozen=True)
class AuditedSet:
    """A data set to audit.

    Attributes:
        description: what it is.
        root: the folder its files are in.
        images: the image folder, if not where the description says.
        splits: which splits; () takes all.
    """

    description: DataDescription
    root: Path
    images: Path | None = None
    splits: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuditedImage:
    """An image of an audit: its data set, split, name in it and file."""

    data: str
    split: str
    name: str
    path: Path

    def __str__(self) -> str:
        return f"{self.part} {self.name}"

    @property
    def part(self) -> str:
        """Data set and split, as tables name them."""
        return f"{self.data} {self.split}"


@dataclass(frozen=True)
class SharedCaption:
    """A caption that several images have.

    Attributes:
        text: cleaned.
        images: numbers of the images in the audit.
    """

    text: str
    images: tuple[int, ...]


@dataclass(frozen=True)
class Ceiling:
    """What identical captions make of a split.

    Attributes:
        data: data set.
        split: its split.
        num_captions: M.
        num_distinct: captions that differ.
        ceilings: highest strict recalls that any model can reach, percent: t2i_R@1, t2i_R@5,
            t2i_R@10.
    """

    data: str
    split: str
    num_captions: int
    num_distinct: int
    ceilings: dict[str, float]


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        images: all images, in the order of data sets and splits.
        copies: pairs of them.
        groups: images that are copies of each other, directly or through others.
        captions: captions that several images have, most images first.
        ceilings: of each split.
        looks_at_near: near copies were looked for.
    """

    images: tuple[AuditedImage, ...]
    copies: tuple[Copy, ...]
    groups: tuple[tuple[int, ...], ...]
    captions: tuple[SharedCaption, ...]
    ceilings: tuple[Ceiling, ...]
    looks_at_near: bool

    def pair(self, copy: Copy) -> tuple[AuditedImage, AuditedImage]:
        """The two images."""
        return self.images[copy.first], self.images[copy.second]

    def is_within(self, copy: Copy) -> bool:
        """Whether both images lie in the same split of the same data set."""
        first, second = self.pair(copy)
        return (first.data, first.split) == (second.data, second.split)

    @property
    def has_copies_across_splits(self) -> bool:
        """Whether an image of one kind of split, such as test, has a copy in another kind."""
        # Whatever the data set: train of one and test of another are two sides too.
        for group in self.groups:
            splits = {self.images[image].split for image in group}
            if len(splits) > 1:
                return True
        return False


def audit(
    sets: Sequence[AuditedSet],
    *,
    near: bool = True,
    threshold: float = THRESHOLD,
    num_workers: int = 4,
    progress: tuple[Advance | None, Advance | None, Advance | None] = (None, None, None),
) -> Audit:
    """Look for copies within and across splits and data sets.

    Captions that are empty after cleaning are left out (`harma data check` lists them).

    Args:
        sets: the data sets.
        near: also look for near copies.
        threshold: agreement of details from which two images are copies.
        num_workers: threads that decode and compare.
        progress: told while images are read, compared, and compared in detail.

    Raises:
        ConfigError: two data sets have one name, or one has no split that is asked for.
        DataError: annotations or images are not usable.
        MissingFileError: files are not there.
    """
    _check_names(sets)
    # Images are numbered through all data sets and splits; copies and captions name them so.
    images: list[AuditedImage] = []
    splits: list[Split] = []
    ceilings: list[Ceiling] = []
    for audited in sets:
        data = audited.description.name
        for split in _load(audited):
            splits.append(split)
            ceilings.append(ceiling_of(data, split))
            images += [
                AuditedImage(data, split.name, name, path)
                for name, path in zip(split.image_names, split.images, strict=True)
            ]
    paths = [image.path for image in images]
    looks = look_at(paths, num_workers=num_workers, progress=progress[0])
    # Over all data sets at once: training on one and testing on another is where copies do harm.
    copies = find_copies(
        looks, near=near, threshold=threshold, num_workers=num_workers, progress=progress[1:]
    )
    groups = groups_of(copies, len(images))
    return Audit(
        images=tuple(images),
        copies=copies,
        groups=tuple(map(tuple, groups)),
        captions=shared_captions(splits),
        ceilings=tuple(ceilings),
        looks_at_near=near,
    )


def _check_names(sets: Sequence[AuditedSet]) -> None:
    """Raise if two data sets have one name: their images could not be told apart."""
    names = [audited.description.name for audited in sets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(
            f"two data sets are called {', '.join(twice)}; give each its own name in its"
            " description"
        )


def _load(audited: AuditedSet) -> list[Split]:
    return [
        load_split(
            audited.description,
            name,
            audited.root,
            images=audited.images,
            # An audit is no check: captions without words are told of by `harma data check`.
            empty_captions="drop",
        )
        for name in audited.description.chosen_splits(audited.splits)
    ]


def shared_captions(splits: Sequence[Split]) -> tuple[SharedCaption, ...]:
    """Captions of several images, images numbered through all splits; most images first."""
    # In dicts: an image that has a caption twice is one image, and the order stays.
    owners: dict[str, dict[int, None]] = {}
    start = 0
    for split in splits:
        for text, image in zip(split.captions, split.caption_to_image.tolist(), strict=True):
            owners.setdefault(text, {})[start + image] = None
        start += split.num_images
    shared = [
        SharedCaption(text, tuple(images)) for text, images in owners.items() if len(images) > 1
    ]
    return tuple(sorted(shared, key=lambda caption: (-len(caption.images), caption.text)))


def ceiling_of(data: str, split: Split) -> Ceiling:
    """What identical captions make of a split of a data set."""
    # Equal captions have equal ids.
    id_of: dict[str, int] = {}
    ids = [id_of.setdefault(text, len(id_of)) for text in split.captions]
    ceilings = caption_ceilings(ids, split.caption_to_image)
    return Ceiling(data, split.name, len(ids), len(id_of), ceilings)
