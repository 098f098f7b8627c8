"""Folds of a data set (`harma data split --folds K`): cross-validation, every image judged once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from harma.curation.convert import Conversion, prepare, write_conversion
from harma.curation.resplit import Pool, images_by_side
from harma.curation.splitting import divide_into_folds
from harma.data.description import DataDescription
from harma.errors import ConfigError
from harma.ground.files import write_text

FOLDS_FILE = "folds.yaml"
"""Names the folds; what `folds` of a comparison is given."""


@dataclass(frozen=True)
class FoldSplits:
    """Folds, not written yet.

    Attributes:
        conversions: files of each fold.
        num_groups: groups of copies that were kept together.
        num_copies: images in them.
        seed: of the division.
    """

    conversions: tuple[Conversion, ...]
    num_groups: int
    num_copies: int
    seed: int


def split_into_folds(
    pool: Pool,
    description: DataDescription,
    form: str,
    directory: Path,
    *,
    num_folds: int,
    seed: int = 0,
) -> FoldSplits:
    """Divide a data set into K parts, and make K folds of them.

    Fold k is judged on part k, chooses on part k + 1 (the last one on part 1) and trains on all
    others. So every image is in the test split of one fold and in the validation split of another.

    Args:
        pool: its images; see `harma.curation.resplit.pooled_images`.
        description: the data set.
        form: format of the new annotations.
        directory: where they will go, each fold in a folder of its own.
        num_folds: K, 3 or more.
        seed: of the division.

    Raises:
        ConfigError: the number, the seed or the format is not usable.
        DataError: a name has no place in the format.
    """
    parts = divide_into_folds(pool.groups, pool.labels, num_folds, seed)
    conversions = []
    for fold in range(num_folds):
        by_side = images_by_side(pool.images, _sides(parts, fold, num_folds))
        folder = directory / fold_name(fold)
        conversion = prepare(by_side, form, folder, pool.folder, description)
        conversions.append(replace(conversion, lost=(*pool.unread, *conversion.lost)))
    return FoldSplits(tuple(conversions), pool.num_groups, pool.num_copies, seed)


def _sides(parts: Sequence[int], fold: int, num_folds: int) -> list[str]:
    """The split of each image in a fold."""
    sides = {fold: "test", (fold + 1) % num_folds: "val"}
    return [sides.get(part, "train") for part in parts]


def fold_name(fold: int) -> str:
    """The folder of a fold, counted from 0: fold-1 of the first."""
    return f"fold-{fold + 1}"


def write_folds(
    folds: FoldSplits, directory: Path, *, overwrite: bool = False, lossy: bool = True
) -> Path:
    """Write every fold, and folds.yaml, which `harma compare` takes.

    Args:
        folds: what is written.
        directory: where; made if needed.
        overwrite: replace files that are there.
        lossy: write although the format does not hold all of it.

    Returns:
        The path of folds.yaml.

    Raises:
        ConfigError: something would be lost or overwritten unasked; then nothing is written.
    """
    path = directory / FOLDS_FILE
    # Before the first fold: some folds of one division and some of another would share images.
    names = [fold_name(fold) for fold in range(len(folds.conversions))]
    there = [name for name in (*names, FOLDS_FILE) if (directory / name).exists()]
    if there and not overwrite:
        raise ConfigError(
            f"{directory} has {', '.join(there)} already; name another folder, or overwrite them"
        )
    written = []
    for name, conversion in zip(names, folds.conversions, strict=True):
        described = write_conversion(conversion, directory / name, overwrite=overwrite, lossy=lossy)
        written.append(described.relative_to(directory).as_posix())
    content = {"seed": folds.seed, "folds": written}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    about = (
        "# Made by harma data split --folds. Fold k: judged on part k, chosen on part k + 1 (the"
        " last one\n# on part 1), trained on all others; copies of an image are in one part.\n"
    )
    write_text(path, about + text)
    return path
