"""Pictures as pixels of a model without torch: resized by Pillow, cut or padded, normalised.

The same steps as `harma.data.transforms.eval_transform`, which differs from this by the rounding
of resized values: one of 255 levels here and there.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.backbones.preprocess import Preprocess
from harma.data.resizing import RESIZE_MODES, Size
from harma.scenes.picture import rgb_array

Pixels = NDArray[np.float32]
RESAMPLING = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def pixels_of(image: object, preprocess: Preprocess) -> Pixels:
    """Pixels (3, height, width) of a picture, as a backbone's preprocessing has them.

    Args:
        image: a Pillow picture, or an array (H, W), (H, W, 3) or (H, W, 4).
        preprocess: of the model.

    Raises:
        DataError: it is no picture.
    """
    array = rgb_array(image)
    height, width = array.shape[:2]
    size = RESIZE_MODES[preprocess.resize_mode]((height, width), preprocess.size)
    resized = _resized(array, size, preprocess.interpolation)
    levels = _in_the_middle(resized, preprocess.size).astype(np.float32)
    mean = np.array(preprocess.mean, dtype=np.float64) * 255
    std = np.array(preprocess.std, dtype=np.float64) * 255
    normalised = (levels - mean.astype(np.float32)) / std.astype(np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def _resized(array: NDArray[np.uint8], size: Size, interpolation: str) -> NDArray[np.uint8]:
    """A picture (H, W, 3) in another size."""
    if array.shape[:2] == size:
        return array
    height, width = size
    if interpolation == "nearest":
        # As torch has it: the pixel that the corner of the new one lies in.
        rows = np.arange(height) * array.shape[0] // height
        columns = np.arange(width) * array.shape[1] // width
        taken: NDArray[np.uint8] = array[rows[:, None], columns]
        return taken
    # Pillow needs rows without gaps.
    image = Image.fromarray(np.ascontiguousarray(array))
    return np.asarray(image.resize((width, height), RESAMPLING[interpolation]))


def _in_the_middle(array: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """What is too large is cut around its centre; black lies around what is too small."""
    height, width = size
    # As torchvision's `center_crop`, which pads first, the odd pixel behind.
    missing_rows = max(0, height - array.shape[0])
    missing_columns = max(0, width - array.shape[1])
    rows = (missing_rows // 2, missing_rows - missing_rows // 2)
    columns = (missing_columns // 2, missing_columns - missing_columns // 2)
    padded = np.pad(array, (rows, columns, (0, 0)))
    top = round((padded.shape[0] - height) / 2)
    left = round((padded.shape[1] - width) / 2)
    return padded[top : top + height, left : left + width]
