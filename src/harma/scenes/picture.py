"""Decoding pictures (16 bits, alpha, EXIF, CMYK …) to 8-bit RGB; why one cannot be decoded.

What becomes of a pixel (the same for files, Pillow pictures and arrays):

- Grey, palette, CMYK, YCbCr, …: converted to RGB.
- Alpha: fully transparent pixels become black, as nodata is in imagery; all others keep their
  colour. Nothing is blended: four-band aerial images often declare their near infrared as alpha,
  and blending would darken them by it. What has the values of a measured band is no alpha
  (`harma.scenes.opacity`): near infrared is 0 over water.
- Integers of 16 or 32 bits: as they are where all values lie in 0…255, divided by 257 where all lie
  in 0…65535 (the full range, not the image's own, so that images stay comparable), else stretched
  between their minimum and maximum.
- Floats: 0…1 is the full range; whole numbers in 0…255 are 8-bit values; all else is stretched
  between minimum and maximum. NaN and infinities become black.

Rasters of several bands, of floats in several bands or too large to be one picture are scenes, not
pictures.
"""

import os
import struct
import warnings
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from harma.errors import DataError, MissingFileError
from harma.ground.limits import PICTURE_PIXELS
from harma.ground.messages import first_line
from harma.ground.tar_members import open_binary
from harma.scenes.opacity import is_measured

if TYPE_CHECKING:
    from torch import Tensor

MAX_PIXELS = 178_956_970
"""Largest picture that Pillow opens where nobody has asked for more."""

# What Pillow reads no files of: it has another program draw them (EPS), or cannot by itself.
LEFT_OUT = ("EPS", "WMF", "BUFR", "GRIB", "HDF5")

Decoded = TypeVar("Decoded")

# What Pillow's decoders raise on damaged files, as found by cutting and flipping bytes.
DECODING_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    MemoryError,
    RuntimeError,
    AttributeError,
    AssertionError,
    ZeroDivisionError,
    zlib.error,
    struct.error,
)

# EXIF orientations that swap width and height.
ON_ITS_SIDE = (5, 6, 7, 8)


class DecodedPicture(NamedTuple):
    """A picture, whole or smaller.

    Attributes:
        size: width and height as its file says, upright.
        rgb: 8 bit, (H, W, 3).
        alpha: opacity (H, W), 0 where it is transparent; None where all is opaque.
    """

    size: tuple[int, int]
    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None


def read_image(path: str | os.PathLike[str], *, max_pixels: int | None = None) -> Image.Image:
    """Read a picture as 8-bit RGB, upright as its EXIF says; of several pages, the first.

    Args:
        path: the file.
        max_pixels: larger pictures are refused before they are decoded; None takes the limit
            HARMA_MAX_PIXELS.

    Raises:
        MissingFileError: there is no such file, or it is a directory.
        DataError: it is empty, truncated, not an image, or absurdly large; the message says which.
    """
    return _read(Path(path), max_pixels, _whole_rgb)


def read_with_alpha(
    path: str | os.PathLike[str], *, max_pixels: int | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Read a picture as `read_image` does, and how opaque it is.

    Args:
        path: the file.
        max_pixels: larger pictures are refused before they are decoded; None takes the limit
            HARMA_MAX_PIXELS.

    Returns:
        8-bit RGB (H, W, 3); opacity (H, W), 0 where it is transparent, by an alpha channel or a
        colour of its palette that is, or None where all is opaque.

    Raises:
        MissingFileError: there is no such file, or it is a directory.
        DataError: as `read_image`.
    """
    decoded = _read(Path(path), max_pixels, _with_alpha)
    return decoded.rgb, decoded.alpha


def read_scaled(
    path: str | os.PathLike[str], least: int | None, *, max_pixels: int | None = None
) -> DecodedPicture:
    """Read a picture as `read_with_alpha` does, a JPEG smaller where it is far larger than needed.

    JPEG stores blocks of 8 x 8 pixels by their frequencies; of half, a quarter or an eighth of the
    pixels the lower ones are decoded alone, in half the time or less. Pixels differ a little from
    those of the whole picture made smaller.

    Args:
        path: the file.
        least: pixels that both sides keep at least; None: as it is.
        max_pixels: larger pictures are refused before they are decoded; None takes the limit
            HARMA_MAX_PIXELS.

    Raises:
        MissingFileError: there is no such file, or it is a directory.
        DataError: as `read_image`.
    """

    def convert(image: Image.Image) -> DecodedPicture:
        if least is None or image.format != "JPEG":
            return _with_alpha(image)
        size = _upright_size(image)
        # The smallest scale that keeps both sides, which may be the whole.
        image.draft(None, (least, least))
        return _with_alpha(image)._replace(size=size)

    return _read(Path(path), max_pixels, convert)


def _whole_rgb(image: Image.Image) -> Image.Image:
    return to_rgb(_loaded(image))


def _with_alpha(image: Image.Image) -> DecodedPicture:
    image = _loaded(image)
    rgb = to_rgb(image)
    alpha = None
    if image.has_transparency_data:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return DecodedPicture(image.size, np.asarray(rgb), alpha)


def _read(path: Path, max_pixels: int | None, convert: Callable[[Image.Image], Decoded]) -> Decoded:
    """What `convert` makes of a picture that was opened, and not decoded yet."""
    try:
        # Opening a pipe would wait for ever.
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise DataError(f"image {path} is a device or pipe, not an image file")
        with open_binary(path) as file:
            if not _first_bytes(file):
                raise DataError(f"image {path} is empty (0 bytes); copy it again or remove it")
            return _decode(file, path, max_pixels, convert)
    except FileNotFoundError as error:
        raise MissingFileError(f"image {path} is not there") from error
    except IsADirectoryError as error:
        raise MissingFileError(f"image {path} is a directory, not an image file") from error
    except OSError as error:
        raise DataError(f"image {path} cannot be read ({error.strerror or error})") from error


def picture_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Width and height of a picture as `read_image` gives it, from its header alone.

    Raises:
        MissingFileError: there is no such file.
        DataError: it is not an image, or absurdly large.
    """
    path = Path(path)
    try:
        with open_binary(path) as file, open_header(file) as image:
            size = _upright_size(image)
    except Image.DecompressionBombError as error:
        raise DataError(
            f"image {path} is absurdly large, {_too_large(PICTURE_PIXELS.allowed)}"
        ) from error
    except FileNotFoundError as error:
        raise MissingFileError(f"image {path} is not there") from error
    except DECODING_ERRORS as error:
        raise DataError(
            f"image {path} cannot be read ({first_line(error)}); copy it again or remove it"
        ) from error
    if PICTURE_PIXELS.is_over(size[0] * size[1]):
        raise DataError(
            f"image {path} has {size[0]}×{size[1]} pixels, {_too_large(PICTURE_PIXELS.allowed)}"
        )
    return size


def _too_large(allowed: int) -> str:
    return (
        f"more than the {allowed:,} allowed; cut it into smaller images, or set"
        f" {PICTURE_PIXELS.variable} to allow more"
    )


def _decode(
    file: IO[bytes], path: Path, max_pixels: int | None, convert: Callable[[Image.Image], Decoded]
) -> Decoded:
    """What `convert` makes of a picture, from an open file that is not empty."""
    allowed = max_pixels or PICTURE_PIXELS.allowed
    too_large = _too_large(allowed)
    try:
        with open_header(file) as image:
            # From the header: a few bytes may claim a picture of gigabytes.
            width, height = image.size
            if width * height > allowed:
                raise DataError(f"image {path} has {width}×{height} pixels, {too_large}")
            return _converted(image, path, convert)
    except DataError:
        # Ours, and complete; it is a ValueError too, which below would mean a damaged file.
        raise
    except Image.DecompressionBombError as error:
        raise DataError(f"image {path} is absurdly large, {too_large}") from error
    except UnidentifiedImageError as error:
        raise DataError(
            f"image {path} is not an image that can be read (it begins with"
            f" {_first_bytes(file)!r}); replace it by a PNG, JPEG or TIFF of 1, 3 or 4 bands"
        ) from error
    except DECODING_ERRORS as error:
        raise DataError(
            f"image {path} is truncated or damaged ({first_line(error)}); copy it again or"
            " remove it"
        ) from error


def _loaded(image: Image.Image) -> Image.Image:
    """A picture decoded, and upright."""
    # Before it is converted: what is damaged is told apart from what cannot be converted.
    image.load()
    return upright(image)


def _converted(
    image: Image.Image, path: Path, convert: Callable[[Image.Image], Decoded]
) -> Decoded:
    try:
        return convert(image)
    except DataError as error:
        raise DataError(error.problem, source=f"image {path}") from error


def open_header(file: IO[bytes]) -> Image.Image:
    """Open with Pillow, without decoding and without its warning about large pictures.

    The caller refuses them with the path in the message.
    """
    allowed = PICTURE_PIXELS.allowed
    if allowed > MAX_PIXELS:
        # Pillow would refuse what a person allows.
        Image.MAX_IMAGE_PIXELS = allowed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(file, formats=_formats())


@lru_cache(1)
def _formats() -> tuple[str, ...]:
    """The formats that are read, the usual first."""
    Image.preinit()
    usual = list(Image.ID)
    Image.init()
    others = sorted(set(Image.ID) - set(usual))
    return tuple(name for name in [*usual, *others] if name not in LEFT_OUT)


def _first_bytes(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(8)


def upright(image: Image.Image) -> Image.Image:
    """A picture turned as its EXIF orientation says; where that is damaged, it stays as it is."""
    if _orientation(image) == 1:
        return image
    return ImageOps.exif_transpose(image)


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    if _orientation(image) in ON_ITS_SIDE:
        return height, width
    return width, height


def _orientation(image: Image.Image) -> int:
    """As the EXIF data say; 1, upright, where they are damaged."""
    try:
        orientation: int = image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODING_ERRORS:
        return 1
    return orientation


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow picture as 8-bit RGB; the rules are the module's.

    Raises:
        DataError: Pillow cannot convert its mode.
    """
    # Pillow's own conversion of these does not scale as the rules of this module do.
    if image.mode in ("F", "I") or image.mode.startswith("I;"):
        return Image.fromarray(_to_uint8(np.asarray(image))).convert("RGB")
    try:
        if not image.has_transparency_data:
            return image.convert("RGB")
        with_alpha = image.convert("RGBA")
    except ValueError as error:
        raise DataError(
            f"a picture of mode {image.mode} cannot be converted to RGB ({error})"
        ) from error
    return Image.fromarray(_without_alpha(np.asarray(with_alpha)))


def rgb_array(image: object) -> NDArray[np.uint8]:
    """A picture as uint8 (H, W, 3), in memory of its own; the rules are the module's.

    Args:
        image: a Pillow picture, or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of bools,
            integers or floats; the fourth channel is alpha.

    Raises:
        DataError: it is neither, or has another shape or type.
    """
    if isinstance(image, Image.Image):
        return np.array(to_rgb(image))
    array = _with_channels(image)
    num_channels = array.shape[2]
    if num_channels == 1:
        return np.repeat(_to_uint8(array), 3, axis=2)
    # Colours are scaled together, alpha by itself: it need not have their range.
    colours = _to_uint8(array[..., :3])
    if num_channels == 3:
        return np.array(colours)
    return _without_alpha(np.concatenate([colours, _to_uint8(array[..., 3:])], axis=2))


def _with_channels(image: object) -> NDArray[Any]:
    """What is given for a picture as an array (H, W, 1), (H, W, 3) or (H, W, 4).

    Raises:
        DataError: it is none.
    """
    needed = "an image is a path, a Pillow picture or an array of bools, integers or floats"
    if not isinstance(image, np.ndarray):
        raise DataError(f"{needed}; got {type(image).__name__}")
    if image.dtype.kind not in "buif":
        raise DataError(f"{needed}; got array of {image.dtype}")
    array = image[..., None] if image.ndim == 2 else image
    if array.ndim == 3 and array.shape[2] in (1, 3, 4) and array.size:
        return array
    hint = ""
    if image.ndim == 3 and image.shape[0] in (1, 3, 4):
        hint = "; channels come last: transpose it"
    raise DataError(
        "an image array is (H, W), or has 1, 3 or 4 channels in its last axis; got shape"
        f" {image.shape}{hint}"
    )


def to_uint8_rgb(image: object) -> "Tensor":
    """A Pillow picture or an array as a uint8 tensor (3, H, W); see `rgb_array`.

    In memory the channels of a pixel lie side by side (the tensor is a transposed view): resizing
    is then twice as fast, and nothing has to be copied.
    """
    # Not at the top: `harma data check` reads images without torch.
    import torch

    return torch.from_numpy(rgb_array(image)).permute(2, 0, 1)


def _without_alpha(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if is_measured(rgba[..., 3], lambda: rgba[..., 0]):
        return rgba[..., :3]
    return np.where(rgba[..., 3:] == 0, np.uint8(0), rgba[..., :3])


def _to_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Values of one picture as 8 bits; the rules are the module's."""
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    # NaN marks nodata in rasters; it must not decide the range.
    valid = np.isfinite(array)
    low, high = _range(array[valid])
    scale = 0.0
    if high > low:
        scale = 255 / (high - low)
    levels = (np.where(valid, array, low).astype(np.float64) - low) * scale
    return np.rint(levels).astype(np.uint8)


def _range(values: NDArray[Any]) -> tuple[float, float]:
    """The values that become 0 and 255: those of the type where all values fit, else the extremes.

    A range of the type keeps pictures comparable; one of their own would make a dim picture bright.
    """
    if not values.size:
        return 0.0, 0.0
    low, high = float(values.min()), float(values.max())
    if low < 0:
        return low, high
    is_float = values.dtype.kind == "f"
    if is_float and high <= 1:
        return 0.0, 1.0
    if high <= 255 and _are_whole(values):
        return 0.0, 255.0
    if high <= 65535 and not is_float:
        return 0.0, 65535.0
    return low, high


def _are_whole(values: NDArray[Any]) -> bool:
    return values.dtype.kind != "f" or bool(np.all(values == np.rint(values)))
