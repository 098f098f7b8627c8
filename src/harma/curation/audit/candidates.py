"""Candidates of the audit: pairs of images whose descriptors are alike; most are none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.descriptors import WHOLE_IMAGE, descriptors, frequencies
from harma.curation.audit.turns import TURNS, Box, turned_box, turned_coefficients
from harma.ground.progress import Advance

BOXES: tuple[Box, ...] = (
    WHOLE_IMAGE,
    (0.04, 0.96, 0.04, 0.96),
    (0.08, 0.92, 0.08, 0.92),
    (0, 0.93, 0, 0.93),
    (0, 0.93, 0.07, 1),
    (0.07, 1, 0, 0.93),
    (0.07, 1, 0.07, 1),
)
"""Parts of an image compared with whole others, as a copy may be cropped: middle and corners."""
LEAST = 0.76
"""Product of descriptors from which a pair is looked at. Measured: benchmarks/audit.py."""
PER_PAIR = 3  # turns and parts of a pair that are tried, the best first
ROWS, COLUMNS = 512, 8192  # what is compared at once: 16 MB

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Ways in which an image may be a copy of another, C of them, by their descriptors' product.

    Attributes:
        source: (C,) image that is turned and cropped.
        copy: (C,) image that may show the result.
        turn: (C,) number in TURNS.
        box: (C, 4) part of the turned source: top, bottom, left, right, as shares.
    """

    source: Ints
    copy: Ints
    turn: Ints
    box: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Ways:
    """Ways before the best of each pair are chosen, W of them; `box` is a number in BOXES."""

    source: Ints
    copy: Ints
    turn: Ints
    box: Ints
    product: Floats

    @classmethod
    def joined(cls, parts: "list[_Ways]") -> "_Ways":
        return cls(
            np.concatenate([part.source for part in parts]),
            np.concatenate([part.copy for part in parts]),
            np.concatenate([part.turn for part in parts]),
            np.concatenate([part.box for part in parts]),
            np.concatenate([part.product for part in parts]),
        )


def find_candidates(
    grey: NDArray[np.uint8], *, least: float = LEAST, progress: Advance | None = None
) -> Candidates:
    """Compare every image with every other, in all turns and some crops.

    Args:
        grey: (N, LOOK_SIDE, LOOK_SIDE).
        least: product of descriptors from which a pair is a candidate.
        progress: called with (images compared, images in all).
    """
    keys = descriptors(frequencies(grey))
    parts = []
    for start in range(0, len(grey), ROWS):
        # Of a few images at a time: all ways of all images are 14 kB each.
        for box in range(len(BOXES)):
            coefficients = frequencies(grey[start : start + ROWS], BOXES[box])
            for turn, changed in enumerate(turned_coefficients(coefficients)):
                query = descriptors(changed)
                # The whole of an image in a turn meets the other way round too: half of those
                # pairs are enough.
                first_key = start if BOXES[box] == WHOLE_IMAGE else 0
                source, copy, product = _alike(query, keys, start, first_key, least)
                same_turn = np.full(len(source), turn)
                same_box = np.full(len(source), box)
                parts.append(_Ways(source, copy, same_turn, same_box, product))
        if progress is not None:
            progress(min(start + ROWS, len(grey)), len(grey))
    if not parts:
        none = np.zeros(0, np.int64)
        return Candidates(none, none, none, np.zeros((0, 4)))
    return _best(_Ways.joined(parts))


def _alike(
    query: Floats, keys: Floats, start: int, first_key: int, least: float
) -> tuple[Ints, Ints, Floats]:
    """Pairs of rows of `query` (images from `start` on) and `keys` whose product is large."""
    source = []
    copy = []
    product = []
    for left in range(first_key, len(keys), COLUMNS):
        products = query @ keys[left : left + COLUMNS].T
        # Flat first: `nonzero` of two dimensions takes twice the time.
        row, column = np.divmod(np.flatnonzero(products >= least), products.shape[1])
        # No image is a copy of itself.
        other = row + start != column + left
        row = row[other]
        column = column[other]
        source.append(row + start)
        copy.append(column + left)
        product.append(products[row, column])
    return np.concatenate(source), np.concatenate(copy), np.concatenate(product)


def _best(ways: _Ways) -> Candidates:
    """The best ways of each pair, whichever of the two is turned."""
    low = np.minimum(ways.source, ways.copy)
    high = np.maximum(ways.source, ways.copy)
    # Pair by pair, in each pair the largest product first.
    order = np.lexsort((-ways.product, high, low))
    chosen = order[_rank_in_pair(low[order], high[order]) < PER_PAIR]
    box = ways.box[chosen]
    turn = ways.turn[chosen]
    return Candidates(ways.source[chosen], ways.copy[chosen], turn, _turned_boxes()[box, turn])


def _rank_in_pair(low: Ints, high: Ints) -> Ints:
    """For pairs in order, how many of the same pair stand before each."""
    is_new = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    first = np.flatnonzero(np.r_[True, is_new][: len(low)])
    lengths = np.diff(np.r_[first, len(low)])
    rank: Ints = np.arange(len(low)) - np.repeat(first, lengths)
    return rank


def _turned_boxes() -> NDArray[np.float64]:
    """(boxes, turns, 4): each part of an image where it lies in each turn."""
    boxes = np.zeros((len(BOXES), len(TURNS), 4))
    for i, box in enumerate(BOXES):
        for j, turn in enumerate(TURNS):
            boxes[i, j] = turned_box(box, turn)
    return boxes
