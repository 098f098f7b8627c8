"""Chips in metres, shown as the ground is: as wide as high, whatever their pixels are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.scenes.place import PixelSize
from harma.scenes.scene import SceneFacts
from harma.scenes.windows import Tiling

Chip = NDArray[Any]


def on_the_ground(picture: Chip, tiling: Tiling, facts: SceneFacts) -> Chip:
    """A chip's picture: of one that is cut by metres, as wide as high.

    Args:
        picture: (H, W, 3), as it was read, or values of bands, float32 (H, W, N).
        tiling: how the scene is cut; chips of so many pixels stay as they are.
        facts: of the scene.
    """
    if tiling.size_m is None or facts.pixel_size is None:
        return picture
    return with_square_pixels(picture, facts.pixel_size)


def with_square_pixels(picture: Chip, size: PixelSize) -> Chip:
    """A picture whose pixels are as wide on the ground as high.

    Args:
        picture: (H, W, 3), or values of bands, float32 (H, W, N).
        size: of its pixels on the ground.
    """
    if size.is_square:
        return picture
    height, width = picture.shape[:2]
    # The finer side stays as it is; of the other, pixels come more than once.
    finest = min(size)
    shape = (round(width * size.across / finest), round(height * size.along / finest))
    if picture.dtype == np.uint8:
        return _resized(picture, shape)
    # Pillow has no picture of several real numbers: band by band.
    bands = [_resized(picture[..., band], shape) for band in range(picture.shape[2])]
    return np.stack(bands, axis=-1)


def _resized(picture: Chip, shape: tuple[int, int]) -> Chip:
    # A copy: torch warns of arrays that cannot be written to.
    return np.array(Image.fromarray(picture).resize(shape, Image.Resampling.BILINEAR))
