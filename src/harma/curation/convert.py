"""From one annotation format to another (`harma data convert`): what is lost is known before anything is written."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from harma.curation.raw import RawImage, RawSplit, read_raw
from harma.curation.writers import WRITERS, Images, losses, unwritable
from harma.data.description import SPLITS, DataDescription
from harma.errors import ConfigError, DataError
from harma.ground.files import replacing, write_text

WITH_IDS = ("harma", "karpathy")
"""Formats that hold image ids."""


@dataclass(frozen=True)
class Conversion:
    """Files to be written.

    Attributes:
        description: of the new data set.
        files: name → text.
        sizes: split → (images, captions).
        lost: what the format cannot hold, a message each.
    """

    description: DataDescription
    files: dict[str, str]
    sizes: dict[str, tuple[int, int]]
    lost: tuple[str, ...] = ()


def convert(
    description: DataDescription,
    root: Path,
    form: str,
    directory: Path,
    *,
    splits: Sequence[str] | None = None,
    images: Path | None = None,
) -> Conversion:
    """Prepare the annotations of a data set in another format; nothing is written.

    Captions stay as they are. Rows of one image come together, images in the order of first
    mention.

    Args:
        description: the data set.
        root: the folder its files are in.
        form: "harma", "karpathy", "caps" or "csv".
        directory: where the files will go; the new description names the image folder relative to
            it.
        splits: which splits; None takes all.
        images: the image folder, if not where the description says.

    Raises:
        ConfigError: the format is unknown, or the data set has no such split.
        DataError: the files hold something that cannot be used, or a name that the format has no
            place for.
        MissingFileError: the root is not there.
    """
    names = description.splits if splits is None else tuple(splits)
    if not names:
        raise ConfigError(
            f"data set {description.name} names no annotation files; add train, val or test to it"
        )
    raw = {name: read_raw(description, name, root, images=images) for name in names}
    lost = []
    for name, split in raw.items():
        if split.repeated:
            lost.append(
                f"{name}: {len(split.repeated):,} images that several files name become one each, "
                f"the first is {split.repeated[0]!r}"
            )
    lost += unread_keys(list(raw.values()))
    merged = {name: merge(split.images) for name, split in raw.items()}
    for name, own in merged.items():
        if form in WITH_IDS and _collide(own):
            merged[name] = renumbered(own)
            lost.append(f"{name}: image ids, which are given anew, as several files use the same")
    folder = root / description.images if images is None else images
    result = prepare(merged, form, directory, folder, description)
    return replace(result, lost=(*lost, *result.lost))


def unread_keys(splits: Sequence[RawSplit]) -> list[str]:
    """A message that names the keys and columns which no format of HarMA has; none if there are none."""
    keys = dict.fromkeys(key for split in splits for key in split.unread)
    return [f"keys that no format of HarMA has: {', '.join(keys)}"] if keys else []


def merge(images: Sequence[RawImage]) -> tuple[RawImage, ...]:
    """Entries of one name as one image with the captions of all; its id and label are the first that are given."""
    found: dict[str, RawImage] = {}
    for image in images:
        name = os.path.normpath(image.name)
        known = found.get(name)
        found[name] = image if known is None else _joined(known, image)
    return tuple(found.values())


def _joined(known: RawImage, more: RawImage) -> RawImage:
    # A name and a number that come from different files need not belong together.
    has_class = known.class_name is not None
    return replace(
        known,
        captions=known.captions + more.captions,
        image_id=more.image_id if known.image_id is None else known.image_id,
        label=known.label if has_class else more.label,
        label_name=known.label_name if has_class else more.label_name,
    )


def _collide(images: Sequence[RawImage]) -> bool:
    ids = [image.image_id for image in images if image.image_id is not None]
    return len(set(ids)) < len(ids)


def renumbered(images: Sequence[RawImage]) -> tuple[RawImage, ...]:
    """Images with new ids where any has one: those of several files collide in one."""
    if all(image.image_id is None for image in images):
        return tuple(images)
    return tuple(replace(image, image_id=number) for number, image in enumerate(images))


def prepare(
    splits: Images, form: str, directory: Path, folder: Path, described: DataDescription
) -> Conversion:
    """The files of images, in a format.

    Args:
        splits: split → images.
        form: the format.
        directory: where the files will go.
        folder: the image folder.
        described: whose name, title, licence, homepage and note are taken over.

    Raises:
        ConfigError: the format is unknown.
        DataError: a name has no place in the format.
    """
    if form not in WRITERS:
        raise ConfigError(f"the format is {form!r}; allowed are {', '.join(WRITERS)}")
    wrong = unwritable(form, splits)
    if wrong:
        more = f" ({len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise DataError(f"{wrong[0]}{more}; rename it, or take format harma or karpathy")
    files = WRITERS[form](splits, described.name)
    named: dict[str, Any] = {
        split: _files_of(split, files) if split in splits else () for split in SPLITS
    }
    relative = Path(os.path.relpath(folder.absolute(), directory.absolute())).as_posix()
    description = replace(described, format=form, images=relative, **named)
    sizes = {
        split: (len(own), sum(len(image.captions) for image in own))
        for split, own in splits.items()
    }
    return Conversion(description, files, sizes, tuple(losses(form, splits)))


def _files_of(split: str, files: dict[str, str]) -> tuple[str, ...]:
    """The files of a split; a Karpathy file serves all."""
    own = [
        name
        for name in files
        if name.startswith((f"{split}.", f"{split}_")) or name.startswith("dataset_")
    ]
    # `NAME_caps.txt` brings its partner along.
    return tuple(name for name in own if not name.endswith("_filename.txt"))


def write(conversion: Conversion, directory: Path, *, overwrite: bool = False) -> Path:
    """Write the files, and a description that `harma train --data.name` takes.

    Returns:
        The description's path.

    Raises:
        ConfigError: a file is there already.
    """
    path = directory / "data.yaml"
    there = [name for name in (*conversion.files, path.name) if (directory / name).exists()]
    if there and not overwrite:
        raise ConfigError(
            f"{directory} has {', '.join(there)} already; name another folder, or overwrite them"
        )
    for name, text in conversion.files.items():
        _write_exactly(directory / name, text)
    write_text(path, describe(conversion.description))
    return path


def _write_exactly(path: Path, text: str) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


def describe(description: DataDescription) -> str:
    """A description as YAML."""
    values = {key: value for key, value in vars(description).items() if value}
    values |= {
        split: list(values[split]) if len(values[split]) > 1 else values[split][0]
        for split in SPLITS
        if split in values
    }
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=10_000)
