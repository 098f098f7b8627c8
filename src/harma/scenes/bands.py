"""Which bands of a raster are shown as red, green and blue."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from harma.errors import ConfigError, DataError

# Numbers from 1, of files that hold all bands of the sensor in its own order.
PRESETS: dict[str, tuple[int, int, int]] = {
    "sentinel-2": (4, 3, 2),  # B01 B02 B03 B04 …
    "landsat-8": (4, 3, 2),  # Landsat 8 and 9: coastal, blue, green, red, …
    "landsat-7": (3, 2, 1),  # Landsat 4 to 7: blue, green, red, …
    "naip": (1, 2, 3),  # red, green, blue, near infrared
}
COLORS = ("red", "green", "blue")
# What sensors' own band names are called in files with descriptions.
DESCRIPTIONS = {
    "red": ("red", "r", "b04", "b4"),
    "green": ("green", "g", "b03", "b3"),
    "blue": ("blue", "b", "b02", "b2"),
}
NAIP_NAME = re.compile(r"^m_\d{7}_(ne|nw|se|sw)_\d{2}_", re.IGNORECASE)

Bands = tuple[int, ...]


class BandChoice(NamedTuple):
    """Which bands are shown.

    Attributes:
        bands: one (grey) or three (red, green, blue), from 1.
        reason: how that was decided.
    """

    bands: Bands
    reason: str


def parse_bands(text: str) -> str | Bands:
    """What a person wrote: "auto", a preset, or numbers such as "3,2,1".

    Raises:
        ConfigError: it is none of these.
    """
    if text == "auto" or text in PRESETS:
        return text
    parts = text.replace(" ", "").split(",")
    are_numbers = all(part.isdecimal() and int(part) > 0 for part in parts)
    if are_numbers and len(parts) in (1, 3):
        return tuple(int(part) for part in parts)
    raise ConfigError(
        f"bands is {text!r}; allowed are auto, {', '.join(PRESETS)}, one number for a grey picture,"
        " or three numbers from 1, such as 3,2,1"
    )


def choose_bands(
    asked: str | Bands,
    name: str,
    interpretation: Sequence[str],
    descriptions: Sequence[str | None],
) -> BandChoice:
    """Decide which bands are shown.

    Args:
        asked: "auto", a preset, or numbers from 1.
        name: of the file: NAIP's are known by it.
        interpretation: of each band, as rasterio names it.
        descriptions: of each band, or None.

    Raises:
        DataError: the raster does not have these bands.
    """
    # From what is sure to what is guessed; the reason is kept, so that a person can check it.
    if asked != "auto":
        return _as_asked(asked, len(interpretation))
    if all(color in interpretation for color in COLORS):
        bands = tuple(interpretation.index(color) + 1 for color in COLORS)
        return BandChoice(bands, "by colour interpretation")
    described = tuple(_described(descriptions, color) for color in COLORS)
    if all(described):
        return BandChoice(described, "by band descriptions")
    return _by_order(name, interpretation)


def _as_asked(asked: str | Bands, count: int) -> BandChoice:
    if isinstance(asked, str):
        choice = BandChoice(PRESETS[asked], f"preset {asked}")
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


def _described(descriptions: Sequence[str | None], color: str) -> int:
    """Number of the band whose description names a colour, or 0."""
    for band, text in enumerate(descriptions, 1):
        if text and text.strip().lower() in DESCRIPTIONS[color]:
            return band
    return 0


def _by_order(name: str, interpretation: Sequence[str]) -> BandChoice:
    """The first bands that are no alpha, where a file does not say what its bands are."""
    colors = [band for band, color in enumerate(interpretation, 1) if color != "alpha"]
    if not colors:
        raise DataError("all its bands are alpha, a mask without a picture")
    if len(colors) < len(COLORS):
        return BandChoice((colors[0],), "the first band, as grey")
    if NAIP_NAME.match(name):
        return BandChoice(PRESETS["naip"], "preset naip, by the file's name")
    return BandChoice(
        tuple(colors[:3]),
        "the first three bands: the file does not say which are red, green and blue (--bands)",
    )
