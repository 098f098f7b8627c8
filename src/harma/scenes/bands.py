"""Which bands of a raster are shown as red, green and blue.

From what is sure to what is guessed; the reason is kept, so that a person can check it:

1. what the person says (`--bands`);
2. descriptions that name the colours. They win over the colour interpretation: programs write that
   one by themselves wherever a file has three 8-bit bands;
3. wavelengths; the order of bands in Maxar's .IMD;
4. sensors' own band names (B04, SR_B4), read as those of the sensor that the file's name, tags or
   folders tell;
5. the colour interpretation;
6. the sensor's order, where the file has as many bands as are delivered in that order;
7. a guess, which is said: the sensor's order again, band names of a sensor that is not known, or
   the first three bands.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harma.errors import ConfigError, DataError
from harma.scenes.band_names import (
    COLORS,
    band_codes,
    by_codes,
    by_imd,
    by_wavelengths,
    by_words,
    polarisation,
    sensor_of_names,
)
from harma.scenes.sensors import BY_KEY, PRESETS, Sensor, is_mask_name, sensor_of

Bands = tuple[int, ...]


class BandChoice(NamedTuple):
    """Which bands are shown.

    Attributes:
        bands: one (grey) or three (red, green, blue), from 1.
        reason: how that was decided.
        is_guess: whether nothing says that these are red, green and blue.
        sensor: key of the sensor in `harma.scenes.sensors`, or "".
    """

    bands: Bands
    reason: str
    is_guess: bool = False
    sensor: str = ""


class BandFacts(NamedTuple):
    """What a raster says of its bands.

    Attributes:
        source: its path or address: products are known by their names.
        interpretation: of each band, as rasterio names it.
        descriptions: of each band, or None.
        wavelengths: of each band, micrometres or nanometres, or None; () where none is stated.
        tags: of the file.
    """

    source: str
    interpretation: Sequence[str]
    descriptions: Sequence[str | None]
    wavelengths: Sequence[float | None] = ()
    tags: Mapping[str, str] = {}


def parse_bands(text: str) -> str | Bands:
    """What a person wrote: "auto", a preset, or numbers such as "3,2,1".

    Raises:
        ConfigError: it is none of these.
    """
    parts = text.replace(" ", "").split(",")
    are_numbers = all(part.isdecimal() and int(part) > 0 for part in parts)
    if are_numbers and len(parts) in (1, 3):
        return tuple(int(part) for part in parts)
    check_bands_name(text)
    return text


def check_bands_name(text: str) -> None:
    """Raise unless a text is "auto" or a preset.

    Raises:
        ConfigError: it is none of these.
    """
    if text != "auto" and text not in PRESETS:
        raise ConfigError(
            f"bands is {text!r}; allowed are auto, {', '.join(PRESETS)}, one number for a grey"
            " picture, or three numbers from 1, such as 3,2,1"
        )


def choose_bands(asked: str | Bands, facts: BandFacts) -> BandChoice:
    """Decide which bands are shown.

    Args:
        asked: "auto", a preset, or numbers from 1.
        facts: what the raster says of its bands.

    Raises:
        DataError: the raster does not have these bands.
    """
    sensor = sensor_of(facts.source, facts.tags)
    if sensor is None:
        sensor = BY_KEY.get(sensor_of_names(facts.descriptions))
    choice = _choice(asked, facts, sensor)
    if sensor is None:
        return choice
    return choice._replace(sensor=sensor.key)


def _choice(asked: str | Bands, facts: BandFacts, sensor: Sensor | None) -> BandChoice:
    if asked != "auto":
        return _as_asked(asked, len(facts.interpretation))
    colors = [band for band, color in enumerate(facts.interpretation, 1) if color != "alpha"]
    if not colors:
        raise DataError("all its bands are alpha, a mask without a picture")
    if is_mask_name(facts.source):
        return BandChoice((colors[0],), "a mask by its name: the first band, as grey")
    return _automatic(facts, sensor, colors)


def _automatic(facts: BandFacts, sensor: Sensor | None, colors: Sequence[int]) -> BandChoice:
    """The first that says something, from what is sure to what is guessed."""
    named = _by_band_names(facts, sensor)
    is_sure = named is not None and not named.is_guess
    return (
        _as_described(facts)
        or (named if is_sure else None)
        or _as_interpreted(facts)
        # Names of a sensor that is not known say less than a file that names its colours.
        or named
        or _as_grey(facts, sensor, colors)
        or _by_order(sensor, colors)
    )


def _as_asked(asked: str | Bands, count: int) -> BandChoice:
    if isinstance(asked, str):
        choice = BandChoice(PRESETS[asked].preset(count), f"preset {asked}")
    else:
        choice = BandChoice(asked, "as asked for")
    if max(choice.bands) > count:
        bands = "1 band" if count == 1 else f"{count} bands"
        listed = ", ".join(map(str, choice.bands))
        raise DataError(
            f"it has {bands}, and bands {listed} were asked for ({choice.reason}); choose with"
            " --bands"
        )
    return choice


def _as_described(facts: BandFacts) -> BandChoice | None:
    """By words and numbers that mean the same whatever the sensor is."""
    bands = by_words(facts.descriptions)
    if bands:
        return BandChoice(bands, "by band descriptions")
    bands = by_wavelengths(facts.wavelengths, facts.descriptions)
    if bands:
        return BandChoice(bands, "by wavelengths")
    bands = by_imd(facts.tags)
    if bands and max(bands) <= len(facts.interpretation):
        return BandChoice(bands, "by the order of bands in its .IMD")
    return None


def _by_band_names(facts: BandFacts, sensor: Sensor | None) -> BandChoice | None:
    named = by_codes(band_codes(facts.descriptions), sensor)
    if named is None:
        return None
    bands, whose = named
    if not whose:
        reason = "by band descriptions, as those of Sentinel-2 and Landsat 8, which nothing says"
        return BandChoice(bands, f"{reason} (--bands)", is_guess=True)
    return BandChoice(bands, f"by band descriptions, as those of {whose}")


def _as_interpreted(facts: BandFacts) -> BandChoice | None:
    interpretation = list(facts.interpretation)
    if not all(color in interpretation for color in COLORS):
        return None
    bands = tuple(interpretation.index(color) + 1 for color in COLORS)
    return BandChoice(bands, "by colour interpretation")


def _as_grey(facts: BandFacts, sensor: Sensor | None, colors: Sequence[int]) -> BandChoice | None:
    """One band, of a radar or where there are too few for colours."""
    band = polarisation(facts.descriptions)
    if band:
        return BandChoice((band,), f"the polarisation {facts.descriptions[band - 1]}, as grey")
    is_radar = sensor is not None and not sensor.bands
    if is_radar or len(colors) < len(COLORS):
        reason = "the first band, as grey"
        return BandChoice((colors[0],), reason, is_guess=len(colors) > 1 and not is_radar)
    return None


def _by_order(sensor: Sensor | None, colors: Sequence[int]) -> BandChoice:
    """By the order of bands that are no alpha, where a file does not say what its bands are."""
    if sensor is None:
        reason = "the file does not say which are red, green and blue"
        return _guess(colors, (1, 2, 3), f"the first three bands: {reason}")
    count = len(colors)
    layout = sensor.layout(count)
    if layout:
        return BandChoice(_picked(colors, layout), f"bands of {sensor.title}, by its name or tags")
    reason = f"it is of {sensor.title} by its name or tags, but not of {count} bands as delivered"
    likely = sensor.likely_layout(count)
    if likely:
        return _guess(colors, likely, f"the order of {sensor.title}: {reason}")
    return _guess(colors, (1, 2, 3), f"the first three bands: {reason}")


def _guess(colors: Sequence[int], numbers: Sequence[int], reason: str) -> BandChoice:
    return BandChoice(_picked(colors, numbers), f"{reason} (--bands)", is_guess=True)


def _picked(colors: Sequence[int], numbers: Sequence[int]) -> Bands:
    """Numbers among the bands that are no alpha, as numbers among all."""
    return tuple(colors[number - 1] for number in numbers)
