"""Reading pictures of every kind as RGB, and saying clearly why one cannot be read."""

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from harma.errors import DataError, MissingFileError

# As Pillow's own limit against decompression bombs.
MAX_PIXELS = 178_956_970


def read_image(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Read a picture as RGB, turned upright as its EXIF says; of several pages, the first.

    Args:
        path: the file.
        max_pixels: larger pictures are refused; they belong into an index as scenes, cut into chips.

    Raises:
        MissingFileError: there is no such file.
        DataError: it is empty, truncated, not an image, or absurdly large.
    """
    path = Path(path)
    if not path.is_file():
        reason = "is a directory, not an image file" if path.is_dir() else "is not there"
        raise MissingFileError(f"image {path} {reason}")
    if path.stat().st_size == 0:
        raise DataError(f"image {path} is empty (0 bytes); copy it again")
    try:
        with warnings.catch_warnings():
            # We say it ourselves, with the path.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > max_pixels:
                    raise DataError(
                        f"image {path} has {image.width}×{image.height} pixels, more than the {max_pixels:,} allowed; "
                        "cut it into smaller images"
                    )
                image.load()
                return to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise DataError(f"image {path} is not an image that can be read; replace or remove it") from error
    except Image.DecompressionBombError as error:
        raise DataError(f"image {path} is absurdly large ({error}); cut it into smaller images") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"image {path} is truncated or damaged ({error}); copy it again") from error


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow picture as 8-bit RGB.

    Transparent pixels become black, as nodata is in imagery. 16-bit and 32-bit integers are scaled by the full range
    of 16 bits, unless they lie within 8 bits; floats from 0…1, or from their own range if they exceed it.
    """
    if image.mode == "RGB":
        return image
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        return Image.fromarray(_to_uint8(np.asarray(image))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        with_alpha = image.convert("RGBA")
        black = Image.new("RGBA", with_alpha.size, (0, 0, 0, 255))
        return Image.alpha_composite(black, with_alpha).convert("RGB")
    return image.convert("RGB")


def to_uint8_rgb(image: Any) -> Tensor:
    """A Pillow picture or an array as a uint8 tensor (3, H, W).

    Args:
        image: a Pillow picture, or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of uint8, uint16 or floats; the
            fourth channel is alpha.

    Raises:
        DataError: it is neither, or has another shape.
    """
    array = np.array(to_rgb(image)) if isinstance(image, Image.Image) else _array_to_rgb(image)
    return torch.from_numpy(array).permute(2, 0, 1).contiguous()


def _array_to_rgb(image: Any) -> NDArray[np.uint8]:
    array = np.asarray(image)
    if array.dtype == object or array.ndim not in (2, 3) or array.size == 0:
        raise DataError(
            f"an image is a path, a Pillow picture or an array (H, W), (H, W, 3) or (H, W, 4); "
            f"got {type(image).__name__} of shape {array.shape}"
        )
    channels = array.shape[2] if array.ndim == 3 else 1
    if channels not in (1, 3, 4):
        raise DataError(f"an image array has 1, 3 or 4 channels in its last axis; got shape {array.shape}")
    eight = _to_uint8(array).reshape(*array.shape[:2], channels)
    if channels == 1:
        return np.repeat(eight, 3, axis=2)
    if channels == 4:
        return (eight[..., :3].astype(np.uint16) * eight[..., 3:] // 255).astype(np.uint8)
    return eight.copy()


def _to_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(array.dtype, np.floating):
        return _float_to_uint8(array)
    if array.max(initial=0) <= 255 and array.min(initial=0) >= 0:
        return array.astype(np.uint8)
    return (np.clip(array.astype(np.int64), 0, 65535) * 255 // 65535).astype(np.uint8)


def _float_to_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    finite = np.nan_to_num(array.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(finite.min(initial=0)), float(finite.max(initial=0))
    if low < 0 or high > 1:
        finite = (finite - low) / (high - low)
    return np.rint(finite * 255).astype(np.uint8)
