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
    # All that there is, whatever split it is in now.
    names = description.chosen_splits(None)
    raw = [read_raw(description, name, root, images=images) for name in names]
    entries: list[RawImage] = []
    for split in raw:
        entries += split.images
    pooled = merge(entries)
    folder = image_folder(description, root, images)
    paths = [Path(os.path.normpath(folder / image.name)) for image in pooled]
    _check_images_are_there(paths)
    # Images that show the same go to one side together: copies, then each other image by itself.
    looks = look_at(paths, num_workers=num_workers, progress=progress[0])
    copies = find_copies(
        looks, near=near, threshold=threshold, num_workers=num_workers, progress=progress[1:]
    )
    groups = groups_of(copies, len(paths))
    labels = [image.class_name for image in pooled]
    sides = divide([*groups, *_singles(groups, len(paths))], labels, ratios, seed)
    # Nothing is written yet: what the format loses is known first.
    conversion = prepare(_by_side(pooled, sides), form, directory, folder, description)
    conversion = replace(conversion, lost=(*unread_keys(raw), *conversion.lost))
    num_copies = sum(len(group) for group in groups)
    return Resplit(conversion, len(groups), num_copies, _label_table(labels, sides))


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


def _by_side(images: Sequence[RawImage], sides: Sequence[str]) -> dict[str, tuple[RawImage, ...]]:
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
