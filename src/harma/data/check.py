"""Finding every problem of a data set at once, before an epoch is wasted."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import track

from harma.data.annotations import read_split
from harma.data.description import SPLITS, DataDescription
from harma.data.formats import Problem
from harma.data.images import read_image
from harma.data.split import Split
from harma.errors import DataError, MissingFileError


@dataclass
class CheckReport:
    """What a check found.

    Attributes:
        problems: every problem, in the order of splits and rows.
        sizes: for each split its images and captions that can be used.
    """

    problems: list[Problem] = field(default_factory=list)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)


def check_data(
    description: DataDescription,
    root: str | Path,
    *,
    images: str | Path | None = None,
    splits: Sequence[str] | None = None,
    progress: bool = False,
) -> CheckReport:
    """Read the annotations of all splits and decode every image.

    Args:
        description: the data set.
        root: the folder its files are in.
        images: the image folder, if not where the description says.
        splits: which to look at; None takes all that are described.
        progress: show a bar.

    Raises:
        MissingFileError: the root is not there.
    """
    report = CheckReport()
    read: list[Split] = []
    for name in splits or [name for name in SPLITS if getattr(description, name)]:
        split, problems = read_split(description, name, root, images=images)
        report.problems += problems
        report.sizes[name] = (split.num_images, split.num_captions)
        read.append(split)
    report.problems += _of_images(read, progress)
    report.problems += _in_two_splits(read)
    return report


def _of_images(splits: list[Split], progress: bool) -> list[Problem]:
    """Images that cannot be decoded, each once."""
    source = {path: split.image_sources[i] for split in reversed(splits) for i, path in enumerate(split.images)}
    with ThreadPoolExecutor() as pool:
        results = pool.map(_undecodable, source)
        reasons = track(results, "decoding", total=len(source)) if progress else results
        return [_problem(source[path], why) for path, why in zip(source, reasons, strict=True) if why]


def _undecodable(path: Path) -> str | None:
    try:
        read_image(path)
    except (DataError, MissingFileError) as error:
        return str(error)
    return None


def _in_two_splits(splits: list[Split]) -> list[Problem]:
    seen: dict[Path, str] = {}
    problems = []
    for split in splits:
        for i, path in enumerate(split.images):
            if seen.setdefault(path, split.name) != split.name:
                problems.append(_problem(split.image_sources[i], f"image {path.name} is in {seen[path]} too"))
    return problems


def _problem(source: str, what: str) -> Problem:
    file, _, row = source.partition(" ")
    return Problem(file, row, what)
