"""Values of a scene for a model of several bands: the bands found, in its unit, NaN for nodata.

- Bands are found by name (`harma.scenes.band_keys`). A scene that lacks one is refused, with what
  it has and what the model reads.
- Reflectance: by the scale and offset that the file states, else by those of the sensor's products
  (`harma.scenes.reflectance`; of Sentinel-2 with the offset of processing baseline 04.00). Whole
  numbers of which nothing says how they become reflectance are refused; real ones are taken for it,
  unless they are larger than it can be.
- Decibels: real numbers that are negative are decibels already, others are power, 10·log10. Whole
  numbers of radars are amplitudes that are not calibrated, and refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from harma.errors import DataError
from harma.scenes.band_keys import keys_of, named_bands
from harma.scenes.band_names import band_codes
from harma.scenes.header import Header
from harma.scenes.model_bands import DECIBELS, REFLECTANCE, ModelBands
from harma.scenes.nodata import NodataRule
from harma.scenes.readers import BandReader, Pixels
from harma.scenes.reading import Reading
from harma.scenes.reflectance import stored_scaling
from harma.scenes.sampled import sampled
from harma.scenes.sensors import BY_KEY, fill_of
from harma.scenes.windows import Window

Values = NDArray[Any]
Convert = Callable[[Values], NDArray[np.float32]]

# Common names that mean one part of the spectrum to a model that names no sensor.
BROADLY = {"nir": ("nir", "nir08"), "nir08": ("nir08", "nir")}
# No scene is darker to a radar; what is below marks nodata.
LEAST_DECIBELS = -200.0
UNREAD = "its values cannot be read"


class ValueReader:
    """Reads the bands of a model from a raster, as values in its unit.

    Args:
        bands: reads them as they are stored.
        convert: stored values (N, H, W) to those of the unit.
    """

    stretch = None

    def __init__(self, bands: BandReader, convert: Convert) -> None:
        self.bands = bands
        self.convert = convert

    @property
    def blank(self) -> NDArray[Any]:
        """See `Reader.blank`."""
        return np.full(len(self.bands.bands), np.nan, dtype=np.float32)

    def read(self, window: Window, shape: tuple[int, int] | None = None) -> Pixels:
        """See `Reader.read`; values are float32 (H, W, N), NaN where there is no data."""
        stored, valid = self.bands.stored(window, shape)
        values = self.convert(stored)
        # A value that is none in one band, such as the logarithm of 0, tells nothing in the others.
        valid &= np.isfinite(values).all(axis=0)
        values[:, ~valid] = np.nan
        return Pixels(np.ascontiguousarray(np.moveaxis(values, 0, -1)), valid)


def value_reader(
    dataset: DatasetReader,
    header: Header,
    source: str,
    reading: Reading,
    sensor: str,
    *,
    survey: bool = False,
) -> ValueReader:
    """What reads the bands that a model wants.

    Args:
        dataset: the raster.
        header: of it.
        source: path or address of it.
        reading: how; its `values` say which bands.
        sensor: that took it, or "".
        survey: only whether it can be read is wanted: no pixel is.

    Raises:
        DataError: it lacks a band, or nothing says what its values are.
    """
    wanted = reading.values
    assert wanted is not None
    facts = header.band_facts(source)
    # What a person says of the file (`--bands sentinel-2`) counts where it does not say it itself.
    if not sensor and reading.bands in BY_KEY:
        sensor = str(reading.bands)
    # Where nothing says whose numbers the names have, they are those that the model names.
    whose = sensor or wanted.sensor
    keys = keys_of(facts, whose, sensor)
    numbers = _numbers(wanted, keys, named_bands(facts, keys))
    nodata = NodataRule.of(dataset, numbers, reading.nodata, fill=fill_of(whose), survey=survey)
    bands = BandReader(dataset, numbers, nodata)
    # Numbers are a sensor's; words are anybody's, and say nothing of how values are stored.
    has_codes = any(band_codes(facts.descriptions))
    told = _Told(dataset, header, source, whose if has_codes else sensor, numbers)
    return ValueReader(bands, CONVERTERS.get(wanted.unit, _as_stored)(told, survey))


def refuse_picture(wanted: ModelBands) -> DataError:
    """What is wrong with a plain picture, which has no bands by name."""
    return DataError(
        f"it is a plain picture (red, green, blue, 8 bit), and the model reads {wanted}; give a"
        " raster with these bands"
    )


def _numbers(wanted: ModelBands, keys: Sequence[str], listed: str) -> tuple[int, ...]:
    """The numbers of the bands, from 1, in the model's order."""
    numbers = []
    lacking = []
    for name, key in zip(wanted.names, wanted.keys, strict=True):
        accepted = (key,) if wanted.sensor else BROADLY.get(key, (key,))
        found = [keys.index(one) + 1 for one in accepted if one in keys]
        numbers += found[:1]
        if not found:
            lacking.append(name)
    if lacking:
        raise DataError(
            f"it has {listed}, and the model reads {wanted}; lacking: {', '.join(lacking)}"
        )
    return tuple(numbers)


@dataclass(frozen=True)
class _Told:
    """What is known of the values of some bands.

    Attributes:
        dataset: the raster.
        header: of it.
        source: path or address of it.
        sensor: whose products' rules count, or "".
        numbers: of the bands, from 1.
    """

    dataset: DatasetReader
    header: Header
    source: str
    sensor: str
    numbers: tuple[int, ...]

    def sample(self) -> NDArray[np.float64]:
        """Some values of the first band that are numbers and no nodata."""
        band = self.numbers[0]
        values = sampled(self.dataset, band, UNREAD).astype(np.float64)
        nodata = self.dataset.nodatavals[band - 1]
        is_data = np.isfinite(values) & (values != nodata)
        sample: NDArray[np.float64] = values[is_data]
        return sample


def _as_stored(told: _Told, survey: bool) -> Convert:
    return _as_float


def _as_float(values: Values) -> NDArray[np.float32]:
    return values.astype(np.float32)


def _as_reflectance(told: _Told, survey: bool) -> Convert:
    header = told.header
    scale = []
    offset = []
    are_real = any(header.types[number - 1].startswith("float") for number in told.numbers)
    typical = None
    if are_real and not survey:
        typical = _typical(told.sample())
    for number in told.numbers:
        kind = header.types[number - 1]
        scaling = stored_scaling(
            told.sensor,
            kind,
            told.source,
            tags=header.tags,
            descriptions=header.descriptions,
            stated=header.scaling[number - 1],
            typical=typical,
        )
        if scaling is None:
            raise DataError(
                f"nothing says how its values ({kind}) become reflectance, which the model reads;"
                " state scale and offset in the file, or give a product whose name says what it is"
            )
        scale.append(scaling.scale)
        offset.append(scaling.offset)
    return _Scaled(np.array(scale), np.array(offset))


def _typical(values: NDArray[np.float64]) -> float | None:
    return float(np.median(values)) if values.size else None


class _Scaled:
    """Stored values × scale + offset, of each band."""

    def __init__(self, scale: NDArray[np.float64], offset: NDArray[np.float64]) -> None:
        self.scale = scale.astype(np.float32)[:, None, None]
        self.offset = offset.astype(np.float32)[:, None, None]

    def __call__(self, values: Values) -> NDArray[np.float32]:
        scaled = values.astype(np.float32)
        scaled *= self.scale
        scaled += self.offset
        return scaled


def _as_decibels(told: _Told, survey: bool) -> Convert:
    kinds = [told.header.types[number - 1] for number in told.numbers]
    if any(not kind.startswith("float") for kind in kinds):
        raise DataError(
            f"its values ({kinds[0]}) are amplitudes that are not calibrated, and the model reads"
            " decibels; give backscatter (sigma or gamma nought) in real numbers"
        )
    if survey:
        return _as_float
    values = told.sample()
    is_negative = (values < 0) & (values > LEAST_DECIBELS)
    return _as_float if is_negative.any() else _power_in_decibels


def _power_in_decibels(values: Values) -> NDArray[np.float32]:
    power = values.astype(np.float32)
    # 0 has no logarithm: nothing came back, or nothing was measured.
    power[~(power > 0)] = np.nan
    decibels: NDArray[np.float32] = 10 * np.log10(power)
    return decibels


CONVERTERS: dict[str, Callable[[_Told, bool], Convert]] = {
    REFLECTANCE: _as_reflectance,
    DECIBELS: _as_decibels,
}
