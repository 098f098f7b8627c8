"""Finding every problem of a data set at once, before an epoch is wasted (`harma data check`)."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harma.data.annotations import EmptyCaptions, read_split
from harma.data.description import DataDescription
from harma.data.grouping import Reading
from harma.data.images import read_image
from harma.data.rows import Place, Problem
from harma.errors import ConfigError, DataError, MissingFileError

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        problems: everything that cannot be used, in the order of files and rows.
        sizes: for each split its images and captions that can be used.
        dropped: what was left out because `empty_captions` is "drop", a message each.
    """

    problems: tuple[Problem, ...]
    sizes: dict[str, tuple[int, int]]
    dropped: tuple[str, ...]


def check_data(
    description: DataDescription,
    root: str | Path,
    *,
    splits: Sequence[str] | None = None,
    images: str | Path | None = None,
    empty_captions: EmptyCaptions = "error",
    num_workers: int = 4,
    progress: Progress | None = None,
) -> CheckReport:
    """Read the annotations of all splits and decode every image, those of faulty rows included.

    Args:
        description: the data set.
        root: the folder its files are in.
        splits: which to look at; None takes all that are described.
        images: the image folder, if not where the description says.
        empty_captions: captions that are empty after cleaning are problems ("error"), or listed as
            dropped ("drop").
        num_workers: threads that decode.
        progress: called with (images decoded, images in all).

    Raises:
        MissingFileError: the root is not there.
        ConfigError: the data set has no such split, or none at all.
    """
    names = description.splits if splits is None else tuple(splits)
    if not names:
        raise ConfigError(
            f"data set {description.name} names no annotation files; add train, val or test to it"
        )
    readings = {
        name: read_split(description, name, root, images=images, empty_captions=empty_captions)
        for name in names
    }
    places: dict[Path, Place] = {}
    for reading in readings.values():
        places = {**reading.places, **places}
    found = [problem for reading in readings.values() for problem in reading.problems]
    found += _repeated(readings) + _unreadable(places, num_workers, progress)
    return CheckReport(
        problems=_in_order(found, [file for name in names for file in description.files(name)]),
        sizes={
            name: (reading.split.num_images, reading.split.num_captions)
            for name, reading in readings.items()
        },
        dropped=tuple(
            message for reading in readings.values() for message in reading.split.dropped
        ),
    )


def _repeated(readings: dict[str, Reading]) -> list[Problem]:
    """Images that two splits, or two files of one split, name."""
    problems = []
    first: dict[Path, tuple[str, Place]] = {}
    for name, reading in readings.items():
        for path, place in reading.repeated:
            problems.append(
                place.problem(
                    f"image {path} is in {reading.places[path]} too: its pairs count as each"
                    " other's negatives"
                )
            )
        for path, place in reading.places.items():
            other, where = first.setdefault(path, (name, place))
            if other != name:
                problems.append(
                    place.problem(
                        f"image {path} of {name} is in {other} too ({where}); keep it in one split"
                        " only"
                    )
                )
    return problems


def _unreadable(
    places: dict[Path, Place], num_workers: int, progress: Progress | None
) -> list[Problem]:
    """Images that cannot be decoded, each once. Threads suffice: Pillow's decoders run beside each other."""
    problems = []
    with ThreadPoolExecutor(max(1, num_workers)) as pool:
        reasons = pool.map(_why_unreadable, places)
        for done, (place, why) in enumerate(zip(places.values(), reasons, strict=True), start=1):
            if why is not None:
                problems.append(place.problem(why))
            if progress is not None:
                progress(done, len(places))
    return problems


def _why_unreadable(path: Path) -> str | None:
    try:
        read_image(path)
    except (DataError, MissingFileError) as error:
        return str(error)
    return None


def _in_order(problems: Sequence[Problem], files: Sequence[str]) -> tuple[Problem, ...]:
    """Each once (splits may share a file), in the order of files, what concerns a whole file before its rows."""
    rank = {
        file: i
        for i, file in enumerate(dict.fromkeys([*files, *(problem.file for problem in problems)]))
    }
    return tuple(
        sorted(
            dict.fromkeys(problems),
            key=lambda problem: (
                rank[problem.file],
                int(problem.row.split()[-1]) if problem.row else -1,
            ),
        )
    )
