"""Pairs of images that may be copies, from descriptors alone: few are missed, most that are found are none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.descriptors import (
    TURNS,
    WHOLE,
    Box,
    descriptors,
    frequencies,
    turned_box,
    turned_coefficients,
)
from harma.curation.audit.looks import Progress

BOXES: tuple[Box, ...] = (
    WHOLE,
    (0.04, 0.96, 0.04, 0.96),
    (0.08, 0.92, 0.08, 0.92),
    (0, 0.93, 0, 0.93),
    (0, 0.93, 0.07, 1),
    (0.07, 1, 0, 0.93),
    (0.07, 1, 0.07, 1),
)
"""Parts of an image that are compared with whole others, as a copy may be cropped: the middle, and the corners."""
LEAST = 0.76
"""Product of descriptors from which a pair is looked at. Measured: benchmarks/audit.py."""
PER_PAIR = 3  # turns and parts of a pair that are tried, the best first
ROWS, COLUMNS = 512, 8192  # what is compared at once: 16 MB

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Ways in which an image may be a copy of another, C of them, by the similarity of their descriptors.

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


def find_candidates(
    grey: NDArray[np.uint8], *, least: float = LEAST, progress: Progress | None = None
) -> Candidates:
    """Compare every image with every other, in all turns and some crops.

    Args:
        grey: (N, SIDE, SIDE).
        least: product of descriptors from which a pair is a candidate.
        progress: called with (images compared, images in all).
    """
    keys = descriptors(frequencies(grey))
    found = []
    for start in range(0, len(grey), ROWS):
        # Of a few images at a time: all ways of all images are 14 kB each.
        for box in range(len(BOXES)):
            ways = turned_coefficients(frequencies(grey[start : start + ROWS], BOXES[box]))
            for turn, (_, coefficients) in enumerate(ways):
                found.append(_of_rows(descriptors(coefficients), keys, start, turn, box, least))
        if progress is not None:
            progress(min(start + ROWS, len(grey)), len(grey))
    if not found:
        none = np.zeros(0, np.int64)
        return Candidates(none, none, none, np.zeros((0, 4)))
    return _best(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _of_rows(
    query: NDArray[np.float32],
    keys: NDArray[np.float32],
    start: int,
    turn: int,
    box: int,
    least: float,
) -> tuple[Ints, Ints, Ints, Ints, NDArray[np.float32]]:
    source, copy, value = [], [], []
    # The whole of an image in a turn meets the other way round too: half of those pairs are enough.
    first_column = start if BOXES[box] == WHOLE else 0
    for left in range(first_column, len(keys), COLUMNS):
        products = query @ keys[left : left + COLUMNS].T
        row, column = np.divmod(np.flatnonzero(products >= least), products.shape[1])
        other = row + start != column + left
        row, column = row[other], column[other]
        source.append(row + start)
        copy.append(column + left)
        value.append(products[row, column])
    count = sum(map(len, source))
    return (
        np.concatenate(source),
        np.concatenate(copy),
        np.full(count, turn),
        np.full(count, box),
        np.concatenate(value),
    )


def _best(
    source: Ints, copy: Ints, turn: Ints, box: Ints, value: NDArray[np.float32]
) -> Candidates:
    """The best ways of each pair."""
    low, high = np.minimum(source, copy), np.maximum(source, copy)
    order = np.lexsort((-value, high, low))
    low, high = low[order], high[order]
    first = np.flatnonzero(
        np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])][: len(order)]
    )
    position = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    kept = order[position < PER_PAIR]
    places = np.array([[turned_box(one, turn) for turn in TURNS] for one in BOXES])
    return Candidates(source[kept], copy[kept], turn[kept], places[box[kept], turn[kept]])
