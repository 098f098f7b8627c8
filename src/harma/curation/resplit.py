"""New splits of a data set (`harma data split`): files pooled, duplicates kept on one side."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harma.curation.audit.copies import THRESHOLD, find_copies, groups_of
from harma.curation.audit.looks import look_at
from harma.curation.convert import Conversion, merge, prepare, renumbered, unread_keys
from harma.curation.raw import RawImage, read_raw
from harma.curation.splitting import divide
from harma.data.annotations import image_folder
from harma.data.description import SPLITS, DataDescription
from harma.errors import MissingFileError
from harma.ground.progress import Advance
from harma.ground.tar_members import is_there


@dataclass(frozen=True)
class Resplit:
    """New splits, not written yet.

    Attributes:
        conversion: the files.
        num_groups: groups of copies that were kept together.
        num_copies: images in them.
        labels: label → images in train, val and test; {} without labels.
    """

    conversion: Conversion
    num_groups: int
    num_copies: int
    labels: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Pool:
    """All images of a data set, to be divided.

    Attributes:
        images: each once, with the captions of all its entries.
        folder: the image folder.
        groups: of images 0 … N-1 that stay together: copies first, then single ones.
        num_groups: groups of copies.
        unread: a message of what no format of HarMA holds, if there is any.
    """

    images: tuple[RawImage, ...]
    folder: Path
    groups: list[list[int]]
    num_groups: int
    unread: tuple[str, ...]

    @property
    def labels(self) -> list[str | None]:
        """The label of each image, or None."""
        return [image.class_name for image in self.images]

    @property
    def num_copies(self) -> int:
        """Images in groups of copies."""
        return sum(len(group) for group in self.groups[: self.num_groups])


def resplit(
    description: DataDescription,
    root: Path,
    form: str,
    directory: Path,
    *,
    ratios: tuple[float, float, float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    near: bool = True,
    threshold: float = THRESHOLD,
    images: Path | None = None,
    num_workers: int = 4,
    progress: tuple[Advance | None, Advance | None, Advance | None] = (None, None, None),
) -> Resplit:
    """Pool all splits of a data set and divide them anew.

    Args:
        description: the data set.
        root: the folder its files are in.
        form: format of the new annotations.
        directory: where they will go.
        ratios: of train, val and test.
        seed: of the division.
        near: keep near copies on one side too, not only equal files and pixels.
        threshold: agreement of details from which two images are copies.
        images: the image folder, if not where the description says.
        num_workers: threads that decode and compare.
        progress: told while images are read, compared, and compared in detail.

    Raises:
        ConfigError: the ratios, the threshold or the format are not usable.
        DataError: annotations or images are not usable.
        MissingFileError: files are not there.
    """
    pool = pooled_images(
        description,
        root,
        near=near,
        threshold=threshold,
        images=images,
        num_workers=num_workers,
        progress=progress,
    )
    return split_pool(pool, description, form, directory, ratios=ratios, seed=seed)


def split_pool(
    pool: Pool,
    description: DataDescription,
    form: str,
    directory: Path,
    *,
    ratios: tuple[float, float, float] = (0.8, 0.1, 0.1),
    seed: int = 0,
) -> Resplit:
    """Divide the images of a data set anew.

    Args:
        pool: its images.
        description: the data set.
        form: format of the new annotations.
        directory: where they will go.
        ratios: of train, val and test.
        seed: of the division.

    Raises:
        ConfigError: the ratios, the seed or the format are not usable.
        DataError: a name has no place in the format.
    """
    sides = divide(pool.groups, pool.labels, ratios, seed)
    # Nothing is written yet: what the format loses is known first.
    conversion = prepare(
        images_by_side(pool.images, sides), form, directory, pool.folder, description
    )
    conversion = replace(conversion, lost=(*pool.unread, *conversion.lost))
    return Resplit(conversion, pool.num_groups, pool.num_copies, _label_table(pool.labels, sides))


def pooled_images(
    description: DataDescription,
    root: Path,
    *,
    near: bool = True,
    threshold: float = THRESHOLD,
    images: Path | None = None,
    num_workers: int = 4,
    progress: tuple[Advance | None, Advance | None, Advance | None] = (None, None, None),
) -> Pool:
    """All images of a data set, whatever split they are in, and which of them are copies.

    Args:
        description: the data set.
        root: the folder its files are in.
        near: keep near copies together too, not only equal files and pixels.
        threshold: agreement of details from which two images are copies.
        images: the image folder, if not where the description says.
        num_workers: threads that decode and compare.
        progress: told while images are read, compared, and compared in detail.

    Raises:
        ConfigError: the threshold is not usable.
        DataError: annotations or images are not usable.
        MissingFileError: files are not there.
    """
    names = description.chosen_splits(None)
    raw = [read_raw(description, name, root, images=images) for name in names]
    entries: list[RawImage] = []
    for split in raw:
        entries += split.images
    pooled = merge(entries)
    folder = image_folder(description, root, images)
    paths = [Path(os.path.normpath(folder / image.name)) for image in pooled]
    _check_images_are_there(paths)
    looks = look_at(paths, num_workers=num_workers, progress=progress[0])
    copies = find_copies(
        looks, near=near, threshold=threshold, num_workers=num_workers, progress=progress[1:]
    )
    groups = groups_of(copies, len(paths))
    # Images that show the same go to one side together: copies, then each other image by itself.
    together = [*groups, *_singles(groups, len(paths))]
    return Pool(pooled, folder, together, len(groups), tuple(unread_keys(raw)))


def _check_images_are_there(paths: Sequence[Path]) -> None:
    """Raise if image files are missing; the message names the first."""
    missing = [path for path in paths if not is_there(path)]
    if missing:
        raise MissingFileError(
            f"{len(missing)} of {len(paths)} images are not there, the first is {missing[0]}; "
            "`harma data check` lists them all"
        )


def _singles(groups: Sequence[Sequence[int]], num_images: int) -> list[list[int]]:
    """Each image that is in no group as a group of its own."""
    grouped: set[int] = set()
    for group in groups:
        grouped.update(group)
    return [[image] for image in range(num_images) if image not in grouped]


def images_by_side(
    images: Sequence[RawImage], sides: Sequence[str]
) -> dict[str, tuple[RawImage, ...]]:
    """The images of each split that has any, in the order of `SPLITS`."""
    splits: dict[str, list[RawImage]] = {split: [] for split in SPLITS if split in sides}
    for image, side in zip(images, sides, strict=True):
        splits[side].append(image)
    # Ids of different files may be equal, and all are in one file now.
    return {split: renumbered(members) for split, members in splits.items()}


def _label_table(labels: Sequence[str | None], sides: Sequence[str]) -> dict[str, tuple[int, ...]]:
    counts: dict[str, list[int]] = {}
    for label, side in zip(labels, sides, strict=True):
        if label is not None:
            counts.setdefault(label, [0] * len(SPLITS))[SPLITS.index(side)] += 1
    return {label: tuple(numbers) for label, numbers in sorted(counts.items())}
