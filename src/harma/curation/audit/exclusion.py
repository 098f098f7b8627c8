"""Exclusion lists of an audit: what to leave out of training so that no image is on two sides."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harma.curation.audit.audit import Audit, AuditedImage
from harma.ground.files import write_text

# Splits that keep an image first: what is measured on must not be learned from.
PRECEDENCE = ("test", "val", "train")
COLUMNS = ("data", "split", "image", "copy_of")


@dataclass(frozen=True)
class Exclusion:
    """An image to leave out, and the copy of it that stays."""

    image: AuditedImage
    copy_of: AuditedImage


def exclusions(result: Audit, *, within: bool = False) -> tuple[Exclusion, ...]:
    """What to leave out.

    Of each group of copies, the images of one kind of split stay: test before val before train, of
    whatever data set.

    Args:
        result: of the audit.
        within: also thin out copies inside one kind of split (joint training on several data sets):
            the first stays.
    """
    excluded = []
    for group in result.groups:
        images = [result.images[index] for index in group]
        # Sorting keeps the order of the audit among images of one kind of split.
        ranked = sorted(images, key=lambda image: PRECEDENCE.index(image.split))
        stays = ranked[0]
        excluded += [
            Exclusion(image, stays) for image in ranked[1:] if within or image.split != stays.split
        ]
    return tuple(excluded)


def write_exclusions(
    directory: Path, data: Sequence[str], excluded: Sequence[Exclusion]
) -> list[Path]:
    """Write `exclude_NAME.csv` for each data set, also where nothing is to be left out."""
    paths = []
    for name in data:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(COLUMNS)
        for item in excluded:
            if item.image.data == name:
                writer.writerow([name, item.image.split, item.image.name, str(item.copy_of)])
        path = directory / f"exclude_{name}.csv"
        write_text(path, buffer.getvalue())
        paths.append(path)
    return paths
