"""Duplicates: which images are copies of each other: equal files, equal pixels, near copies."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.alignment import Fit, fit
from harma.curation.audit.candidates import Candidates, find_candidates
from harma.curation.audit.looks import Looks
from harma.curation.audit.turns import TURN_NAMES, TURNS, turned
from harma.errors import ConfigError
from harma.ground.device import small_products
from harma.ground.progress import Advance

THRESHOLD = 0.82
"""Agreement of details from which two images are copies. Measured: benchmarks/audit.py."""
COPY_KINDS = ("file", "pixels", "near")
AT_ONCE = 1024  # candidates that are compared in detail at a time


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
    num_workers: int = 1,
    progress: tuple[Advance | None, Advance | None] = (None, None),
) -> tuple[Copy, ...]:
    """All pairs of copies, each once.

    Of images with the same file or pixels, each is paired with the first only; near copies are
    looked for among the first ones.

    Args:
        looks: N images.
        near: also look for near copies.
        threshold: agreement of details from which a pair counts, 0 to 1.
        num_workers: threads.
        progress: called with (images compared, images in all), then with (candidates looked at in
            detail, candidates in all).

    Returns:
        The pairs, by first image.

    Raises:
        ConfigError: the threshold is out of range.
    """
    if not 0 < threshold <= 1:
        raise ConfigError(f"threshold is {threshold}; it must be over 0 and at most 1")
    copies, firsts = _exact(looks)
    if near:
        candidates = find_candidates(
            looks.grey[firsts], num_workers=num_workers, progress=progress[0]
        )
        # They count through the first images; from here on by the numbers of these.
        found = replace(candidates, source=firsts[candidates.source], copy=firsts[candidates.copy])
        copies += _near(looks.grey, found, threshold, num_workers, progress[1])
    return tuple(sorted(copies, key=lambda copy: (copy.first, copy.second)))


def _exact(looks: Looks) -> tuple[list[Copy], NDArray[np.int64]]:
    """Copies of files and pixels, and the first image of each content."""
    first_file: dict[str, int] = {}
    first_pixels: dict[str, int] = {}
    copies = []
    firsts = []
    # The first of each content stands for all: near copies are compared once, not for each.
    for image, (file, pixels) in enumerate(zip(looks.files, looks.pixels, strict=True)):
        if file in first_file:
            copies.append(Copy(first_file[file], image, "file"))
            continue
        first_file[file] = image
        if pixels in first_pixels:
            copies.append(Copy(first_pixels[pixels], image, "pixels"))
            continue
        first_pixels[pixels] = image
        firsts.append(image)
    return copies, np.array(firsts, dtype=np.int64)


def _near(
    grey: NDArray[np.uint8],
    candidates: Candidates,
    threshold: float,
    num_workers: int,
    progress: Advance | None,
) -> list[Copy]:
    """Near copies among candidates, the best way of each pair."""
    total = len(candidates.source)
    starts = range(0, total, AT_ONCE)
    # A pair may come in several ways: either image turned, whole or in part.
    best: dict[tuple[int, int], Copy] = {}
    with small_products(), ThreadPoolExecutor(max(1, num_workers)) as pool:
        look_closer = partial(_fitted, grey, candidates, threshold)
        for start, copies in zip(starts, pool.map(look_closer, starts), strict=True):
            for copy in copies:
                pair = (copy.first, copy.second)
                if pair not in best or best[pair].agreement < copy.agreement:
                    best[pair] = copy
            if progress is not None:
                progress(min(start + AT_ONCE, total), total)
    return list(best.values())


def _fitted(
    grey: NDArray[np.uint8], candidates: Candidates, threshold: float, start: int
) -> list[Copy]:
    """The copies among some candidates, from `start` on."""
    part = _part(candidates, slice(start, start + AT_ONCE))
    result = fit(_turned_sources(grey, part), grey[part.copy], part.box)
    return [_copy(part, result, int(way)) for way in np.flatnonzero(result.detail >= threshold)]


def _part(candidates: Candidates, part: slice) -> Candidates:
    """Some of the candidates."""
    return Candidates(
        candidates.source[part], candidates.copy[part], candidates.turn[part], candidates.box[part]
    )


def _turned_sources(grey: NDArray[np.uint8], candidates: Candidates) -> NDArray[np.uint8]:
    """(C, SIDE, SIDE): the source of each candidate, turned as the candidate says."""
    # Turn by turn: eight calls instead of one for each candidate.
    pictures = np.empty((len(candidates.source), *grey.shape[1:]), dtype=np.uint8)
    for turn in np.unique(candidates.turn):
        alike = candidates.turn == turn
        pictures[alike] = turned(grey[candidates.source[alike]], TURNS[turn])
    return pictures


def _copy(candidates: Candidates, result: Fit, way: int) -> Copy:
    source = int(candidates.source[way])
    copy = int(candidates.copy[way])
    return Copy(
        min(source, copy),
        max(source, copy),
        "near",
        agreement=round(float(result.detail[way]), 4),
        turn=TURN_NAMES[TURNS[candidates.turn[way]]],
        overlap=round(float(result.overlap[way]), 3),
    )


def groups_of(copies: Sequence[Copy], num_images: int) -> list[list[int]]:
    """Images that are copies of each other, directly or through others.

    Groups of two or more, by first image.
    """
    # Union-find: every image points to one of its group, the first image to itself.
    parent = list(range(num_images))

    def root(image: int) -> int:
        while parent[image] != image:
            # Half of the way is cut for those who come later.
            parent[image] = parent[parent[image]]
            image = parent[image]
        return image

    copied: set[int] = set()
    for copy in copies:
        low, high = sorted((root(copy.first), root(copy.second)))
        parent[high] = low
        copied |= {copy.first, copy.second}
    members: dict[int, list[int]] = {}
    for image in sorted(copied):
        members.setdefault(root(image), []).append(image)
    return [members[first] for first in sorted(members)]
