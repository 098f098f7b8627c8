"""Band names of any program as one name for each part of the spectrum: B08, NIR, "near infrared".

The names are STAC's common names (blue, green, red, rededge071, nir, nir08, swir16, …), and the
polarisations of a radar. Numbers of bands mean something only with a sensor: B5 is near infrared to
Landsat 8 and red edge to Sentinel-2.

Sources: ESA, Sentinel-2 Products Specification Document; USGS, Landsat 8-9 and 4-7 Collection 2
guides; STAC's extension "eo" (common names of bands).
"""

import re
from collections.abc import Mapping, Sequence

from harma.scenes.band_names import band_codes, color_word, polarisation_in
from harma.scenes.bands import BandFacts

# Sensor → number in a band's name → common name.
CODES: Mapping[str, Mapping[str, str]] = {
    "sentinel-2": {
        "1": "coastal",
        "2": "blue",
        "3": "green",
        "4": "red",
        "5": "rededge071",
        "6": "rededge075",
        "7": "rededge078",
        "8": "nir",
        "8a": "nir08",
        "9": "nir09",
        "10": "cirrus",
        "11": "swir16",
        "12": "swir22",
    },
    "landsat-8": {
        "1": "coastal",
        "2": "blue",
        "3": "green",
        "4": "red",
        "5": "nir08",
        "6": "swir16",
        "7": "swir22",
        "8": "pan",
        "9": "cirrus",
    },
    "landsat-7": {
        "1": "blue",
        "2": "green",
        "3": "red",
        "4": "nir08",
        "5": "swir16",
        "7": "swir22",
        "8": "pan",
    },
}
SENTINEL_2 = tuple(CODES["sentinel-2"].values())
BLUE_FIRST = ("blue", "green", "red", "nir")
# Sensor → number of bands of a file → what they are, as files are delivered that name none.
DELIVERED: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    "sentinel-2": {
        13: SENTINEL_2,
        # Level 2A is without cirrus.
        12: tuple(name for name in SENTINEL_2 if name != "cirrus"),
    },
    "sentinel-1": {2: ("VV", "VH")},
    "naip": {4: ("red", "green", "blue", "nir")},
    "planetscope": {4: BLUE_FIRST},
    "skysat": {4: BLUE_FIRST},
    "worldview": {4: BLUE_FIRST},
    "gaofen": {4: BLUE_FIRST},
}
# What words say, the first that fits; colours are told by `color_word`.
WORDS = {
    r"coastal|ultra[-_ ]?blue": "coastal",
    r"red[-_ ]?edge[-_ ]?0?(1|71\d?)$|\bvre[-_ ]?1": "rededge071",
    r"red[-_ ]?edge[-_ ]?0?(2|75|74\d?)$|\bvre[-_ ]?2": "rededge075",
    r"red[-_ ]?edge[-_ ]?0?(3|78\d?)$|\bvre[-_ ]?3": "rededge078",
    r"swir[-_ ]?(1|16)$|short[-_ ]?wave[-_ ]?infra[-_ ]?red[-_ ]?1$": "swir16",
    r"swir[-_ ]?(2|22)$|short[-_ ]?wave[-_ ]?infra[-_ ]?red[-_ ]?2$": "swir22",
    r"nir[-_ ]?08|narrow[-_ ]?(nir|near)|nir[-_ ]?(narrow|2)$": "nir08",
    r"nir[-_ ]?09|water[-_ ]?vapou?r": "nir09",
    r"(^|[^a-z])nir([-_ ]?1)?$|near[-_ ]?infra[-_ ]?red": "nir",
    r"^cirrus": "cirrus",
    r"^pan(chromatic)?$": "pan",
}


def band_key(text: str, sensor: str = "") -> str:
    """The common name of a band, "" where its name says none.

    Args:
        text: what it is called.
        sensor: whose number it is, where the name is a number such as B04.
    """
    said = text.strip()
    radar = polarisation_in(said)
    if radar:
        return radar
    code = band_codes([said])[0]
    if code and sensor in CODES:
        return CODES[sensor].get(code, "")
    for pattern, name in WORDS.items():
        if re.search(pattern, said, re.IGNORECASE):
            return name
    return color_word(said)


def keys_of(facts: BandFacts, whose: str, sensor: str = "") -> tuple[str, ...]:
    """The common name of each band of a raster, "" where nothing says it.

    Args:
        facts: what the raster says of its bands.
        whose: the sensor whose numbers its bands' names are, if they are numbers.
        sensor: that took it, whose order counts where the file names no band; "" if not known.
    """
    keys = tuple(band_key(text or "", whose) for text in facts.descriptions)
    if any(keys):
        return keys
    delivered = DELIVERED.get(sensor, {}).get(len(keys))
    if delivered is not None:
        return delivered
    return tuple(color if color in BLUE_FIRST else "" for color in facts.interpretation)


def named_bands(facts: BandFacts, keys: Sequence[str]) -> str:
    """The bands of a raster in words, for messages."""
    words = []
    for number, (text, key) in enumerate(zip(facts.descriptions, keys, strict=True), 1):
        name = text or key or f"band {number} (unnamed)"
        if key and key.lower() not in name.lower():
            name = f"{name} ({key})"
        words.append(name)
    return ", ".join(words) or "no bands"
