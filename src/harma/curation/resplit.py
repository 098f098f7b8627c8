"""New splits of a data set (`harma data split`): by image, stratified by label, copies kept on one side."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from harma.curation.audit.copies import THRESHOLD, find_copies, groups_of
from harma.curation.audit.looks import Progress, look_at
from harma.curation.convert import Conversion, merge, prepare, renumbered, unread_keys
from harma.curation.raw import read_raw
from harma.curation.splitting import divide
from harma.data.description import SPLITS, DataDescription
from harma.errors import ConfigError, MissingFileError


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
    progress: tuple[Progress | None, Progress | None] = (None, None),
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
        num_workers: threads that decode.
        progress: told while images are read, and while they are compared.

    Raises:
        ConfigError: the ratios, the threshold or the format are not usable.
        DataError: annotations or images are not usable.
        MissingFileError: files are not there.
    """
    if not description.splits:
        raise ConfigError(
            f"data set {description.name} names no annotation files; add train, val or test to it"
        )
    raw = [read_raw(description, name, root, images=images) for name in description.splits]
    pooled = merge([image for split in raw for image in split.images])
    folder = root / description.images if images is None else images
    paths = [Path(os.path.normpath(folder.absolute() / image.name)) for image in pooled]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise MissingFileError(
            f"{len(missing)} of {len(paths)} images are not there, the first is {missing[0]}; "
            "`harma data check` lists them all"
        )
    looks = look_at(paths, num_workers=num_workers, progress=progress[0])
    copies = groups_of(
        find_copies(looks, near=near, threshold=threshold, progress=progress[1]), len(paths)
    )
    grouped = {image for group in copies for image in group}
    labels = [image.class_name for image in pooled]
    single = [[image] for image in range(len(pooled)) if image not in grouped]
    sides = divide([*copies, *single], labels, ratios, seed)
    splits = {
        split: renumbered(
            [image for image, side in zip(pooled, sides, strict=True) if side == split]
        )
        for split in SPLITS
        if split in sides
    }
    made = prepare(splits, form, directory, folder, description)
    made = replace(made, lost=(*unread_keys(raw), *made.lost))
    return Resplit(made, len(copies), len(grouped), _table(labels, sides))


def _table(labels: list[str | None], sides: list[str]) -> dict[str, tuple[int, ...]]:
    counts: dict[str, list[int]] = {}
    for label, side in zip(labels, sides, strict=True):
        if label is not None:
            counts.setdefault(label, [0] * len(SPLITS))[SPLITS.index(side)] += 1
    return {label: tuple(numbers) for label, numbers in sorted(counts.items())}
