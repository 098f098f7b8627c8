"""Which bands of a raster are shown as red, green and blue."""

import re
from collections.abc import Sequence

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


def parse_bands(text: str) -> str | Bands:
    """What a person wrote: "auto", a preset, or numbers such as "3,2,1".

    Raises:
        ConfigError: it is none of these.
    """
    if text == "auto" or text in PRESETS:
        return text
    parts = text.replace(" ", "").split(",")
    if len(parts) in (1, 3) and all(part.isdigit() and int(part) > 0 for part in parts):
        return tuple(int(part) for part in parts)
    raise ConfigError(
        f"bands is {text!r}; allowed are auto, {', '.join(PRESETS)}, one number for a grey picture,"
        " or three numbers from 1, such as 3,2,1"
    )


def choose_bands(
    wanted: str | Bands,
    name: str,
    interpretation: Sequence[str],
    descriptions: Sequence[str | None],
) -> tuple[Bands, str]:
    """Decide which bands are shown.

    Args:
        wanted: "auto", a preset, or numbers from 1.
        name: of the file: NAIP's are known by it.
        interpretation: of each band, as rasterio names it.
        descriptions: of each band, or None.

    Returns:
        One band (grey) or three (red, green, blue), and how that was decided.

    Raises:
        DataError: the raster does not have these bands.
    """
    count = len(interpretation)
    if wanted != "auto":
        bands, reason = (
            (PRESETS[wanted], f"preset {wanted}")
            if isinstance(wanted, str)
            else (wanted, "as asked for")
        )
        if max(bands) > count:
            raise DataError(
                f"it has {count} band{'' if count == 1 else 's'}, and bands"
                f" {', '.join(map(str, bands))} were asked for ({reason}); choose with --bands"
            )
        return bands, reason
    if all(color in interpretation for color in COLORS):
        return (
            tuple(interpretation.index(color) + 1 for color in COLORS),
            "by colour interpretation",
        )
    found = [_described(descriptions, color) for color in COLORS]
    if all(found):
        return tuple(found), "by band descriptions"
    colors = [number for number, what in enumerate(interpretation, 1) if what != "alpha"]
    if NAIP_NAME.match(name) and len(colors) >= 3:
        return PRESETS["naip"], "preset naip, by the file's name"
    if len(colors) < 3:
        return (colors[0],), "the first band, as grey"
    return (
        tuple(colors[:3]),
        "the first three bands: the file does not say which are red, green and blue (--bands)",
    )


def _described(descriptions: Sequence[str | None], color: str) -> int:
    """Number of the band whose description names a colour, or 0."""
    for number, text in enumerate(descriptions, 1):
        if text and text.strip().lower() in DESCRIPTIONS[color]:
            return number
    return 0
