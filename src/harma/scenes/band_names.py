"""What descriptions, wavelengths and sensors' own band names say of bands: red, green, blue.

Names as the agencies, Earth Engine, Planet, Maxar and Copernicus write them: red, Red, band_3_red,
reflectance_red, coastal_blue, SR_B4, S2_B04, B04, "B4, central wavelength 665 nm", 665 nm, VV.
"""

import re
from collections.abc import Mapping, Sequence

from harma.scenes.sensors import Sensor

COLORS = ("red", "green", "blue")
SHORT = {"r": "red", "g": "green", "b": "blue"}
# Words that make another band of a colour's name: red edge, near infra-red, coastal blue, green I
# (Planet's second green), a mask or deviation of a band.
OTHER_BANDS = frozenset(
    {"edge", "infra", "infrared", "near", "nir", "ir", "swir", "far", "coastal", "deep", "ultra"}
    | {"yellow", "i", "ii", "mask", "qa", "std", "stddev", "stdev", "count", "uncertainty", "diff"}
    | {"ratio", "index", "ndvi", "minus"}
)
# What programs write of themselves: "Band 1", "Band 2", …
COUNTED = re.compile(r"\s*(band|layer)[\W_]*\d+\s*$", re.IGNORECASE)
# Micrometres: what is nearest to these is taken, if it lies between those.
CENTERS = {"red": 0.66, "green": 0.56, "blue": 0.48}
LIMITS = {"red": (0.6, 0.7), "green": (0.5, 0.6), "blue": (0.43, 0.52)}
# From here on a wavelength is in nanometres.
LEAST_NANOMETRES = 100.0
# The first that a radar has is shown.
POLARISATIONS = ("VV", "HH", "VH", "HV")
LANDSAT_TM_CODES = {"1", "2", "3", "4", "5", "7"}
# Bands that only Sentinel-2, Landsat 8 and 9 have among sensors whose bands are called B.
LATER_CODES = {"8", "8a", "9", "10", "11", "12"}

# Beginnings of band names that one sensor's products alone have.
SENSORS_OF_NAMES = {
    r"sur_refl_b\d": "modis",
    r"nadir_reflectance_band\d": "modis",
    r"oa\d\d_": "olci",
    r"s2_b\d": "sentinel-2",
}

Triple = tuple[int, int, int]
Texts = Sequence[str | None]


def by_words(descriptions: Texts) -> Triple | None:
    """Numbers of the bands, from 1, whose descriptions name the colours; None if not all do.

    Args:
        descriptions: of each band, or None.
    """
    return _triple([color_word(text or "") for text in descriptions], COLORS)


def color_word(text: str) -> str:
    """The colour that a description names, or "".

    Args:
        text: of a band.
    """
    # RedEdge is two words, as red_edge is.
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words: list[str] = re.findall(r"[a-z]+", apart.lower())
    letter = text.strip().lower()
    if letter in SHORT:
        return SHORT[letter]
    colors = [word for word in words if word in COLORS]
    # "Red, green, blue" says nothing of one band.
    if len(colors) != 1 or OTHER_BANDS.intersection(words):
        return ""
    return colors[0]


def by_wavelengths(wavelengths: Sequence[float | None], descriptions: Texts = ()) -> Triple | None:
    """Numbers of the bands nearest to red, green and blue light; None if a band for one is lacking.

    Args:
        wavelengths: of each band, micrometres or nanometres, or None.
        descriptions: which may hold them.
    """
    found = [_micrometres(length) for length in wavelengths]
    if not any(found):
        found = [_micrometres(_wavelength_in(text)) for text in descriptions]
    return _three([_nearest(found, color) for color in COLORS])


def _nearest(lengths: Sequence[float | None], color: str) -> int:
    low, high = LIMITS[color]
    inside = [
        (abs(length - CENTERS[color]), band)
        for band, length in enumerate(lengths, 1)
        if length is not None and low <= length <= high
    ]
    return min(inside, default=(0.0, 0))[1]


def _micrometres(length: float | None) -> float | None:
    if length is None or not length > 0:
        return None
    if length < LEAST_NANOMETRES:
        return length
    return length / 1000


def _wavelength_in(text: str | None) -> float | None:
    """A wavelength with its unit in a description, in nanometres or micrometres."""
    unit = r"(nm|um|µm|μm|nanomet\w+|micromet\w+|micron\w*)"
    match = re.search(rf"(?<![\w.-])(\d+(?:\.\d+)?)\s*{unit}(?![a-z])", text or "", re.IGNORECASE)
    return float(match[1]) if match else None


def wavelength_in_tags(tags: Mapping[str, str]) -> float | None:
    """The wavelength that the tags of a band state, or None.

    Args:
        tags: of the band, of its namespace IMAGERY too.
    """
    for key, text in tags.items():
        if key.lower() in ("central_wavelength_um", "wavelength", "center_wavelength"):
            match = re.match(r"\s*(\d+(?:\.\d*)?(?:e[+-]?\d+)?)", text, re.IGNORECASE)
            if match:
                return float(match[1])
    return None


def wavelengths_in_list(tags: Mapping[str, str], num_bands: int) -> list[float | None]:
    """The wavelengths of all bands that the tags of a file list; none if not of each.

    Args:
        tags: of the file.
        num_bands: of it.
    """
    for key, text in tags.items():
        if key.lower() in ("wavelength", "wavelengths"):
            numbers = re.findall(r"\d+(?:\.\d*)?", text)
            if len(numbers) == num_bands:
                return [float(number) for number in numbers]
    return [None] * num_bands


def by_imd(tags: Mapping[str, str]) -> Triple | None:
    """Red, green and blue by the groups BAND_B, BAND_G, BAND_R of Maxar's .IMD, in its order.

    Args:
        tags: of the file's namespace IMD too.
    """
    groups = re.findall(r"^BAND_([A-Z]\w*)\.", "\n".join(tags), re.MULTILINE)
    return _triple(list(dict.fromkeys(groups)), "RGB")


def band_codes(descriptions: Texts) -> list[str]:
    """Numbers in sensors' band names: "4" of B4, B04, SR_B4, S2_B04, "8a" of B8A; "" where none.

    Args:
        descriptions: of each band.
    """
    codes = [_code(text) for text in descriptions]
    numbers = [str(band) for band in range(1, len(codes) + 1)]
    are_counted = all(COUNTED.match(text or "") for text in descriptions)
    if are_counted and codes == numbers:
        return [""] * len(codes)
    return codes


def _code(text: str | None) -> str:
    # ST_B6 is the temperature of Landsat.
    if re.match(r"\s*ST_", text or ""):
        return ""
    pattern = r"(?<![a-z0-9])(?:(?:nadir_reflectance_)?band[\s_-]?|b|oa)0*(\d{1,2}a?)(?![a-z0-9])"
    match = re.search(pattern, text or "", re.IGNORECASE)
    return match[1].lower() if match else ""


def sensor_of_names(descriptions: Texts) -> str:
    """The key of the sensor whose bands alone are called so, or "".

    Args:
        descriptions: of each band.
    """
    texts = [(text or "").strip().lower() for text in descriptions]
    for pattern, key in SENSORS_OF_NAMES.items():
        if any(re.match(pattern, text) for text in texts):
            return key
    # Landsat's surface reflectance: only that of 8 and 9 has a band 6.
    codes = {_code(text) for text in texts if text.startswith("sr_b")}
    if "6" in codes:
        return "landsat-8"
    if codes >= LANDSAT_TM_CODES:
        return "landsat-7"
    return ""


def by_codes(codes: Sequence[str], sensor: Sensor | None) -> tuple[Triple, str] | None:
    """Red, green and blue by sensors' band names, and whose names they are.

    Args:
        codes: as `band_codes` gives them.
        sensor: if it is known.

    Returns:
        None if they do not say it. Whose names is "" where that is a guess.
    """
    if sensor is not None and sensor.bands:
        numbers = sensor.preset(len(codes))
        return _whose(_triple(codes, [str(number) for number in numbers]), sensor.title)
    are_later = bool(LATER_CODES.intersection(codes))
    # Bands of Landsat 4 to 7 without the thermal one, which is apart.
    if set(codes) >= LANDSAT_TM_CODES and "6" not in codes and not are_later:
        return _whose(_triple(codes, "321"), "Landsat 4 to 7")
    # A first band without later ones may as well be Landsat 4 to 7, where band 1 is blue.
    is_sure = are_later or "1" not in codes
    return _whose(_triple(codes, "432"), "Sentinel-2 and Landsat 8" if is_sure else "")


def _whose(triple: Triple | None, title: str) -> tuple[Triple, str] | None:
    return None if triple is None else (triple, title)


def polarisation(descriptions: Texts) -> int:
    """Number of the band of a radar that is shown, or 0 where no description is a polarisation.

    Args:
        descriptions: of each band.
    """
    found = [polarisation_in(text or "") for text in descriptions]
    for name in POLARISATIONS:
        if name in found:
            return found.index(name) + 1
    return 0


def polarisation_in(text: str) -> str:
    """The polarisation that a description names, or ""; a ratio of two is none.

    Args:
        text: of a band.
    """
    upper = text.upper()
    if "/" in upper:
        return ""
    for name in POLARISATIONS:
        if re.search(rf"(?<![A-Z]){name}(?![A-Z])", upper):
            return name
    return ""


def _triple(names: Sequence[str], wanted: Sequence[str]) -> Triple | None:
    """Numbers of the bands that have three names; None if one is lacking."""
    first = {name: band for band, name in reversed(list(enumerate(names, 1)))}
    return _three([first.get(name, 0) for name in wanted])


def _three(numbers: Sequence[int]) -> Triple | None:
    """Three numbers of bands that are there and differ, or None."""
    if len(set(numbers)) != len(COLORS) or not all(numbers):
        return None
    red, green, blue = numbers
    return red, green, blue
