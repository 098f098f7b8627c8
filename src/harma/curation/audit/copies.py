"""Which images are copies of each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.alignment import fit
from harma.curation.audit.candidates import find_candidates
from harma.curation.audit.descriptors import TURN_NAMES, TURNS, turned
from harma.curation.audit.looks import Looks, Progress
from harma.errors import ConfigError

THRESHOLD = 0.82
"""Agreement of details from which two images are copies. Measured: benchmarks/audit.py."""
KINDS = ("file", "pixels", "near")
AT_ONCE = 4096


@dataclass(frozen=True)
class Copy:
    """Two images that show the same.

    Attributes:
        first: number of an image.
        second: number of another, the larger.
        kind: "file": the same bytes; "pixels": other bytes, the same pixels; "near": re-encoded,
            resized, cropped, mirrored or turned.
        agreement: of details, up to 1.
        turn: how one is mirrored or turned against the other, "" if not.
        overlap: share of the one that the other shows.
    """

    first: int
    second: int
    kind: str
    agreement: float = 1.0
    turn: str = ""
    overlap: float = 1.0


def find_copies(
    looks: Looks,
    *,
    near: bool = True,
    threshold: float = THRESHOLD,
    progress: Progress | None = None,
) -> tuple[Copy, ...]:
    """All pairs of copies, each once.

    Of images with the same file or pixels, each is paired with the first only; near copies are
    looked for among the first ones.

    Args:
        looks: N images.
        near: also look for near copies.
        threshold: agreement of details from which a pair counts, 0 to 1.
        progress: called with (images compared, images in all).

    Returns:
        The pairs, by first image.

    Raises:
        ConfigError: the threshold is out of range.
    """
    if not 0 < threshold <= 1:
        raise ConfigError(f"threshold is {threshold}; it must be over 0 and at most 1")
    exact, firsts = _exact(looks)
    found = exact + (_near(looks.grey, firsts, threshold, progress) if near else [])
    return tuple(sorted(found, key=lambda copy: (copy.first, copy.second)))


def _exact(looks: Looks) -> tuple[list[Copy], NDArray[np.int64]]:
    """Copies of files and pixels, and the first image of each content."""
    first_file: dict[str, int] = {}
    first_pixels: dict[str, int] = {}
    copies, firsts = [], []
    for number, (file, pixels) in enumerate(zip(looks.files, looks.pixels, strict=True)):
        if (known := first_file.setdefault(file, number)) != number:
            copies.append(Copy(known, number, "file"))
        elif (known := first_pixels.setdefault(pixels, number)) != number:
            copies.append(Copy(known, number, "pixels"))
        else:
            firsts.append(number)
    return copies, np.array(firsts, dtype=np.int64)


def _near(
    grey: NDArray[np.uint8], numbers: NDArray[np.int64], threshold: float, progress: Progress | None
) -> list[Copy]:
    found = find_candidates(grey[numbers], progress=progress)
    best: dict[tuple[int, int], Copy] = {}
    for start in range(0, len(found.source), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        source, copy, turn = (
            numbers[found.source[part]],
            numbers[found.copy[part]],
            found.turn[part],
        )
        pictures = np.empty((len(source), *grey.shape[1:]), dtype=np.uint8)
        for number in np.unique(turn):
            own = turn == number
            pictures[own] = turned(grey[source[own]], TURNS[number])
        result = fit(pictures, grey[copy], found.box[part])
        for i in np.flatnonzero(result.detail >= threshold):
            key = (int(min(source[i], copy[i])), int(max(source[i], copy[i])))
            pair = Copy(
                *key,
                "near",
                round(float(result.detail[i]), 4),
                TURN_NAMES[TURNS[turn[i]]],
                round(float(result.overlap[i]), 3),
            )
            if key not in best or best[key].agreement < pair.agreement:
                best[key] = pair
    return list(best.values())


def groups_of(copies: Sequence[Copy], num_images: int) -> list[list[int]]:
    """Images that are copies of each other, directly or through others; groups of two or more, by first image."""
    parent = list(range(num_images))

    def root(image: int) -> int:
        while parent[image] != image:
            parent[image] = parent[parent[image]]
            image = parent[image]
        return image

    for copy in copies:
        low, high = sorted((root(copy.first), root(copy.second)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for image in sorted({number for copy in copies for number in (copy.first, copy.second)}):
        members.setdefault(root(image), []).append(image)
    return [members[key] for key in sorted(members)]
