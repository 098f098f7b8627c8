"""RandomAugment, the original's augmentation: ten operations on pictures, drawn at random (SPEC 3).

The operations are Pillow's: the original says that its own are "the same as PIL's", they are
written in C, and its affine map and sharpening beat torchvision's on tensors.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from harma.errors import ConfigError

GREY = (128, 128, 128)

# An operation takes (image, level, sign): level 0…1, sign -1 or 1.
Operation = Callable[[Image.Image, float, int], Image.Image]


def _identity(image: Image.Image, level: float, sign: int) -> Image.Image:
    return image


def _auto_contrast(image: Image.Image, level: float, sign: int) -> Image.Image:
    return ImageOps.autocontrast(image)


def _equalize(image: Image.Image, level: float, sign: int) -> Image.Image:
    return ImageOps.equalize(image)


# An enhance factor of 1 changes nothing; levels 0 to 1 run from 0.1 to 1.9.
def _brightness(image: Image.Image, level: float, sign: int) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.1 + 1.8 * level)


def _sharpness(image: Image.Image, level: float, sign: int) -> Image.Image:
    return ImageEnhance.Sharpness(image).enhance(0.1 + 1.8 * level)


def _shear_x(image: Image.Image, level: float, sign: int) -> Image.Image:
    return _affine(image, (1, sign * 0.3 * level, 0, 0, 1, 0))


def _shear_y(image: Image.Image, level: float, sign: int) -> Image.Image:
    return _affine(image, (1, 0, 0, sign * 0.3 * level, 1, 0))


def _translate_x(image: Image.Image, level: float, sign: int) -> Image.Image:
    return _translate(image, sign * round(10 * level), 0)


def _translate_y(image: Image.Image, level: float, sign: int) -> Image.Image:
    return _translate(image, 0, sign * round(10 * level))


def _rotate(image: Image.Image, level: float, sign: int) -> Image.Image:
    """Counter-clockwise for sign 1, about the centre."""
    angle = math.radians(sign * 30 * level)
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = image.width / 2, image.height / 2
    # The last of each row keeps the centre (x, y) where it is.
    return _affine(image, (cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y))


def _affine(image: Image.Image, matrix: tuple[float, ...]) -> Image.Image:
    """Take each pixel from where `matrix` (two rows of three) says.

    (0, 0) is the corner of the top left pixel.
    """
    return image.transform(
        image.size,
        Image.Transform.AFFINE,
        matrix,
        resample=Image.Resampling.BILINEAR,
        fillcolor=GREY,
    )


def _translate(image: Image.Image, x: int, y: int) -> Image.Image:
    shifted = Image.new("RGB", image.size, GREY)
    shifted.paste(image, (x, y))
    return shifted


OPERATIONS: dict[str, Operation] = {
    "Identity": _identity,
    "AutoContrast": _auto_contrast,
    "Equalize": _equalize,
    "Brightness": _brightness,
    "Sharpness": _sharpness,
    "ShearX": _shear_x,
    "ShearY": _shear_y,
    "TranslateX": _translate_x,
    "TranslateY": _translate_y,
    "Rotate": _rotate,
}
_DRAWN_FROM = tuple(OPERATIONS.values())


class RandomAugment:
    """Apply some of ten operations, each with probability ½ (SPEC 3).

    All randomness is torch's. At magnitude 7: enhance factor 1.36, shear ±0.21, translate ±7
    pixels, rotate ±21°.

    Args:
        num_ops: operations drawn for an image, with replacement.
        magnitude: level of the operations, 0 to 10.

    Raises:
        ConfigError: a number is out of its range.
    """

    def __init__(self, num_ops: int = 2, magnitude: int = 7) -> None:
        if num_ops < 0 or not 0 <= magnitude <= 10:
            raise ConfigError(
                f"RandomAugment({num_ops}, {magnitude}): num_ops must be 0 or more, magnitude"
                " between 0 and 10"
            )
        self.num_ops = num_ops
        self.magnitude = magnitude

    def __call__(self, image: Tensor) -> Tensor:
        """Augment uint8 (3, H, W), giving a new tensor of that shape or the same one."""
        drawn = [_draw() for _ in range(self.num_ops)]
        # A quarter of all images is left alone: they need no way through Pillow and back.
        if not any(applied for _, applied, _ in drawn):
            return image
        picture = Image.fromarray(image.permute(1, 2, 0).numpy())
        for operation, applied, sign in drawn:
            if applied:
                picture = operation(picture, self.magnitude / 10, sign)
        return torch.from_numpy(np.array(picture)).permute(2, 0, 1)

    def __repr__(self) -> str:
        return f"RandomAugment(num_ops={self.num_ops}, magnitude={self.magnitude})"


def _draw() -> tuple[Operation, bool, int]:
    """An operation, whether it is applied, and its sign."""
    # Always three numbers, in this order: what is drawn next does not depend on what was.
    index = int(torch.randint(len(OPERATIONS), ()))
    applied = bool(torch.randint(2, ()))
    sign = 2 * int(torch.randint(2, ())) - 1
    return _DRAWN_FROM[index], applied, sign
