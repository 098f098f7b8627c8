"""Mirrored and turned: the eight ways a picture may lie, for pictures and boxes."""

import numpy as np
from numpy.typing import NDArray

Turn = tuple[bool, bool, bool]
"""(transposed, upside down, left to right), done in this order."""

Box = tuple[float, float, float, float]
"""Top, bottom, left and right of a part of a picture, as shares of its sides."""

TURN_NAMES: dict[Turn, str] = {
    (False, False, False): "",
    (False, False, True): "mirrored",
    (False, True, False): "upside down",
    (False, True, True): "turned 180°",
    (True, False, False): "transposed",
    (True, False, True): "turned 90°",
    (True, True, False): "turned 270°",
    (True, True, True): "transposed the other way",
}
TURNS = tuple(TURN_NAMES)


def turned(grey: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    """Pictures (N, H, W) mirrored and turned."""
    # Views: nothing is copied.
    transposed, down, across = turn
    if transposed:
        grey = grey.transpose(0, 2, 1)
    if down:
        grey = grey[:, ::-1]
    if across:
        grey = grey[:, :, ::-1]
    return grey


def turned_box(box: Box, turn: Turn) -> Box:
    """Where a part of a picture lies in the picture turned."""
    transposed, down, across = turn
    # In the order of `turned`: transposed first.
    vertical = box[:2]
    horizontal = box[2:]
    if transposed:
        vertical = box[2:]
        horizontal = box[:2]
    if down:
        vertical = _mirrored(vertical)
    if across:
        horizontal = _mirrored(horizontal)
    return (*vertical, *horizontal)


def _mirrored(edges: tuple[float, float]) -> tuple[float, float]:
    low, high = edges
    return 1 - high, 1 - low
