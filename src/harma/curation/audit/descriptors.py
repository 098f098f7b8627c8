"""Short descriptions of pictures: two pictures look alike where their descriptors have a large product.

A descriptor holds the lowest 8×8 frequencies (DCT) of a grey picture without its mean, each
weighted by its frequency (natural pictures have amplitudes that fall with it), L2-normalised. It is
the perceptual hash of the field (pHash) before its bits are cut off: what those bits lose is what
tells a cropped copy from another picture.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.looks import SIDE

Floats = NDArray[np.float32]

CELLS = 32  # a picture is averaged to 32×32 before its frequencies are taken
FREQUENCIES = 8
DIMENSIONS = FREQUENCIES**2 - 1
AT_ONCE = 4096


def sampling(low: NDArray[np.floating], high: NDArray[np.floating], cells: int) -> Floats:
    """Matrices that average the part low…high of a line of SIDE pixels to `cells` values.

    Args:
        low: (P,) start, as a share of the line; below 0 lies outside.
        high: (P,) end.
        cells: values of the result.

    Returns:
        (P, cells, SIDE); the weights of a cell sum to the share of it that lies on the line.
    """
    edges = SIDE * (low[:, None] + (high - low)[:, None] * np.linspace(0, 1, cells + 1))
    pixel = np.arange(SIDE)
    first, last = edges[:, :-1, None], edges[:, 1:, None]
    covered = np.clip(np.minimum(last, pixel + 1) - np.maximum(first, pixel), 0, None)
    weights: Floats = (covered / np.maximum(last - first, 1e-6)).astype(np.float32)
    return weights


Box = tuple[float, float, float, float]
"""Top, bottom, left and right of a part of a picture, as shares of its sides."""

WHOLE: Box = (0.0, 1.0, 0.0, 1.0)


def frequencies(grey: NDArray[np.uint8], box: Box = WHOLE) -> Floats:
    """Lowest frequencies of a part of pictures.

    Args:
        grey: (N, SIDE, SIDE).
        box: the part.

    Returns:
        (N, 8, 8) DCT coefficients, the first index down.
    """
    place = (np.arange(CELLS) + 0.5) / CELLS
    waves = np.cos(np.pi * np.arange(FREQUENCIES)[:, None] * place).astype(np.float32)
    top, bottom, left, right = (np.array([edge]) for edge in box)
    down, across = waves @ sampling(top, bottom, CELLS)[0], waves @ sampling(left, right, CELLS)[0]
    parts = [
        down @ grey[i : i + AT_ONCE].astype(np.float32) @ across.T
        for i in range(0, len(grey), AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, FREQUENCIES, FREQUENCIES), np.float32)


def descriptors(coefficients: Floats) -> Floats:
    """(N, 63) descriptors of (N, 8, 8) coefficients."""
    step = np.arange(FREQUENCIES)
    # The cosine of frequency 0 has twice the energy of the others.
    weights = (
        np.hypot(step[:, None], step)
        * np.where(step == 0, np.sqrt(0.5), 1)
        * np.where(step == 0, np.sqrt(0.5), 1)[:, None]
    )
    flat = (coefficients * weights.astype(np.float32)).reshape(-1, FREQUENCIES**2)[:, 1:]
    normal: Floats = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return normal


# Mirrored and turned pictures: (transposed, upside down, left to right), done in this order.
TURNS = tuple((t, v, h) for t in (False, True) for v in (False, True) for h in (False, True))
TURN_NAMES = {
    (False, False, False): "",
    (False, False, True): "mirrored",
    (False, True, False): "upside down",
    (False, True, True): "turned 180°",
    (True, False, False): "transposed",
    (True, False, True): "turned 90°",
    (True, True, False): "turned 270°",
    (True, True, True): "transposed the other way",
}


def turned(grey: NDArray[np.uint8], turn: tuple[bool, bool, bool]) -> NDArray[np.uint8]:
    """Pictures (N, H, W) mirrored and turned."""
    transposed, down, across = turn
    grey = grey.transpose(0, 2, 1) if transposed else grey
    grey = grey[:, ::-1] if down else grey
    return grey[:, :, ::-1] if across else grey


def turned_box(box: Box, turn: tuple[bool, bool, bool]) -> Box:
    """Where a part of a picture lies in the picture turned."""
    top, bottom, left, right = box
    transposed, down, across = turn
    if transposed:
        top, bottom, left, right = left, right, top, bottom
    if down:
        top, bottom = 1 - bottom, 1 - top
    if across:
        left, right = 1 - right, 1 - left
    return top, bottom, left, right


def turned_coefficients(coefficients: Floats) -> Iterator[tuple[tuple[bool, bool, bool], Floats]]:
    """Coefficients of the pictures in each of the eight turns: mirroring changes the sign of odd frequencies."""
    signs = (-1.0) ** np.arange(FREQUENCIES, dtype=np.float32)
    for turn in TURNS:
        transposed, down, across = turn
        changed = coefficients.transpose(0, 2, 1) if transposed else coefficients
        changed = changed * signs[:, None] if down else changed
        yield turn, changed * signs if across else changed
