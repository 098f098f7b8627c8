"""Transforms from uint8 pictures (3, H, W) to float32 pixels: crop, flip, resize, mean and std.

For training and for evaluation (SPEC 3).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from harma.data.augment import RandomAugment
from harma.data.resizing import INTERPOLATIONS, RESIZE_MODES, Size
from harma.errors import ConfigError

CROP_SCALE = (0.5, 1.0)
CROP_RATIO = (3 / 4, 4 / 3)


def train_transform(
    size: Size,
    mean: Sequence[float],
    std: Sequence[float],
    *,
    augment: bool = True,
    interpolation: str = "bicubic",
) -> Callable[[Tensor], Tensor]:
    """RandomResizedCrop (scale 0.5 to 1), horizontal flip, RandomAugment, mean and std.

    All randomness is torch's.

    Args:
        size: (height, width) of the pixels.
        mean: subtracted from each channel, images being in 0…1.
        std: what each channel is then divided by.
        augment: with RandomAugment.
        interpolation: "bicubic", "bilinear" or "nearest".

    Returns:
        uint8 (3, H, W) → float32 (3, height, width); it can be pickled.

    Raises:
        ConfigError: a value is not usable.
    """
    crop = train_crop(size, augment=augment, interpolation=interpolation)
    return _Normalized(crop, Normalize.of(mean, std))


def train_crop(
    size: Size, *, augment: bool = True, interpolation: str = "bicubic"
) -> Callable[[Tensor], Tensor]:
    """The first half of `train_transform`: all that is drawn, and no mean and std yet.

    Args:
        size: as `train_transform`.
        augment: with RandomAugment.
        interpolation: as `train_transform`.

    Returns:
        uint8 (3, H, W) → uint8 (3, height, width), as `eval_resize`; it can be pickled.

    Raises:
        ConfigError: a value is not usable.
    """
    # Late: evaluation goes without torchvision, whose import takes as long as torch's.
    from torchvision.transforms import RandomResizedCrop

    return _TrainCrop(
        _checked_size(size),
        _checked_mode(interpolation),
        draw=RandomResizedCrop.get_params,
        augment=RandomAugment() if augment else None,
    )


def eval_transform(
    size: Size,
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
        resize_mode: "squash" (aspect ratio not kept, SPEC 3), "shortest" (the image covers the
            size, the rest is cut off around the centre) or "longest" (the image fits into the size,
            the rest is black).

    Returns:
        uint8 (3, H, W) → float32 (3, height, width); it can be pickled.

    Raises:
        ConfigError: a value is not usable.
    """
    resize = eval_resize(size, interpolation=interpolation, resize_mode=resize_mode)
    # Objects, not functions inside of a function: worker processes are sent them as pickles.
    return _Normalized(resize, Normalize.of(mean, std))


def value_train_transform(
    size: Size, mean: Sequence[float], std: Sequence[float], *, interpolation: str = "bicubic"
) -> Callable[[Tensor], Tensor]:
    """The crop, resize and flip of `train_transform`, of measured values of any number of bands.

    There is no RandomAugment, which is made of operations on pictures.

    Args:
        size: (height, width) of the pixels.
        mean: of each band.
        std: of each band.
        interpolation: as `train_transform`.

    Returns:
        float32 (N, H, W), NaN where there is no data, → float32 (N, height, width); it can be
        pickled.

    Raises:
        ConfigError: a value is not usable.
    """
    crop = train_crop(size, augment=False, interpolation=interpolation)
    return _Values(Standardize.of(mean, std), crop)


def value_transform(
    size: Size,
    mean: Sequence[float],
    std: Sequence[float],
    *,
    interpolation: str = "bicubic",
    resize_mode: str = "squash",
) -> Callable[[Tensor], Tensor]:
    """Mean and std, then resize, of measured values of any number of bands.

    What has no data becomes the mean, before anything is mixed with it.

    Args:
        size: (height, width) of the pixels.
        mean: of each band.
        std: of each band.
        interpolation: as `eval_transform`.
        resize_mode: as `eval_transform`; what is padded is the mean.

    Returns:
        As `value_train_transform`.

    Raises:
        ConfigError: a value is not usable.
    """
    resize = eval_resize(size, interpolation=interpolation, resize_mode=resize_mode)
    return _Values(Standardize.of(mean, std), resize)


def eval_resize(
    size: Size, *, interpolation: str = "bicubic", resize_mode: str = "squash"
) -> Callable[[Tensor], Tensor]:
    """The first half of `eval_transform`: resize, and no mean and std yet.

    Args:
        size: (height, width) of the pixels.
        interpolation: as `eval_transform`.
        resize_mode: as `eval_transform`.

    Returns:
        uint8 (3, H, W) → uint8 (3, height, width): a quarter of the bytes on their way to whoever
        does the second half, `Normalize`; it can be pickled.

    Raises:
        ConfigError: a value is not usable.
    """
    # Here, not at the first image, which may come long after.
    if resize_mode not in RESIZE_MODES:
        raise ConfigError(f"resize_mode is {resize_mode!r}; allowed are {', '.join(RESIZE_MODES)}")
    mode = _checked_mode(interpolation)
    return _EvalResize(_checked_size(size), mode, RESIZE_MODES[resize_mode])


@dataclass(frozen=True, eq=False)
class Normalize:
    """Mean and std of each channel, (3, 1, 1), in units of 8-bit values.

    Whatever the order of pictures and batches, a pixel becomes the same number to the last bit.
    """

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, mean: Sequence[float], std: Sequence[float]) -> "Normalize":
        """Of images in 0…1.

        Raises:
            ConfigError: a value is not usable.
        """
        if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
            raise ConfigError(
                f"mean is {list(mean)}, std is {list(std)}; both need three numbers, std above 0"
            )
        return cls(_in_levels(mean), _in_levels(std))

    def to(self, device: torch.device) -> "Normalize":
        """The same, for pictures on a device."""
        return Normalize(self.mean.to(device), self.std.to(device))

    def __call__(self, image: Tensor) -> Tensor:
        """uint8 (…, 3, H, W) → float32, of the same shape."""
        # Contiguous while it is still small; torchvision's own steps take twice the time.
        return image.contiguous().to(torch.float32).sub_(self.mean).div_(self.std)

    def into(self, images: Tensor, pixels: Tensor) -> None:
        """Write uint8 images (B, 3, H, W) to float32 pixels of the same shape.

        One by one: an image stays in the processor's cache between the steps.
        """
        for image, written in zip(images, pixels, strict=True):
            torch.sub(image.contiguous(), self.mean, out=written)
            written.div_(self.std)


@dataclass(frozen=True, eq=False)
class Standardize:
    """Mean and std of each band, (N, 1, 1), in its unit; what is NaN becomes the mean, 0."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, mean: Sequence[float], std: Sequence[float]) -> "Standardize":
        """Of values in their unit.

        Raises:
            ConfigError: a value is not usable.
        """
        if len(mean) != len(std) or min(std, default=0) <= 0:
            raise ConfigError(
                f"mean is {list(mean)}, std is {list(std)}; both need a number for each band, std"
                " above 0"
            )
        return cls(_of_bands(mean), _of_bands(std))

    def __call__(self, values: Tensor) -> Tensor:
        """float32 (N, H, W) → the same shape, standardised."""
        return values.sub(self.mean).div_(self.std).nan_to_num_(nan=0.0)


def _of_bands(values: Sequence[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32).view(-1, 1, 1)


def _in_levels(values: Sequence[float]) -> Tensor:
    """Three numbers of the scale 0…1 on that of 8-bit values, (3, 1, 1); rounded once."""
    return torch.tensor(values, dtype=torch.float64).mul(255).float().view(3, 1, 1)


@dataclass(frozen=True, eq=False)
class _TrainCrop:
    size: Size
    mode: str
    draw: Callable[[Tensor, list[float], list[float]], Sequence[int]]
    augment: RandomAugment | None

    def __call__(self, image: Tensor) -> Tensor:
        top, left, height, width = self.draw(image, list(CROP_SCALE), list(CROP_RATIO))
        crop = image[:, top : top + height, left : left + width]
        # The order of SPEC 3: pixels of the result, not of the file, are what operations move by.
        image = _resize(crop, self.size, self.mode)
        if torch.rand(()) < 0.5:
            image = image.flip(-1)
        if self.augment is not None:
            image = self.augment(image)
        return image


@dataclass(frozen=True, eq=False)
class _Values:
    standardize: Standardize
    resize: Callable[[Tensor], Tensor]

    def __call__(self, values: Tensor) -> Tensor:
        # In this order: resizing would spread what has no data.
        return self.resize(self.standardize(values)).contiguous()


@dataclass(frozen=True, eq=False)
class _Normalized:
    first: Callable[[Tensor], Tensor]
    normalize: Normalize

    def __call__(self, image: Tensor) -> Tensor:
        return self.normalize(self.first(image))


@dataclass(frozen=True, eq=False)
class _EvalResize:
    size: Size
    mode: str
    resized: Callable[[Size, Size], Size]

    def __call__(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        image = _resize(image, self.resized((height, width), self.size), self.mode)
        return _centred(image, self.size)


def _resize(image: Tensor, size: Size, mode: str) -> Tensor:
    """A picture of another size: the same bytes as torchvision's resize."""
    if image.shape[-2:] == size:
        return image
    if mode == "nearest":
        return interpolate(image[None], size, mode=mode)[0]
    # Smoothed when it is made smaller, as Pillow does, which CLIP's own pictures went through.
    return interpolate(image[None], size, mode=mode, align_corners=False, antialias=True)[0]


def _centred(image: Tensor, size: Size) -> Tensor:
    """What is too large is cut, and black laid around what is too small."""
    height, width = image.shape[-2:]
    if (height, width) == size:
        return image
    return pad(image, (*_margins(width, size[1]), *_margins(height, size[0])))


def _margins(length: int, wanted: int) -> tuple[int, int]:
    """What is laid before and behind a length, below 0 where it is cut; as torchvision rounds."""
    before = (wanted - length) // 2
    if wanted < length:
        before = -round((length - wanted) / 2)
    return before, wanted - length - before


def _checked_mode(interpolation: str) -> str:
    if interpolation not in INTERPOLATIONS:
        raise ConfigError(
            f"interpolation is {interpolation!r}; allowed are {', '.join(INTERPOLATIONS)}"
        )
    return interpolation


def _checked_size(size: Size) -> Size:
    height, width = size
    if height < 1 or width < 1:
        raise ConfigError(f"size is {tuple(size)}; it must be (height, width), both 1 or more")
    return height, width
