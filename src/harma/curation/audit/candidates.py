"""Candidates of the audit: pairs of images whose descriptors are alike; most are none."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.bounds import SplitDescriptors, large_products
from harma.curation.audit.descriptors import WHOLE_IMAGE, descriptors, frequencies
from harma.curation.audit.turns import TURNS, Box, turned_box
from harma.ground.device import small_products
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
ROWS = 512  # images of a block
MOST_WAITING = 1_000_000  # ways of a block before the best of each pair are chosen

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

    source: NDArray[np.int32]
    copy: NDArray[np.int32]
    turn: NDArray[np.uint8]
    box: NDArray[np.uint8]
    product: Floats

    @classmethod
    def made(cls, source: Ints, copy: Ints, turn: Ints, box: int, product: Floats) -> "_Ways":
        # No image is a copy of itself.
        other = source != copy
        return cls(
            source[other].astype(np.int32),
            copy[other].astype(np.int32),
            turn[other].astype(np.uint8),
            np.full(int(other.sum()), box, dtype=np.uint8),
            product[other],
        )

    @classmethod
    def none(cls) -> "_Ways":
        nobody = np.zeros(0, np.int64)
        return cls.made(nobody, nobody, nobody, 0, np.zeros(0, np.float32))

    @classmethod
    def joined(cls, parts: "list[_Ways]") -> "_Ways":
        return cls(
            np.concatenate([part.source for part in parts]),
            np.concatenate([part.copy for part in parts]),
            np.concatenate([part.turn for part in parts]),
            np.concatenate([part.box for part in parts]),
            np.concatenate([part.product for part in parts]),
        )

    def chosen(self, which: Ints) -> "_Ways":
        return _Ways(
            self.source[which],
            self.copy[which],
            self.turn[which],
            self.box[which],
            self.product[which],
        )


def find_candidates(
    grey: NDArray[np.uint8],
    *,
    least: float = LEAST,
    num_workers: int = 1,
    progress: Advance | None = None,
) -> Candidates:
    """Compare every image with every other, in all turns and some crops.

    The time grows with the square of the number of images: 0.4 ns of a core for a part of an image
    in a turn and another image, of which there are 52 a pair. Memory: 0.4 kB an image beside its
    picture, some 20 MB a worker, and some 100 bytes a candidate.

    Args:
        grey: (N, LOOK_SIDE, LOOK_SIDE).
        least: product of descriptors from which a pair is a candidate.
        num_workers: threads.
        progress: called with (images compared, images in all).
    """
    keys = SplitDescriptors.of(descriptors(frequencies(grey)))
    parts = []
    starts = range(0, len(grey), ROWS)
    with small_products(), ThreadPoolExecutor(max(1, num_workers)) as pool:
        compare = partial(_ways_of_block, grey, keys, least=least)
        for start, ways in zip(starts, pool.map(compare, starts), strict=True):
            parts.append(ways)
            if progress is not None:
                progress(min(start + ROWS, len(grey)), len(grey))
    if not parts:
        none = np.zeros(0, np.int64)
        return Candidates(none, none, none, np.zeros((0, 4)))
    ways = _best(parts)
    box = _turned_boxes()[ways.box, ways.turn]
    return Candidates(
        ways.source.astype(np.int64), ways.copy.astype(np.int64), ways.turn.astype(np.int64), box
    )


def _ways_of_block(
    grey: NDArray[np.uint8], keys: SplitDescriptors, start: int, *, least: float
) -> _Ways:
    """Ways in which some images, from `start` on, turned and cropped, are alike to any."""
    # Of a few images at a time: all ways of all images are 14 kB each.
    parts = [_Ways.none()]
    waiting = 0
    for box in range(len(BOXES)):
        coefficients = frequencies(grey[start : start + ROWS], BOXES[box])
        # The whole of an image in a turn meets the other way round too: half of those pairs are
        # enough.
        first_key = start if BOXES[box] == WHOLE_IMAGE else 0
        # The turns are four mirrored ways, of the picture and of it transposed.
        for first_turn, lying in ((0, coefficients), (4, coefficients.transpose(0, 2, 1))):
            query = SplitDescriptors.of(descriptors(lying))
            for row, column, way, product in large_products(query, keys, least, first_key):
                ways = _Ways.made(row + start, column, way + first_turn, box, product)
                parts.append(ways)
                waiting += len(ways.source)
                # Where all images are alike, most ways are none of the best of their pair.
                if waiting > MOST_WAITING:
                    parts = [_best(parts)]
                    waiting = 0
    return _best(parts)


def _best(parts: "list[_Ways]") -> _Ways:
    """The best ways of each pair, whichever of the two is turned."""
    ways = _Ways.joined(parts)
    low = np.minimum(ways.source, ways.copy)
    high = np.maximum(ways.source, ways.copy)
    # Pair by pair, in each pair the largest product first; of equal ones always the same first.
    block = ways.source // ROWS
    order = np.lexsort((ways.source, ways.turn, ways.box, block, -ways.product, high, low))
    return ways.chosen(order[_rank_in_pair(low[order], high[order]) < PER_PAIR])


def _rank_in_pair(low: NDArray[np.int32], high: NDArray[np.int32]) -> Ints:
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
