"""HLS (Harmonized Landsat and Sentinel-2): red, green and blue of a tile put together.

Names: HLS Product User Guide v2.0, section 6.2. Red, green and blue are B04, B03 and B02 of both
sensors; near infrared is B05 of L30 and B8A of S30. Fill is -9999.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.period import Period
from harma.scenes.products.product import BandPart, Listing, Product, paths
from harma.scenes.products.times import day, moment

# HLS.L30.T17TPH.2020123T155510.v2.0.B04.tif
NAME = re.compile(
    r"^(?P<id>HLS\.(?P<sensor>[LS]30)\.T\d{2}[A-Z]{3}\.(?P<time>\d{7}T\d{6}|\d{7})\.v\d+\.\d+)"
    r"\.(?:(?P<layer>\w+)\.)?\w+$",
    re.IGNORECASE,
)
COLORS = {
    "L30": {"B04": "red", "B03": "green", "B02": "blue", "B05": "nir"},
    "S30": {"B04": "red", "B03": "green", "B02": "blue", "B8A": "nir"},
}
BAND = re.compile(r"^B\w\w$")
PREVIEW = "PREVIEW"
# What else is delivered; another name is one that a person gave.
LAYER = re.compile(r"^(?:B\w\w|Fmask|[SV][AZ]A)$", re.IGNORECASE)
PICTURES = (".jpg", ".jpeg", ".png")
OTHER = "another band, a quality layer or a preview of an HLS product"


def find(listing: Listing) -> Iterator[Product]:
    """A scene for each tile and time."""
    tiles: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for folder, name in paths(listing):
        match = NAME.match(name)
        if match and _is_delivered(match["layer"], suffix_of(name)):
            layer = (match["layer"] or PREVIEW).upper()
            tiles[folder, match["id"]][layer] = f"{folder}/{name}"
    for layers in tiles.values():
        yield _scene(layers)


def _is_delivered(layer: str | None, suffix: str) -> bool:
    """Whether a file that is named as a product is one of those delivered with it."""
    if layer is None:
        return suffix in PICTURES
    return suffix in SCENE_SUFFIXES and LAYER.match(layer) is not None


def _scene(layers: dict[str, str]) -> Product:
    match = NAME.match(next(iter(layers.values())).rpartition("/")[2])
    assert match is not None
    colors = COLORS[match["sensor"].upper()]
    parts = _parts(layers, colors)
    used = {part.path for part in parts}
    others = {path: OTHER for path in layers.values() if path not in used}
    if not parts:
        # Single bands without the others, or a picture of all, are what the person has.
        kept = [layer for layer in layers if BAND.match(layer) or layer == PREVIEW]
        others = {path: OTHER for layer, path in layers.items() if layer not in kept}
    return Product(
        parts=parts,
        others=others,
        taken=_taken(match["time"].upper()),
        sensor="hls",
    )


def _parts(layers: dict[str, str], colors: dict[str, str]) -> tuple[BandPart, ...]:
    """The bands that are shown; none where one of the colours is missing."""
    if not layers.keys() >= {"B04", "B03", "B02"}:
        return ()
    shown = [(layers[band], color) for band, color in colors.items() if band in layers]
    return tuple(BandPart(path, color, nodata=-9999.0) for path, color in shown)


def _taken(time: str) -> Period | None:
    if "T" in time:
        return moment(time, "%Y%jT%H%M%S")
    return day(time, "%Y%j")
