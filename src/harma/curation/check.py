"""Finding every problem of a data set at once, before an epoch is wasted (`harma data check`)."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from harma.curation.long_captions import UNCUT_WORDS, LongCaptions, count_long
from harma.data.annotations import EmptyCaptions, read_split
from harma.data.description import DataDescription
from harma.data.grouping import SplitReading
from harma.data.rows import Problem, RowPlace
from harma.data.split import SplitSize
from harma.errors import DataError, MissingFileError
from harma.ground.progress import Advance
from harma.scenes.rendering import read_rgb


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        problems: everything that cannot be used, in the order of files and rows.
        sizes: for each split its images and captions that can be used.
        dropped: what was left out because `empty_captions` is "drop", a message each.
        long: captions that are longer than what is read of them.
    """

    problems: tuple[Problem, ...]
    sizes: dict[str, SplitSize]
    dropped: tuple[str, ...]
    long: LongCaptions = field(default_factory=LongCaptions)


def check_data(
    description: DataDescription,
    root: str | Path,
    *,
    splits: Sequence[str] | None = None,
    images: str | Path | None = None,
    empty_captions: EmptyCaptions = "error",
    num_workers: int = 4,
    progress: Advance | None = None,
    count_tokens: Callable[[str], int] | None = None,
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
        count_tokens: of a text, without the marks of its start and end; None: tokens are not
            counted.

    Raises:
        MissingFileError: the root is not there.
        ConfigError: the data set has no such split, or none at all.
    """
    readings = [
        read_split(
            description,
            name,
            root,
            images=images,
            empty_captions=empty_captions,
            max_words=UNCUT_WORDS,
        )
        for name in description.chosen_splits(splits)
    ]
    problems: list[Problem] = []
    places: dict[Path, RowPlace] = {}
    files: list[str] = []
    sizes: dict[str, SplitSize] = {}
    dropped: list[str] = []
    captions: list[str] = []
    for reading in readings:
        problems += reading.problems
        # The first place that names an image stays: a problem is told where it begins.
        places = {**reading.places, **places}
        files += reading.files
        sizes[reading.split.name] = reading.split.size
        dropped += reading.split.dropped
        captions += reading.split.captions
    problems += _repeated(readings)
    problems += _undecodable(places, num_workers, progress)
    long = count_long(captions, count_tokens)
    return CheckReport(_in_order(problems, files), sizes, tuple(dropped), long)


def _repeated(readings: Sequence[SplitReading]) -> list[Problem]:
    """Images that two splits, or two files of one split, name."""
    problems = []
    first_split: dict[Path, SplitReading] = {}
    for reading in readings:
        for path, place in reading.repeated:
            what = f"image {path} is in {reading.places[path]} too"
            harm = "its pairs count as each other's negatives"
            problems.append(place.problem(f"{what}: {harm}"))
        for path, place in reading.places.items():
            # What is trained on and measured on at once makes figures worthless.
            other = first_split.setdefault(path, reading)
            if other is not reading:
                what = f"image {path} of {reading.split.name} is in {other.split.name} too"
                where = other.places[path]
                problems.append(place.problem(f"{what} ({where}); keep it in one split only"))
    return problems


def _undecodable(
    places: dict[Path, RowPlace], num_workers: int, progress: Advance | None
) -> list[Problem]:
    """Images that cannot be decoded, each once."""
    problems = []
    # Threads suffice: Pillow's decoders run beside each other.
    with ThreadPoolExecutor(max(1, num_workers)) as pool:
        reasons = pool.map(_why_undecodable, places)
        for done, (place, why) in enumerate(zip(places.values(), reasons, strict=True), start=1):
            if why is not None:
                problems.append(place.problem(why))
            if progress is not None:
                progress(done, len(places))
    return problems


def _why_undecodable(path: Path) -> str | None:
    try:
        read_rgb(path)
    except (DataError, MissingFileError) as error:
        return str(error)
    return None


def _in_order(problems: Sequence[Problem], files: Sequence[str]) -> tuple[Problem, ...]:
    """In the order of files, what concerns a whole file before its rows.

    Each once: splits may share a file.
    """
    # Files of the description first; a problem may name another, such as images of a caption file.
    all_files = dict.fromkeys([*files, *(problem.file for problem in problems)])
    rank = {file: index for index, file in enumerate(all_files)}

    def place(problem: Problem) -> tuple[int, int]:
        row = -1
        if problem.row:
            # "row 17" or "line 3".
            row = int(problem.row.split()[-1])
        return rank[problem.file], row

    return tuple(sorted(dict.fromkeys(problems), key=place))
