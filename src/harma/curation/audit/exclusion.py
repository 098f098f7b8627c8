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


def exclusions(found: Audit, *, within: bool = False) -> tuple[Exclusion, ...]:
    """What to leave out.

    Of each group of copies, the images of one kind of split stay: test before val before train, of
    whatever data set.

    Args:
        found: the audit.
        within: also thin out copies inside one kind of split (joint training on several data sets):
            the first stays.
    """
    out = []
    for group in found.groups:
        ranked = sorted(group, key=lambda i: (PRECEDENCE.index(found.images[i].split), i))
        stays = found.images[ranked[0]]
        out += [
            Exclusion(found.images[i], stays)
            for i in ranked[1:]
            if within or found.images[i].split != stays.split
        ]
    return tuple(out)


def write_exclusions(
    directory: Path, data: Sequence[str], excluded: Sequence[Exclusion]
) -> list[Path]:
    """Write `exclude_NAME.csv` for each data set, also where nothing is to be left out."""
    paths = []
    for name in data:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(COLUMNS)
        own = [item for item in excluded if item.image.data == name]
        writer.writerows(
            [name, item.image.split, item.image.name, str(item.copy_of)] for item in own
        )
        paths.append(directory / f"exclude_{name}.csv")
        write_text(paths[-1], buffer.getvalue())
    return paths
