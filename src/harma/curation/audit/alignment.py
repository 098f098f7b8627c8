"""Alignment: whether one picture shows a part of another; it is fitted, then details compared.

The fit is the enhanced correlation of Evangelidis and Psarakis (IEEE PAMI 2008), for the four edges
of a box: in each step the picture seen in the box is compared with the other, and the edges are
moved by least squares. Brightness and contrast may differ.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.descriptors import sampling

# (cells of a side, steps). Between stages hopeless pairs are given up.
STAGES = ((32, 4), (32, 6))
HOPELESS = 0.15  # detail below which a pair gets no finer stage
AT_ONCE = 128  # pairs whose pictures stay in the cache
SMALLEST = 0.7  # side of a box, as a share of the picture
LARGEST = 1.15
LEAST_SEEN = 0.7  # of a box must lie on the picture
LONGEST_MOVE = 0.03  # of an edge in a step

TINY = 1e-6  # keeps flat pictures from a division by nothing

Floats = NDArray[np.float64]
Array = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Fit:
    """How well parts of pictures fit others, P pairs.

    Attributes:
        boxes: (P, 4) top, bottom, left, right of the part, as shares of the source's sides.
        detail: (P,) agreement of details, -1 to 1; -1 where no box was found.
        overlap: (P,) share of the copy that the source shows.
    """

    boxes: Floats
    detail: Array
    overlap: Floats


def fit(source: NDArray[np.uint8], copy: NDArray[np.uint8], box: Floats) -> Fit:
    """Fit a box in each source so that it shows the copy.

    Args:
        source: (P, LOOK_SIDE, LOOK_SIDE), turned as the copy is.
        copy: (P, LOOK_SIDE, LOOK_SIDE).
        box: (P, 4) where to begin: top, bottom, left, right.
    """
    parts = []
    for start in range(0, len(source), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        parts.append(_fit(source[part], copy[part], box[part]))
    if not parts:
        return Fit(np.zeros((0, 4)), np.zeros(0, np.float32), np.zeros(0))
    return Fit(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.detail for part in parts]),
        np.concatenate([part.overlap for part in parts]),
    )


def _fit(source: NDArray[np.uint8], copy: NDArray[np.uint8], start: Floats) -> Fit:
    source_picture = source.astype(np.float32)
    copy_picture = copy.astype(np.float32)
    boxes = start.astype(np.float32)
    detail = np.full(len(source), -1, np.float32)
    overlap = np.zeros(len(source), np.float32)
    left = np.arange(len(source))  # pairs that are not given up
    for cells, steps in STAGES:
        whole = sampling(np.zeros(1), np.ones(1), cells)[0]
        pictures = source_picture[left]
        aim = whole @ copy_picture[left] @ whole.T
        box = boxes[left]
        for _ in range(steps):
            seen, mask = _seen(pictures, box, cells)
            box = box + np.clip(_step(seen, mask, aim), -LONGEST_MOVE, LONGEST_MOVE)
        seen, mask = _seen(pictures, box, cells)
        boxes[left] = box
        overlap[left] = mask.mean(axis=(1, 2))
        agreement = _detail(seen, mask, aim)
        detail[left] = np.where(_is_possible(box, overlap[left]), agreement, -1)
        left = left[detail[left] >= HOPELESS]
        if not left.size:
            break
    # What was given up early has not been compared in detail.
    given_up = np.ones(len(source), dtype=bool)
    given_up[left] = False
    detail[given_up] = -1
    return Fit(boxes.astype(np.float64), detail, overlap.astype(np.float64))


def _is_possible(boxes: Array, overlap: Array) -> Mask:
    """Whether a box has a size that a copy may have, and lies on the picture."""
    height = boxes[:, 1] - boxes[:, 0]
    width = boxes[:, 3] - boxes[:, 2]
    is_large = np.minimum(height, width) > SMALLEST
    is_small = np.maximum(height, width) < LARGEST
    possible: Mask = is_large & is_small & (overlap >= LEAST_SEEN)
    return possible


def _seen(pictures: Array, boxes: Array, cells: int) -> tuple[Array, Mask]:
    """What a box shows, and which cells of it lie on the picture."""
    down = sampling(boxes[:, 0], boxes[:, 1], cells)
    across = sampling(boxes[:, 2], boxes[:, 3], cells)
    # A cell that hangs over the edge by a little still counts: it shows what it has.
    rows = down.sum(axis=2)
    columns = across.sum(axis=2)
    mask = (rows > 0.5)[:, :, None] & (columns > 0.5)[:, None, :]
    down /= np.maximum(rows, TINY)[..., None]
    across /= np.maximum(columns, TINY)[..., None]
    seen: Array = (down @ pictures @ across.transpose(0, 2, 1)).astype(np.float32, copy=False)
    return seen, mask


def _step(seen: Array, mask: Mask, aim: Array) -> Array:
    """(P, 4) moves of the edges, by least squares."""
    cells = seen.shape[1]
    place = ((np.arange(cells) + 0.5) / cells).astype(np.float32)
    down = np.gradient(seen, axis=1) * cells
    across = np.gradient(seen, axis=2) * cells
    # How what is seen changes when an edge moves: a cell goes along with it by how near it is.
    edges = [
        down * (1 - place)[:, None],
        down * place[:, None],
        across * (1 - place),
        across * place,
    ]
    slopes = np.stack([_centred(edge, mask) for edge in edges], axis=1)
    flat_seen = _centred(seen, mask)
    flat_aim = _centred(aim, mask)
    # Contrast: the aim is brought to that of what is seen.
    energy = np.maximum((flat_aim * flat_aim).sum(1), TINY)
    gain = np.maximum((flat_seen * flat_aim).sum(1) / energy, 0)
    missing = gain[:, None] * flat_aim - flat_seen
    normal = slopes @ slopes.transpose(0, 2, 1)
    # Damped, so that pictures without detail move nowhere instead of anywhere.
    damping = 1e-3 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-3
    normal = normal + damping * np.eye(4, dtype=np.float32)
    moves: Array = np.linalg.solve(normal, slopes @ missing[:, :, None])[:, :, 0]
    return moves


def _centred(values: Array, mask: Mask) -> Array:
    """(P, cells²) without the mean of what counts; the rest is 0."""
    count = np.maximum(mask.sum(axis=(1, 2), dtype=np.float32), 1)
    mean = (values * mask).sum(axis=(1, 2)) / count
    centred = (values - mean[:, None, None]) * mask
    # Not -1: there may be no pictures at all.
    flat: Array = centred.reshape(len(values), values.shape[1] * values.shape[2])
    return flat


def _detail(seen: Array, mask: Mask, aim: Array) -> Array:
    """How well details agree: the mean of two correlations.

    Along and across what runs through both pictures. Compared are differences between neighbouring
    cells, as large shapes alone make no copy. Two runways have the same strong lines; along them
    they differ, which one correlation of everything would not notice.
    """
    inside = mask[:, 1:, 1:] & mask[:, :-1, 1:] & mask[:, 1:, :-1]
    ours = _slopes(seen, inside)
    theirs = _slopes(aim, inside)
    # The directions are those in which the slopes of both together are largest and smallest.
    both = ours @ ours.transpose(0, 2, 1) + theirs @ theirs.transpose(0, 2, 1)
    directions = np.linalg.eigh(both)[1].transpose(0, 2, 1)
    ours = directions @ ours
    theirs = directions @ theirs
    energy = (ours * ours).sum(2) * (theirs * theirs).sum(2)
    agreement = (ours * theirs).sum(2) / np.sqrt(np.maximum(energy, TINY))
    mean: Array = agreement.mean(axis=1)
    return mean


def _slopes(values: Array, inside: Mask) -> Array:
    """(P, 2, cells) differences down and across."""
    down = np.diff(values, axis=1)[:, :, 1:]
    across = np.diff(values, axis=2)[:, 1:]
    both = np.stack([down, across], axis=1)
    flat: Array = (both * inside[:, None]).reshape(len(values), 2, both.shape[2] * both.shape[3])
    return flat
