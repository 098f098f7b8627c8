"""Preprocessing of a backbone: size, mean and std, bands, interpolation, aspect ratio."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harma.data.clip_pixels import CLIP_MEAN, CLIP_STD
from harma.data.resizing import INTERPOLATIONS, RESIZE_MODES
from harma.errors import ConfigError
from harma.ground.messages import about_file
from harma.scenes.model_bands import ModelBands, PictureStatistics, bands_from

NUM_CHANNELS = 3
LARGEST = 1_000_000  # of means and deviations, whose pixels are in 0…1
LARGEST_SIDE = 16_384  # of the pixels that a model takes
STATED_KEYS = ("mean", "std", "interpolation", "resize_mode", "bands")
# Keys of open_clip's preprocess_cfg that say what is the only way here: RGB, padded with black.
FIXED = {"mode": "RGB", "fill_color": 0}


@dataclass(frozen=True)
class Preprocess:
    """How an image becomes pixels.

    Attributes:
        size: (height, width) of the pixels.
        mean: subtracted from each channel, images being in 0…1; of bands, in their unit.
        std: what each channel is then divided by.
        interpolation: "bicubic", "bilinear" or "nearest".
        resize_mode: "squash" (aspect ratio not kept, SPEC 3), "shortest" (shorter side fits, centre
            crop) or "longest" (longer side fits, padded).
        bands: of a sensor, which the model reads in place of pictures; None: it reads pictures.
            They bring mean and std with them.

    Raises:
        ConfigError: a value is outside its range.
    """

    size: tuple[int, int]
    mean: tuple[float, ...] = CLIP_MEAN
    std: tuple[float, ...] = CLIP_STD
    interpolation: str = "bicubic"
    resize_mode: str = "squash"
    bands: ModelBands | None = None

    def __post_init__(self) -> None:
        if not all(1 <= side <= LARGEST_SIDE for side in self.size):
            raise ConfigError(
                f"size is {tuple(self.size)}; it must be (height, width), both 1 to"
                f" {LARGEST_SIDE:,}"
            )
        if not _is_one_of(self.interpolation, INTERPOLATIONS):
            raise ConfigError(
                f"interpolation is {self.interpolation!r}; allowed are {', '.join(INTERPOLATIONS)}"
            )
        if not _is_one_of(self.resize_mode, RESIZE_MODES):
            raise ConfigError(
                f"resize_mode is {self.resize_mode!r}; allowed are {', '.join(RESIZE_MODES)}"
            )
        if self.bands is not None:
            object.__setattr__(self, "mean", self.bands.mean)
            object.__setattr__(self, "std", self.bands.std)
            return
        # Lists, as JSON and YAML have them, become tuples of floats.
        object.__setattr__(self, "mean", _three_numbers("mean", self.mean))
        object.__setattr__(self, "std", _three_numbers("std", self.std))
        if min(self.std) <= 0:
            raise ConfigError(f"std is {self.std!r}; every number must be above 0")

    @property
    def num_channels(self) -> int:
        """Channels of the pixels: 3 of pictures, or one for each band."""
        return len(self.mean)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the pixels of an image: (channels, height, width)."""
        return (self.num_channels, *self.size)

    def to_dict(self) -> dict[str, Any]:
        """The values as JSON has them."""
        content = asdict(self)
        # Of pictures nothing is said: the fingerprints of their models are older than bands.
        del content["bands"]
        if self.bands is not None:
            content["bands"] = self.bands.to_dict()
        for key in ("size", "mean", "std"):
            content[key] = list(content[key])
        return content


def _is_one_of(value: object, allowed: Container[str]) -> bool:
    # A list of JSON cannot be looked up.
    return isinstance(value, str) and value in allowed


def _three_numbers(name: str, values: object) -> tuple[float, ...]:
    if isinstance(values, Sequence) and len(values) == NUM_CHANNELS:
        numbers = [float(value) for value in values if _is_number(value)]
        if len(numbers) == NUM_CHANNELS:
            return tuple(numbers)
    raise ConfigError(
        f"{name} is {values!r}; it must be three numbers, one for each channel,"
        f" from {-LARGEST:,} to {LARGEST:,}"
    )


def _is_number(value: object) -> bool:
    """Whether it is a number that pixels can be computed with."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # Compared before it becomes a float: an int of hundreds of digits does not.
    return -LARGEST <= value <= LARGEST


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
    if isinstance(image_size, int):
        image_size = (image_size, image_size)
    if len(image_size) != 2:
        raise ConfigError(
            f"{where}: image_size is {list(image_size)}; it must be a number of pixels, or two:"
            " height and width"
        )
    height, width = image_size
    stated = {key: value for key, value in values.items() if value is not None}
    for key, value in stated.items():
        _check_stated(key, value, where)
    options = {key: stated[key] for key in STATED_KEYS if key in stated}
    if "bands" in options:
        options["bands"] = bands_from(options["bands"], options.get("mean"), options.get("std"))
    with about_file(where):
        return Preprocess(size=(height, width), **options)


def with_bands(values: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What is stated of a model's preprocessing, with what a person states of it.

    Args:
        values: of the model; of one of pictures, mean and std are those of red, green and blue.
        stated: by the person; bands widen a model of pictures to them.
    """
    merged = {**values, **stated}
    if stated.get("bands") is None or values.get("bands") is not None:
        return merged
    of_pictures = PictureStatistics(values.get("mean") or CLIP_MEAN, values.get("std") or CLIP_STD)
    bands = bands_from(stated["bands"], stated.get("mean"), stated.get("std"), of_pictures)
    return {**merged, "bands": bands.to_dict(), "mean": list(bands.mean), "std": list(bands.std)}


def _check_stated(key: str, value: object, where: str) -> None:
    """Raise ConfigError for a key that is unknown, or is fixed here and has another value."""
    if key == "size" or key in STATED_KEYS:
        return
    if key not in FIXED:
        raise ConfigError(
            f"{where}: preprocessing has the unknown key {key!r}; allowed are"
            f" {', '.join(sorted((*STATED_KEYS, 'size')))}"
        )
    if value != FIXED[key]:
        raise ConfigError(
            f"{where}: preprocessing has {key} {value!r}; only {FIXED[key]!r} is supported"
        )
