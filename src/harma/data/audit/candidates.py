"""Pairs of images that may be copies, from descriptors alone: few are missed, most that are found are none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.data.audit.descriptors import descriptors, frequencies, turned_coefficients
from harma.data.audit.looks import Progress

PARTS = (1.0, 0.94, 0.88)
"""Shares of an image that are compared with whole others: a copy may be cropped."""
LEAST = 0.75
"""Product of descriptors from which a pair is looked at. Measured: benchmarks/audit.py."""
PER_PAIR = 2  # turns and parts of a pair that are tried, the best first
ROWS, COLUMNS = 512, 8192  # what is compared at once: 16 MB

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Ways in which an image may be a copy of another, C of them, by the similarity of their descriptors.

    Attributes:
        source: (C,) image that is turned and cropped.
        copy: (C,) image that may show the result.
        turn: (C,) number in TURNS.
        part: (C,) share of the source, a value of PARTS.
    """

    source: Ints
    copy: Ints
    turn: Ints
    part: NDArray[np.float64]


def find_candidates(grey: NDArray[np.uint8], *, least: float = LEAST, progress: Progress | None = None) -> Candidates:
    """Compare every image with every other, in all turns and some crops.

    Args:
        grey: (N, SIDE, SIDE).
        least: product of descriptors from which a pair is a candidate.
        progress: called with (images compared, images in all).
    """
    keys = descriptors(frequencies(grey))
    queries = [
        (number, part, descriptors(coefficients))
        for part in PARTS
        for number, (_, coefficients) in enumerate(turned_coefficients(frequencies(grey, part)))
    ]
    found = []
    for start in range(0, len(grey), ROWS):
        for turn, part, query in queries:
            found.append(_of_rows(query[start : start + ROWS], keys, start, turn, part, least))
        if progress is not None:
            progress(min(start + ROWS, len(grey)), len(grey))
    columns = [np.concatenate(parts) for parts in zip(*found, strict=True)] if found else [np.zeros(0)] * 5
    return _best(*columns)


def _of_rows(
    query: NDArray[np.float32], keys: NDArray[np.float32], start: int, turn: int, part: float, least: float
) -> tuple[Ints, Ints, Ints, NDArray[np.float64], NDArray[np.float64]]:
    source, copy, value = [], [], []
    # The whole of an image in a turn meets the other way round too: half of those pairs are enough.
    first_column = start if part == 1 else 0
    for left in range(first_column, len(keys), COLUMNS):
        products = query @ keys[left : left + COLUMNS].T
        row, column = np.divmod(np.flatnonzero(products >= least), products.shape[1])
        own = row + start == column + left
        row, column = row[~own], column[~own]
        source.append(row + start)
        copy.append(column + left)
        value.append(products[row, column])
    count = sum(map(len, source))
    return (
        np.concatenate(source), np.concatenate(copy), np.full(count, turn), np.full(count, part),
        np.concatenate(value).astype(np.float64),
    )  # fmt: skip


def _best(source: Ints, copy: Ints, turn: Ints, part: NDArray[np.float64], value: NDArray[np.float64]) -> Candidates:
    """The best ways of each pair."""
    source, copy, turn = source.astype(np.int64), copy.astype(np.int64), turn.astype(np.int64)
    low, high = np.minimum(source, copy), np.maximum(source, copy)
    order = np.lexsort((-value, high, low))
    low, high = low[order], high[order]
    starts = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])] if len(order) else np.zeros(0, bool)
    first = np.flatnonzero(starts)
    position = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    kept = order[position < PER_PAIR]
    return Candidates(source[kept], copy[kept], turn[kept], part[kept])
