"""Whether one picture shows a part of another: the part is fitted, then details are compared.

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
AT_ONCE = 512
SMALLEST, LARGEST = 0.7, 1.15  # sides of a box, as shares of the picture
LEAST_SEEN = 0.7  # of a box must lie on the picture
LONGEST_MOVE = 0.03  # of an edge in a step

Floats = NDArray[np.float64]
Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Fit:
    """How well parts of pictures fit others, P pairs.

    Attributes:
        boxes: (P, 4) top, bottom, left, right of the part, as shares of the source's sides.
        detail: (P,) agreement of details, -1 to 1; -1 where no box was found.
        overlap: (P,) share of the copy that the source shows.
    """

    boxes: Floats
    detail: Floats
    overlap: Floats


def fit(source: NDArray[np.uint8], copy: NDArray[np.uint8], box: Floats) -> Fit:
    """Fit a box in each source so that it shows the copy.

    Args:
        source: (P, SIDE, SIDE), turned as the copy is.
        copy: (P, SIDE, SIDE).
        box: (P, 4) where to begin: top, bottom, left, right.
    """
    parts = [
        _fit(source[i : i + AT_ONCE], copy[i : i + AT_ONCE], box[i : i + AT_ONCE])
        for i in range(0, len(source), AT_ONCE)
    ]
    if not parts:
        return Fit(np.zeros((0, 4)), np.zeros(0), np.zeros(0))
    boxes, detail, overlap = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Fit(boxes, detail, overlap)


def _fit(
    source: NDArray[np.uint8], copy: NDArray[np.uint8], start: Floats
) -> tuple[Floats, Floats, Floats]:
    source_picture, copy_picture = source.astype(np.float32), copy.astype(np.float32)
    boxes = start.astype(np.float32)
    detail, overlap = np.full(len(source), -1, np.float32), np.zeros(len(source), np.float32)
    left = np.arange(len(source))
    for cells, steps in STAGES:
        whole = sampling(np.zeros(1), np.ones(1), cells)[0]
        pictures, wanted, box = (
            source_picture[left],
            whole @ copy_picture[left] @ whole.T,
            boxes[left],
        )
        for _ in range(steps):
            box = box + np.clip(
                _step(*_seen(pictures, box, cells), wanted), -LONGEST_MOVE, LONGEST_MOVE
            )
        seen, mask = _seen(pictures, box, cells)
        boxes[left], overlap[left] = box, mask.mean(axis=(1, 2))
        detail[left] = np.where(_possible(box, overlap[left]), _detail(seen, mask, wanted), -1)
        left = left[detail[left] >= HOPELESS]
    # What was given up early has not been compared in detail.
    given_up = np.ones(len(source), dtype=bool)
    given_up[left] = False
    return boxes.astype(np.float64), np.where(given_up, -1.0, detail), overlap.astype(np.float64)


def _possible(boxes: Array, overlap: Array) -> NDArray[np.bool_]:
    height, width = boxes[:, 1] - boxes[:, 0], boxes[:, 3] - boxes[:, 2]
    good: NDArray[np.bool_] = (
        (np.minimum(height, width) > SMALLEST)
        & (np.maximum(height, width) < LARGEST)
        & (overlap >= LEAST_SEEN)
    )
    return good


def _seen(pictures: Array, boxes: Array, cells: int) -> tuple[Array, NDArray[np.bool_]]:
    """What a box shows, and which cells of it lie on the picture."""
    down = sampling(boxes[:, 0], boxes[:, 1], cells)
    across = sampling(boxes[:, 2], boxes[:, 3], cells)
    # A cell that hangs over the edge by a little still counts: it shows what it has.
    rows, columns = down.sum(axis=2), across.sum(axis=2)
    mask = (rows > 0.5)[:, :, None] & (columns > 0.5)[:, None, :]
    down /= np.maximum(rows, 1e-6)[..., None]
    across /= np.maximum(columns, 1e-6)[..., None]
    seen: Array = (down @ pictures @ across.transpose(0, 2, 1)).astype(np.float32, copy=False)
    return seen, mask


def _step(seen: Array, mask: NDArray[np.bool_], wanted: Array) -> Array:
    """(P, 4) moves of the edges, by least squares."""
    cells = seen.shape[1]
    place = ((np.arange(cells) + 0.5) / cells).astype(np.float32)
    down, across = np.gradient(seen, axis=1) * cells, np.gradient(seen, axis=2) * cells
    edges = [
        down * (1 - place)[:, None],
        down * place[:, None],
        across * (1 - place),
        across * place,
    ]
    slopes = np.stack([_centred(edge, mask) for edge in edges], axis=1)
    now, aim = _centred(seen, mask), _centred(wanted, mask)
    # Contrast: the aim is brought to that of what is seen.
    gain = (now * aim).sum(1) / np.maximum((aim * aim).sum(1), 1e-6)
    missing = np.maximum(gain, 0)[:, None] * aim - now
    normal = slopes @ slopes.transpose(0, 2, 1)
    damping = (1e-3 * np.trace(normal, axis1=1, axis2=2)[:, None, None] + 1e-3) * np.eye(
        4, dtype=np.float32
    )
    moves: Array = np.linalg.solve(normal + damping, slopes @ missing[:, :, None])[:, :, 0]
    return moves


def _centred(values: Array, mask: NDArray[np.bool_]) -> Array:
    """(P, cells²) without the mean of what counts; the rest is 0."""
    count = np.maximum(mask.sum(axis=(1, 2), dtype=np.float32), 1)
    mean = (values * mask).sum(axis=(1, 2)) / count
    flat: Array = ((values - mean[:, None, None]) * mask).reshape(len(values), -1)
    return flat


def _detail(seen: Array, mask: NDArray[np.bool_], wanted: Array) -> Array:
    """How well details agree: the mean of two correlations, along and across what runs through both pictures.

    Compared are differences between neighbouring cells, as large shapes alone make no copy. Two
    runways have the same strong lines; along them they differ, which one correlation of everything
    would not notice.
    """
    inside = mask[:, 1:, 1:] & mask[:, :-1, 1:] & mask[:, 1:, :-1]
    a, b = _slopes(seen, inside), _slopes(wanted, inside)
    directions = np.linalg.eigh(a @ a.transpose(0, 2, 1) + b @ b.transpose(0, 2, 1))[1].transpose(
        0, 2, 1
    )
    a, b = directions @ a, directions @ b
    agreement = (a * b).sum(2) / np.sqrt(np.maximum((a * a).sum(2) * (b * b).sum(2), 1e-6))
    result: Array = agreement.mean(axis=1)
    return result


def _slopes(values: Array, inside: NDArray[np.bool_]) -> Array:
    """(P, 2, cells) differences down and across."""
    both = np.stack([np.diff(values, axis=1)[:, :, 1:], np.diff(values, axis=2)[:, 1:]], axis=1)
    flat: Array = (both * inside[:, None]).reshape(len(values), 2, -1)
    return flat
