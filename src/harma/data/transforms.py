"""Transforms from uint8 pictures (3, H, W) to float32 pixels, for training and for evaluation (SPEC 3)."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as F

from harma.errors import ConfigError

INTERPOLATIONS = {
    "bicubic": InterpolationMode.BICUBIC,
    "bilinear": InterpolationMode.BILINEAR,
    "nearest": InterpolationMode.NEAREST,
}
FILL = [128.0, 128.0, 128.0]


def train_transform(
    size: tuple[int, int],
    mean: Sequence[float],
    std: Sequence[float],
    *,
    augment: bool = True,
    interpolation: str = "bicubic",
) -> Callable[[Tensor], Tensor]:
    """RandomResizedCrop (scale 0.5 to 1), horizontal flip, RandomAugment, mean and std.

    Args:
        size: (height, width) of the pixels.
        mean: subtracted from each channel, images being in 0…1.
        std: what each channel is then divided by.
        augment: with RandomAugment.
        interpolation: "bicubic", "bilinear" or "nearest".

    Returns:
        uint8 (3, H, W) → float32 (3, *size).
    """
    return v2.Compose(
        [
            v2.RandomResizedCrop(size, scale=(0.5, 1.0), interpolation=_mode(interpolation), antialias=True),
            v2.RandomHorizontalFlip(),
            *([RandomAugment()] if augment else []),
            *_to_pixels(mean, std),
        ]
    )


def eval_transform(
    size: tuple[int, int],
    mean: Sequence[float],
    std: Sequence[float],
    *,
    interpolation: str = "bicubic",
    resize_mode: str = "squash",
) -> Callable[[Tensor], Tensor]:
    """Resize, mean and std.

    Args:
        size: (height, width) of the pixels.
        mean: subtracted from each channel, images being in 0…1.
        std: what each channel is then divided by.
        interpolation: "bicubic", "bilinear" or "nearest".
        resize_mode: "squash" (aspect ratio not kept, SPEC 3), "shortest" (shorter side fits, centre crop) or
            "longest" (longer side fits, padded with black).

    Returns:
        uint8 (3, H, W) → float32 (3, *size).
    """
    mode = _mode(interpolation)
    resize: dict[str, list[torch.nn.Module]] = {
        "squash": [v2.Resize(size, interpolation=mode, antialias=True)],
        "shortest": [v2.Resize(max(size), interpolation=mode, antialias=True), v2.CenterCrop(size)],
        "longest": [v2.Resize(None, max_size=max(size), interpolation=mode, antialias=True), v2.CenterCrop(size)],
    }
    if resize_mode not in resize:
        raise ConfigError(f"resize_mode is {resize_mode!r}; allowed are {', '.join(resize)}")
    return v2.Compose([*resize[resize_mode], *_to_pixels(mean, std)])


def _to_pixels(mean: Sequence[float], std: Sequence[float]) -> list[torch.nn.Module]:
    return [v2.ToDtype(torch.float32, scale=True), v2.Normalize(list(mean), list(std))]


def _mode(interpolation: str) -> InterpolationMode:
    if interpolation not in INTERPOLATIONS:
        raise ConfigError(f"interpolation is {interpolation!r}; allowed are {', '.join(INTERPOLATIONS)}")
    return INTERPOLATIONS[interpolation]


def _affine(image: Tensor, *, angle: float = 0.0, shift: Sequence[int] = (0, 0), shear: Sequence[float] = (0.0, 0.0),
            corner: bool = False) -> Tensor:  # fmt: skip
    """An affine map, bilinear, filled with grey; shear in coefficients of the matrix."""
    return F.affine(
        image,
        angle=angle,
        translate=list(shift),
        scale=1.0,
        shear=[math.degrees(math.atan(s)) for s in shear],
        interpolation=InterpolationMode.BILINEAR,
        fill=FILL,
        center=[0.0, 0.0] if corner else None,
    )


# The level of an operation is 7 of 10; `sign` is drawn for each use.
LEVEL = 0.7
OPERATIONS: dict[str, Callable[[Tensor, float, int], Tensor]] = {
    "Identity": lambda image, level, sign: image,
    "AutoContrast": lambda image, level, sign: F.autocontrast(image),
    "Equalize": lambda image, level, sign: F.equalize(image),
    "Brightness": lambda image, level, sign: F.adjust_brightness(image, 0.1 + 1.8 * level),
    "Sharpness": lambda image, level, sign: F.adjust_sharpness(image, 0.1 + 1.8 * level),
    "ShearX": lambda image, level, sign: _affine(image, shear=(sign * 0.3 * level, 0.0), corner=True),
    "ShearY": lambda image, level, sign: _affine(image, shear=(0.0, sign * 0.3 * level), corner=True),
    "TranslateX": lambda image, level, sign: _affine(image, shift=(sign * round(10 * level), 0)),
    "TranslateY": lambda image, level, sign: _affine(image, shift=(0, sign * round(10 * level))),
    "Rotate": lambda image, level, sign: _affine(image, angle=sign * 30.0 * level),
}


class RandomAugment(torch.nn.Module):
    """The original's RandomAugment(2, 7) (SPEC 3).

    Args:
        num_ops: how many operations are drawn, with replacement; each is applied with probability ½.
        magnitude: level of the operations, of 10.
    """

    def __init__(self, num_ops: int = 2, magnitude: int = 7) -> None:
        super().__init__()
        self.num_ops = num_ops
        self.level = magnitude / 10

    def forward(self, image: Tensor) -> Tensor:
        """uint8 (3, H, W) → uint8 (3, H, W); draws from torch's random numbers."""
        names = list(OPERATIONS)
        for _ in range(self.num_ops):
            chosen, applied, sign = (int(torch.randint(n, ())) for n in (len(names), 2, 2))
            if applied:
                image = OPERATIONS[names[chosen]](image, self.level, 2 * sign - 1)
        return image
