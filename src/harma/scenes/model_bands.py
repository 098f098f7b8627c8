"""The bands that a model reads: names in order, unit, mean and standard deviation; sets by name.

This is all that tells a model of several bands from one of pictures. It belongs to the backbone
(`harma.backbones.preprocess`), and travels with how scenes are read (`harma.scenes.reading`), so
that training, an index and its queries give the model the same numbers.

Statistics, from which what a person trains or states may differ:

- Sentinel-2: of SSL4EO-S12's captioned scenes, as the code of Llama3-MS-CLIP (IBM, Apache-2.0)
  states them, in reflectance with the offset taken off.
- Sentinel-1: of SSL4EO-S12's ground range scenes in decibels (Wang et al. 2023).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from harma.errors import ConfigError
from harma.scenes.band_keys import band_key
from harma.scenes.band_names import COLORS
from harma.scenes.reflectance import BRIGHT
from harma.scenes.sensors import BY_KEY

REFLECTANCE = "reflectance"
DECIBELS = "dB"
STORED = "stored"
UNITS = {
    REFLECTANCE: "share of light, 0 to about 1",
    DECIBELS: "backscatter in decibels",
    STORED: "values as the file has them",
}
STATED = ("names", "unit", "sensor", "mean", "std")


class PictureStatistics(NamedTuple):
    """Mean and standard deviation of red, green and blue, pictures being in 0 to 1."""

    mean: Sequence[float]
    std: Sequence[float]


@dataclass(frozen=True)
class ModelBands:
    """Which bands a model reads.

    Attributes:
        names: N, in the order of the model's channels: a sensor's (B04, VV) or common ones (nir).
        mean: of each band, in the unit.
        std: of each band, in the unit.
        unit: one of `UNITS`.
        sensor: whose numbers the names have, a key of `harma.scenes.sensors`; "" for common names.

    Raises:
        ConfigError: a value is not usable.
    """

    names: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    unit: str = REFLECTANCE
    sensor: str = ""

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ConfigError(f"bands: unit is {self.unit!r}; allowed are {', '.join(UNITS)}")
        if self.sensor and self.sensor not in BY_KEY:
            raise ConfigError(
                f"bands: sensor is {self.sensor!r}; allowed are {', '.join(BY_KEY)}, or none"
            )
        self._check_names()
        if not len(self.names) == len(self.mean) == len(self.std) or min(self.std) <= 0:
            raise ConfigError(
                f"bands: {len(self.names)} bands need as many numbers in mean and std, those of"
                f" std above 0; they are {list(self.mean)} and {list(self.std)}"
            )

    def _check_names(self) -> None:
        keys = self.keys
        unknown = [name for name, key in zip(self.names, keys, strict=True) if not key]
        if not self.names or unknown:
            raise ConfigError(
                f"bands: the names {', '.join(unknown) or '()'} say no band; write a sensor's own"
                " (B04, with sensor: sentinel-2), VV or VH, or common ones (blue, green, red, nir,"
                " nir08, rededge071, swir16, swir22)"
            )
        if len(set(keys)) < len(keys):
            raise ConfigError(f"bands: {', '.join(self.names)} name a band twice")

    @property
    def keys(self) -> tuple[str, ...]:
        """The common name of each band."""
        return tuple(band_key(name, self.sensor) for name in self.names)

    @property
    def colors(self) -> tuple[int, ...]:
        """Which channels are red, green and blue, from 0; () where one of them is lacking."""
        keys = self.keys
        if not all(color in keys for color in COLORS):
            return ()
        return tuple(keys.index(color) for color in COLORS)

    def __str__(self) -> str:
        whose = f" of {BY_KEY[self.sensor].title}" if self.sensor else ""
        return f"{', '.join(self.names)}{whose} ({self.unit})"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it; `bands_from` reads it."""
        return {
            "names": list(self.names),
            "unit": self.unit,
            "sensor": self.sensor,
            "mean": list(self.mean),
            "std": list(self.std),
        }


SENTINEL_2_STATISTICS = {
    "B01": (0.0794311, 0.1164883),
    "B02": (0.0925161, 0.1205586),
    "B03": (0.1183128, 0.1223713),
    "B04": (0.1338041, 0.1399638),
    "B05": (0.1667254, 0.1403298),
    "B06": (0.2233633, 0.1378513),
    "B07": (0.2460960, 0.1434924),
    "B08": (0.2555569, 0.1491141),
    "B8A": (0.2619542, 0.1454089),
    "B09": (0.2703298, 0.1660395),
    "B11": (0.2406497, 0.1473248),
    "B12": (0.1841645, 0.1365080),
}


def _sentinel_2(names: Sequence[str]) -> ModelBands:
    mean, std = zip(*(SENTINEL_2_STATISTICS[name] for name in names), strict=True)
    return ModelBands(tuple(names), mean, std, REFLECTANCE, "sentinel-2")


# Without the bands of 60 m, which are of the air.
TEN = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
BAND_SETS = {
    "sentinel-2-4": _sentinel_2(("B02", "B03", "B04", "B08")),
    "sentinel-2-10": _sentinel_2(TEN),
    "sentinel-2-12": _sentinel_2(tuple(SENTINEL_2_STATISTICS)),
    "sentinel-1": ModelBands(
        ("VV", "VH"), (-12.548, -20.192), (5.257, 5.912), DECIBELS, "sentinel-1"
    ),
}


def bands_from(
    stated: object,
    mean: object = None,
    std: object = None,
    pictures: PictureStatistics | None = None,
) -> ModelBands:
    """The bands that a config states.

    Args:
        stated: the name of a set (`BAND_SETS`), or a mapping of names, unit, sensor, mean and std.
        mean: of each band, where it stands beside; None: of the set or mapping.
        std: likewise.
        pictures: what a model of pictures took that is widened to these bands; where nothing else
            is said, red, green and blue in reflectance get the numbers that it got.

    Raises:
        ConfigError: it is neither, or a value is not usable.
    """
    values = _stated_values(stated)
    bands = ModelBands(
        names=_texts(values.get("names")),
        mean=_numbers("mean", mean or values.get("mean")),
        std=_numbers("std", std or values.get("std")),
        unit=str(values.get("unit") or REFLECTANCE),
        sensor=str(values.get("sensor") or ""),
    )
    is_said = mean is not None or (isinstance(stated, Mapping) and "mean" in stated)
    if pictures is None or is_said or bands.unit != REFLECTANCE:
        return bands
    return _like_pictures(bands, pictures)


def _stated_values(stated: object) -> dict[str, Any]:
    """Names, unit and statistics, not checked yet."""
    if isinstance(stated, str) and stated in BAND_SETS:
        return BAND_SETS[stated].to_dict()
    if not isinstance(stated, Mapping):
        raise ConfigError(
            f"bands is {stated!r}; allowed are {', '.join(BAND_SETS)}, or a mapping of"
            f" {', '.join(STATED)}"
        )
    unknown = [str(key) for key in stated if key not in STATED]
    if unknown:
        raise ConfigError(
            f"bands has the unknown key {', '.join(unknown)}; allowed are {', '.join(STATED)}"
        )
    return dict(stated)


def _like_pictures(bands: ModelBands, pictures: PictureStatistics) -> ModelBands:
    """Bands whose colours a model gets as it got those of pictures, white being `BRIGHT`."""
    mean = list(bands.mean)
    std = list(bands.std)
    for color, channel in enumerate(bands.colors):
        mean[channel] = BRIGHT * pictures.mean[color]
        std[channel] = BRIGHT * pictures.std[color]
    return replace(bands, mean=tuple(mean), std=tuple(std))


def _texts(values: object) -> tuple[str, ...]:
    if isinstance(values, Sequence) and not isinstance(values, str):
        return tuple(str(value) for value in values)
    raise ConfigError(f"bands: names is {values!r}; give a list of names, such as [B04, B08]")


def _numbers(name: str, values: object) -> tuple[float, ...]:
    if isinstance(values, Sequence) and all(_is_number(value) for value in values):
        return tuple(float(value) for value in values)
    raise ConfigError(
        f"bands: {name} is {values!r}; give a list of numbers, one for each band, in its unit"
    )


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)
