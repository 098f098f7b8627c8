"""Landsat: level 1 and 2, collections 1 and 2, ARD and the names before; bands by satellite.

Names: Landsat Collection 2 Level-1 and Level-2 Data Format Control Books (LSDS-1822, LSDS-1328,
LSDS-1618, LSDS-1619), section "Product Naming Convention". Landsat 8 and 9 call red B4, green B3,
blue B2; Landsat 4, 5 and 7 B3, B2, B1. The scanner of Landsat 1 to 5 (MSS) has no blue: what it
shows is near infrared, red and green.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.period import Period
from harma.scenes.products.product import BandPart, Listing, Product, paths
from harma.scenes.products.times import day

# LC08_L2SP_044034_20140318_20200911_02_T1, LC08_CU_003010_20160101_20190101_C01_V01,
# LC80440342014077LGN00.
COLLECTION = r"L(?P<kind>[CEOTM])(?P<unit>0[1-9])_(?:L\d\w{2}|CU|AK|HI)_\d{6}_(?P<date>\d{8})"
COLLECTION += r"_\d{8}_(?:C\d\d_V\d\d|\d\d(?:_(?:T1|T2|RT|A1|A2))?)"
BEFORE = r"L(?P<kind_before>[CEOTM])(?P<unit_before>[1-9])\d{6}(?P<doy>\d{7})[A-Z]{3}\d\d"
NAME = re.compile(rf"^(?P<id>{COLLECTION}|{BEFORE})(?:_(?P<rest>.+?))?\.\w+$", re.IGNORECASE)
BAND = re.compile(r"^(?P<level>SR_|SR|sr_|toa_)?(?:B|band)(?P<band>\d+)$", re.IGNORECASE)
# What else is delivered: quality, temperature, angles, indices, pictures to look at. Another name
# is one that a person gave, such as to all bands put together.
LAYER = re.compile(
    r"^(?:(?:SR|ST|TOA|TA|BT)?_?(?:B|BAND)\d+(?:_VCID_\d)?"
    r"|\w*QA(?:_(?:PIXEL|RADSAT|AEROSOL))?|QB|ST_(?:ATRAN|CDIST|DRAD|EMIS|EMSD|TRAD|URAD)"
    r"|SR_(?:AEROSOL|ATMOS_OPACITY|NDVI|EVI|SAVI|MSAVI|NDMI|NBR2?|NDSI)"
    r"|(?:SOLAR|SENSOR)_\w+|[SV][AZ]A|S[OE][AZ]4|ANG|MTL|REFL|TIR|thumb_(?:small|large))$",
    re.IGNORECASE,
)
PICTURES = (".jpg", ".jpeg", ".png")
# Reflectance at the ground before that at the top of the atmosphere before counts.
LEVELS = ("SR", "TOA", "")
COLORS = {
    "OLI": {"red": "4", "green": "3", "blue": "2", "nir": "5"},
    "TM": {"red": "3", "green": "2", "blue": "1", "nir": "4"},
    # Landsat 1 to 3 count the bands of MSS from 4, Landsat 4 and 5 from 1.
    "MSS": {"near infrared": "6", "visible red": "5", "visible green": "4"},
    "MSS of 4 and 5": {"near infrared": "4", "visible red": "2", "visible green": "1"},
}
SENSORS = {"OLI": "landsat-8", "TM": "landsat-7"}
OTHER = "another band, a quality layer or a preview of a Landsat product"


def find(listing: Listing) -> Iterator[Product]:
    """A scene for each product: red, green and blue put together."""
    products: dict[tuple[str, str], list[str]] = defaultdict(list)
    for folder, name in paths(listing):
        match = NAME.match(name)
        if match and _is_delivered(match["rest"], suffix_of(name)):
            products[folder, match["id"]].append(name)
    for (folder, _), names in products.items():
        yield _scene(folder, names)


def _is_delivered(rest: str | None, suffix: str) -> bool:
    """Whether a file that is named as a product is one of those delivered with it."""
    if rest is None:
        return suffix in PICTURES
    return suffix in SCENE_SUFFIXES and LAYER.match(rest) is not None


def _scene(folder: str, names: list[str]) -> Product:
    match = NAME.match(names[0])
    assert match is not None
    kind = _kind(match)
    parts = _parts(folder, names, COLORS[kind])
    used = {part.path for part in parts}
    others = {}
    for name in names:
        rest = _rest(name)
        path = f"{folder}/{name}"
        # Single bands without the others, or a picture of all, are what the person has.
        is_all_there_is = not parts and (not rest or BAND.match(rest))
        if path not in used and not is_all_there_is:
            others[path] = OTHER
    return Product(
        parts=parts, others=others, taken=_taken(match), sensor=SENSORS.get(kind, "landsat-mss")
    )


def _kind(match: re.Match[str]) -> str:
    """Which instrument took it."""
    letter = (match["kind"] or match["kind_before"]).upper()
    unit = int(match["unit"] or match["unit_before"])
    if letter == "M":
        return "MSS" if unit <= 3 else "MSS of 4 and 5"
    # Before the collections, C and O were used for Landsat 8 alone, T for 4 and 5, E for 7.
    return "OLI" if unit >= 8 else "TM"


def _parts(folder: str, names: list[str], colors: dict[str, str]) -> tuple[BandPart, ...]:
    """The bands that are shown, of the best level that has them all."""
    by_level = _by_level(names)
    needed = list(colors.values())[:3]
    for level in LEVELS:
        there = by_level[level]
        if all(band in there for band in needed):
            bands = [(color, there[band]) for color, band in colors.items() if band in there]
            # Fill is 0 in level 1 and in surface reflectance of collection 2; earlier surface
            # reflectance has -9999, and its files say so.
            return tuple(BandPart(f"{folder}/{name}", color, nodata=0.0) for color, name in bands)
    return ()


def _by_level(names: list[str]) -> dict[str, dict[str, str]]:
    """Level → band, by its number → name of the file."""
    by_level: dict[str, dict[str, str]] = defaultdict(dict)
    for name in names:
        band = BAND.match(_rest(name))
        if band:
            level = (band["level"] or "").upper().rstrip("_")
            by_level[level][band["band"].lstrip("0")] = name
    return by_level


def _rest(name: str) -> str:
    """What a name has behind its product's."""
    match = NAME.match(name)
    return (match["rest"] or "") if match else ""


def _taken(match: re.Match[str]) -> Period | None:
    if match["date"]:
        return day(match["date"], "%Y%m%d")
    return day(match["doy"], "%Y%j")
