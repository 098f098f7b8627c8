"""From one annotation format to another (`harma data convert`); what is lost is known before."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harma.curation.raw import RawImage, RawSplit, read_raw
from harma.curation.writers import ANNOTATION_WRITERS, Images, losses, unwritable
from harma.data.annotations import image_folder
from harma.data.description import SPLITS, DataDescription, description_yaml
from harma.data.split import SplitSize
from harma.errors import ConfigError, DataError
from harma.ground.files import replacing

FORMATS_WITH_IDS = ("harma", "karpathy")
"""Formats that hold image ids."""


@dataclass(frozen=True)
class Conversion:
    """Files to be written.

    Attributes:
        description: of the new data set.
        files: name → text.
        sizes: of each split.
        lost: what the format cannot hold, a message each.
    """

    description: DataDescription
    files: dict[str, str]
    sizes: dict[str, SplitSize]
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
    names = description.chosen_splits(splits)
    raw = [read_raw(description, name, root, images=images) for name in names]
    lost = [*_joined_images(raw), *unread_keys(raw)]
    merged: dict[str, tuple[RawImage, ...]] = {}
    for split in raw:
        merged[split.name] = merge(split.images)
        # Two images of one id would be one image to a reader.
        if form in FORMATS_WITH_IDS and _collide(merged[split.name]):
            merged[split.name] = renumbered(merged[split.name])
            lost.append(
                f"{split.name}: image ids, which are given anew, as several files use the same"
            )
    folder = image_folder(description, root, images)
    conversion = prepare(merged, form, directory, folder, description)
    return replace(conversion, lost=(*lost, *conversion.lost))


def _joined_images(splits: Sequence[RawSplit]) -> list[str]:
    """A message for each split of which several files name the same images."""
    return [
        f"{split.name}: {len(split.repeated):,} images that several files name become one each, "
        f"the first is {split.repeated[0]!r}"
        for split in splits
        if split.repeated
    ]


def unread_keys(splits: Sequence[RawSplit]) -> list[str]:
    """A message that names the keys and columns which no format of HarMA has, if there are any."""
    keys: dict[str, None] = {}
    for split in splits:
        keys |= dict.fromkeys(split.unread)
    if not keys:
        return []
    return [f"keys that no format of HarMA has: {', '.join(keys)}"]


def merge(images: Sequence[RawImage]) -> tuple[RawImage, ...]:
    """Entries of one name as one image with the captions of all.

    Its id and label are the first that are given.
    """
    by_name: dict[str, RawImage] = {}
    for image in images:
        name = os.path.normpath(image.name)
        if name in by_name:
            by_name[name] = _joined(by_name[name], image)
        else:
            by_name[name] = image
    return tuple(by_name.values())


def _joined(known: RawImage, more: RawImage) -> RawImage:
    # A name and a number that come from different files need not belong together.
    of_class = known if known.class_name is not None else more
    return replace(
        known,
        captions=known.captions + more.captions,
        image_id=more.image_id if known.image_id is None else known.image_id,
        label=of_class.label,
        label_name=of_class.label_name,
    )


def _collide(images: Sequence[RawImage]) -> bool:
    ids = [image.image_id for image in images if image.image_id is not None]
    return len(set(ids)) < len(ids)


def renumbered(images: Sequence[RawImage]) -> tuple[RawImage, ...]:
    """Images with new ids where any has one: those of several files collide in one."""
    if all(image.image_id is None for image in images):
        return tuple(images)
    return tuple(replace(image, image_id=image_id) for image_id, image in enumerate(images))


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
    if form not in ANNOTATION_WRITERS:
        raise ConfigError(f"the format is {form!r}; allowed are {', '.join(ANNOTATION_WRITERS)}")
    wrong = unwritable(form, splits)
    if wrong:
        more = ""
        if len(wrong) > 1:
            more = f" ({len(wrong) - 1} more)"
        raise DataError(f"{wrong[0]}{more}; rename it, or take format harma or karpathy")
    files = ANNOTATION_WRITERS[form](splits, described.name)
    annotations = {split: _files_of(split, files) if split in splits else () for split in SPLITS}
    # Relative, so that annotations and images can be moved together.
    relative = Path(os.path.relpath(folder.absolute(), directory.absolute())).as_posix()
    description = replace(
        described,
        format=form,
        images=relative,
        train=annotations["train"],
        val=annotations["val"],
        test=annotations["test"],
    )
    sizes = {split: _size(images) for split, images in splits.items()}
    return Conversion(description, files, sizes, tuple(losses(form, splits)))


def _size(images: Sequence[RawImage]) -> SplitSize:
    return SplitSize(len(images), sum(len(image.captions) for image in images))


def _files_of(split: str, files: dict[str, str]) -> tuple[str, ...]:
    """The files of a split as a description names them; a Karpathy file serves all."""
    beginnings = (f"{split}.", f"{split}_", "dataset_")
    names = [name for name in files if name.startswith(beginnings)]
    # `NAME_caps.txt` brings its partner along.
    return tuple(name for name in names if not name.endswith("_filename.txt"))


def write_conversion(
    conversion: Conversion, directory: Path, *, overwrite: bool = False, lossy: bool = True
) -> Path:
    """Write the files, and a description that `harma train --data.name` takes.

    Args:
        conversion: what is written.
        directory: where; made if needed.
        overwrite: replace files that are there.
        lossy: write although the format does not hold all of it.

    Returns:
        The description's path.

    Raises:
        ConfigError: something would be lost or overwritten unasked; then nothing is written.
    """
    if conversion.lost and not lossy:
        raise ConfigError(
            f"format {conversion.description.format} does not hold all of it"
            f" ({'; '.join(conversion.lost)}); nothing is written. Add --lossy to go on"
        )
    path = directory / "data.yaml"
    files = {**conversion.files, path.name: description_yaml(conversion.description)}
    # All names before the first file is written: a half-replaced data set is none. What an
    # interrupted command has written is what would be written now.
    there = [name for name, text in files.items() if _is_other(directory / name, text)]
    if there and not overwrite:
        raise ConfigError(
            f"{directory} has {', '.join(there)} already; name another folder, or overwrite them"
        )
    for name, text in files.items():
        _write_exactly(directory / name, text)
    return path


def _is_other(path: Path, text: str) -> bool:
    """Whether something else is there than would be written."""
    if not path.is_file():
        return path.exists()
    content = text.encode("utf-8")
    return path.stat().st_size != len(content) or path.read_bytes() != content


def _write_exactly(path: Path, text: str) -> None:
    # As bytes: writing text would turn line ends into those of the machine.
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
