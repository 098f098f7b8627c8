"""Deliveries with a file for each band: Theia, CBERS, IKONOS and GeoEye, and files named by colour.

Names: Theia's "MUSCATE L2A product format" (FRE and SRE are reflectances with and without the
correction of slopes); INPE's CBERS 4A handbook (WPM: BAND1 is blue); GeoEye's product guide (red,
grn, blu, nir); and what people call their own files (field_red.tif, field_green.tif, …).
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.period import Period
from harma.scenes.products.product import BandPart, Listing, Product, paths
from harma.scenes.products.times import day, moment

RASTER = r"\.(?:tiff?|jp2|img|ntf)$"
COLORS = ("red", "green", "blue", "nir")
OTHER = "another band, a mask or a preview of a product of single bands"


@dataclass(frozen=True)
class BandNames:
    """How the files of a kind of delivery are called.

    Attributes:
        pattern: regular expression with the groups `id` and `band`; what comes after `id` in names
            of the same folder belongs to it.
        colors: band, in lower case → colour.
        takes_others: whether all that begins with the id is of the product.
        time: regular expression of the time, and its form.
        sensor: that took it.
        nodata: value without data.
    """

    pattern: re.Pattern[str]
    colors: Mapping[str, str]
    takes_others: bool = True
    time: tuple[str, str] = ("", "")
    sensor: str = ""
    nodata: float | None = None


KINDS = {
    "Theia": BandNames(
        re.compile(
            r"^(?P<id>SENTINEL2[A-D]_\d{8}-\d{6}-\d{3}_L2A_T\w{5}_\w_V[\d-]+)_FRE_B(?P<band>\w+)"
            + RASTER,
            re.IGNORECASE,
        ),
        {"4": "red", "3": "green", "2": "blue", "8": "nir"},
        time=(r"_(\d{8}-\d{6})-", "%Y%m%d-%H%M%S"),
        sensor="sentinel-2",
        nodata=-10000.0,
    ),
    "CBERS": BandNames(
        re.compile(
            r"^(?P<id>CBERS_?4A?_(?:WPM|MUX|WFI)_?\d{8}_\d{3}_\d{3}_L\w+?)_(?:(?:RIGHT|LEFT)_)?"
            r"BAND(?P<band>\d+)" + RASTER,
            re.IGNORECASE,
        ),
        # WPM counts from 1, MUX from 5, WFI from 13: blue, green, red, near infrared.
        {
            **{"1": "blue", "2": "green", "3": "red", "4": "nir"},
            **{"5": "blue", "6": "green", "7": "red", "8": "nir"},
            **{"13": "blue", "14": "green", "15": "red", "16": "nir"},
        },
        time=(r"_(\d{8})_", "%Y%m%d"),
        nodata=0.0,
    ),
    "IKONOS, GeoEye": BandNames(
        re.compile(r"^(?P<id>po_\d+)_(?P<band>red|grn|blu|nir)_\d+" + RASTER, re.IGNORECASE),
        {"red": "red", "grn": "green", "blu": "blue", "nir": "nir"},
        sensor="worldview",
        nodata=0.0,
    ),
    "by colour": BandNames(
        re.compile(
            r"^(?P<id>.*?)[ _.-]?(?<![A-Za-z])(?:band[ _.-]?)?(?P<band>red|green|blue|nir)"
            + RASTER,
            re.IGNORECASE,
        ),
        {color: color for color in COLORS},
        takes_others=False,
    ),
}


def find(listing: Listing) -> Iterator[Product]:
    """A scene for each set of bands."""
    for kind in KINDS.values():
        sets: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for folder, name in paths(listing):
            match = kind.pattern.match(name)
            color = kind.colors.get(match["band"].lower(), "") if match else ""
            if match and color:
                sets[folder, match["id"]][color] = name
        for (folder, start), names in sets.items():
            if names.keys() >= set(COLORS[:3]):
                yield _scene(kind, folder, names, _others(kind, listing, folder, start))


def _others(kind: BandNames, listing: Listing, folder: str, start: str) -> list[str]:
    """What else there is of a product: other bands, masks, previews; paths."""
    if not kind.takes_others:
        return []
    others = []
    for place in (folder, f"{folder}/MASKS"):
        names = [name for name in listing.get(place, ()) if name.startswith(start)]
        others += [f"{place}/{name}" for name in names if suffix_of(name) in SCENE_SUFFIXES]
    return others


def _scene(kind: BandNames, folder: str, names: Mapping[str, str], others: list[str]) -> Product:
    shown = [(color, f"{folder}/{names[color]}") for color in COLORS if color in names]
    used = {path for _, path in shown}
    return Product(
        parts=tuple(BandPart(path, color, 1, kind.nodata) for color, path in shown),
        others={path: OTHER for path in others if path not in used},
        taken=_taken(kind, names["red"]),
        sensor=kind.sensor,
    )


def _taken(kind: BandNames, name: str) -> Period | None:
    pattern, form = kind.time
    match = re.search(pattern, name) if pattern else None
    if match is None:
        return None
    if "%H" in form:
        return moment(match[1], form)
    return day(match[1], form)
