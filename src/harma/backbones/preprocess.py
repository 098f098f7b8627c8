"""How images become pixels for a backbone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harma.data.resizing import INTERPOLATIONS, RESIZE_MODES
from harma.errors import ConfigError

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
# Keys of open_clip's preprocess_cfg that say what is the only way here: RGB, padded with black.
FIXED = {"mode": "RGB", "fill_color": 0}


@dataclass(frozen=True)
class Preprocess:
    """How an image becomes pixels.

    Attributes:
        size: (height, width) of the pixels.
        mean: subtracted from each channel, images being in 0…1.
        std: what each channel is then divided by.
        interpolation: "bicubic", "bilinear" or "nearest".
        resize_mode: "squash" (aspect ratio not kept, SPEC 3), "shortest" (shorter side fits, centre
            crop) or "longest" (longer side fits, padded).

    Raises:
        ConfigError: a value is outside its range.
    """

    size: tuple[int, int]
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD
    interpolation: str = "bicubic"
    resize_mode: str = "squash"

    def __post_init__(self) -> None:
        if self.interpolation not in INTERPOLATIONS:
            raise ConfigError(
                f"interpolation is {self.interpolation!r}; allowed are {', '.join(INTERPOLATIONS)}"
            )
        if self.resize_mode not in RESIZE_MODES:
            raise ConfigError(
                f"resize_mode is {self.resize_mode!r}; allowed are {', '.join(RESIZE_MODES)}"
            )
        for name in ("mean", "std"):
            object.__setattr__(self, name, _three_numbers(name, getattr(self, name)))
        if min(self.std) <= 0:
            raise ConfigError(f"std is {self.std!r}; every number must be above 0")

    def to_dict(self) -> dict[str, Any]:
        """The values as JSON has them."""
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(self).items()
        }


def _three_numbers(name: str, values: Any) -> tuple[float, ...]:
    numbers = isinstance(values, Sequence) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
    if not numbers or len(values) != 3:
        raise ConfigError(f"{name} is {values!r}; it must be three numbers, one for each channel")
    return tuple(float(value) for value in values)


def preprocess_from(
    values: Mapping[str, Any], image_size: int | Sequence[int], where: str
) -> Preprocess:
    """Complete what a publisher or user states about preprocessing.

    Args:
        values: keys of open_clip's `preprocess_cfg`. What is not stated is as in SPEC 3: CLIP's
            mean and std, bicubic resizing that does not keep the aspect ratio.
        image_size: what the image tower takes; a stated size cannot change it.
        where: what the values are called in messages.

    Raises:
        ConfigError: a key is unknown or a value not usable.
    """
    size = (
        (image_size, image_size) if isinstance(image_size, int) else (image_size[0], image_size[1])
    )
    allowed = {"size", "mean", "std", "interpolation", "resize_mode"}
    stated = {key: value for key, value in values.items() if value is not None}
    for key in stated.keys() - allowed:
        if key not in FIXED:
            raise ConfigError(
                f"{where}: preprocessing has the unknown key {key!r}; allowed are"
                f" {', '.join(sorted(allowed))}"
            )
        if stated[key] != FIXED[key]:
            raise ConfigError(
                f"{where}: preprocessing has {key} {stated[key]!r}; only {FIXED[key]!r} is"
                " supported"
            )
    return Preprocess(
        size=size, **{key: stated[key] for key in allowed - {"size"} if key in stated}
    )
