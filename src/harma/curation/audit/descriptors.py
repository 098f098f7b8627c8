"""Short descriptions of pictures (perceptual hash): pictures look alike where they agree.

A descriptor holds the lowest 8×8 frequencies (DCT) of a grey picture without its mean, each
weighted by its frequency (natural pictures have amplitudes that fall with it), L2-normalised. It is
the perceptual hash of the field (pHash) before its bits are cut off: what those bits lose is what
tells a cropped copy from another picture. Two pictures look alike where their descriptors have a
large product.
"""

import numpy as np
from numpy.typing import NDArray

from harma.curation.audit.looks import LOOK_SIDE
from harma.curation.audit.turns import Box

Floats = NDArray[np.float32]

CELLS = 32  # a picture is averaged to 32×32 before its frequencies are taken
FREQUENCIES = 8
AT_ONCE = 4096  # pictures that are floats at a time
TINY = 1e-6  # keeps a flat picture from a division by nothing

WHOLE_IMAGE: Box = (0.0, 1.0, 0.0, 1.0)


def sampling(low: NDArray[np.floating], high: NDArray[np.floating], cells: int) -> Floats:
    """Matrices that average the part low…high of a line of LOOK_SIDE pixels to `cells` values.

    Args:
        low: (P,) start, as a share of the line; below 0 lies outside.
        high: (P,) end.
        cells: values of the result.

    Returns:
        (P, cells, LOOK_SIDE); the weights of a cell sum to the share of it that lies on the line.
    """
    edges = LOOK_SIDE * (low[:, None] + (high - low)[:, None] * np.linspace(0, 1, cells + 1))
    first = edges[:, :-1, None]
    last = edges[:, 1:, None]
    pixel = np.arange(LOOK_SIDE)
    # How much of each pixel lies in each cell.
    covered = np.clip(np.minimum(last, pixel + 1) - np.maximum(first, pixel), 0, None)
    weights: Floats = (covered / np.maximum(last - first, TINY)).astype(np.float32)
    return weights


def frequencies(grey: NDArray[np.uint8], box: Box = WHOLE_IMAGE) -> Floats:
    """Lowest frequencies of a part of pictures.

    Args:
        grey: (N, LOOK_SIDE, LOOK_SIDE).
        box: the part.

    Returns:
        (N, 8, 8) DCT coefficients, the first index down.
    """
    place = (np.arange(CELLS) + 0.5) / CELLS
    waves = np.cos(np.pi * np.arange(FREQUENCIES)[:, None] * place).astype(np.float32)
    top, bottom, left, right = (np.array([edge]) for edge in box)
    down = waves @ sampling(top, bottom, CELLS)[0]
    across = waves @ sampling(left, right, CELLS)[0]
    coefficients = np.zeros((len(grey), FREQUENCIES, FREQUENCIES), np.float32)
    for start in range(0, len(grey), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        coefficients[part] = down @ grey[part].astype(np.float32) @ across.T
    return coefficients


def descriptors(coefficients: Floats) -> Floats:
    """(N, 63) descriptors of (N, 8, 8) coefficients."""
    step = np.arange(FREQUENCIES)
    # The cosine of frequency 0 has twice the energy of the others.
    energy = np.where(step == 0, np.sqrt(0.5), 1)
    weights = np.hypot(step[:, None], step) * energy * energy[:, None]
    flat = (coefficients * weights.astype(np.float32)).reshape(-1, FREQUENCIES**2)
    # The first one is the mean: brightness tells nothing of what is seen.
    flat = flat[:, 1:]
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    normal: Floats = flat / np.maximum(length, TINY)
    return normal
