"""Maxar (DigitalGlobe): deliveries of multispectral (M2AS), panchromatic and pansharpened tiles.

Names: DigitalGlobe Core Imagery Products Guide, "File naming convention": time, product, perhaps a
tile, and the order (14JUL07151413-M2AS_R1C1-053951940020_01_P001.TIF). A .TIL names the tiles of
one picture, an .IMD its bands. GDAL's own driver of .TIL wants more than many deliveries have.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.products.product import BandPart, Listing, PictureTile, Product, paths
from harma.scenes.products.times import moment
from harma.scenes.small_files import read_small

NAME = re.compile(
    r"^(?P<time>\d{2}[A-Z]{3}\d{8})-(?P<kind>[MPS])\w{3}(?P<tile>_R\d+C\d+)?"
    r"-(?P<order>\d{12}_\d{2}_P\d{3})(?P<browse>-BROWSE)?\.(?P<suffix>\w+)$",
    re.IGNORECASE,
)
# Pansharpened before multispectral before panchromatic.
ORDER = "SMP"
OTHER = "a panchromatic or multispectral twin, a tile or a preview of a Maxar picture"
# Bands of .IMD: coastal, blue, green, yellow, red, red edge and two of near infrared.
COLORS = {
    "C": "coastal",
    "B": "blue",
    "G": "green",
    "Y": "yellow",
    "R": "red",
    "RE": "red edge",
    "N": "nir",
    "N2": "nir 2",
}


def find(listing: Listing) -> Iterator[Product]:
    """The best picture of each part of an order."""
    orders: dict[str, list[str]] = defaultdict(list)
    for folder, name in paths(listing):
        match = NAME.match(name)
        # Multispectral and panchromatic lie in folders of their own; the order is the same.
        if match and (suffix_of(name) in SCENE_SUFFIXES or suffix_of(name) == ".til"):
            orders[match["order"].upper()].append(f"{folder}/{name}")
    for files in orders.values():
        yield from _scenes(files)


def _scenes(files: Sequence[str]) -> Iterator[Product]:
    kinds: dict[str, list[str]] = defaultdict(list)
    others = {}
    for path in files:
        match = _match(path)
        if match["browse"]:
            others[path] = OTHER
        else:
            kinds[match["kind"].upper()].append(path)
    pictures = sorted(kinds, key=ORDER.index)
    for kind in pictures[1:]:
        others |= {path: OTHER for path in kinds[kind] if not path.upper().endswith(".TIL")}
    if others:
        yield Product(others=others)
    if pictures:
        yield from _pictures(kinds[pictures[0]])


def _pictures(files: Sequence[str]) -> Iterator[Product]:
    """The tiles put side by side where their list says how, or each for itself."""
    lists = [path for path in files if path.upper().endswith(".TIL")]
    rasters = [path for path in files if path not in lists]
    tiles = _tiles(lists[0], rasters) if lists else ()
    if len(tiles) > 1 and len(tiles) == len(rasters):
        first = _product(rasters[0])
        yield replace(first, opened="", parts=(), tiles=tiles, colors=_colors(rasters[0]))
        return
    yield from map(_product, rasters)


def _product(path: str) -> Product:
    """The scene of one file; where its bands are known, they are named in their order."""
    match = _match(path)
    colors = _colors(path)
    return Product(
        parts=tuple(BandPart(path, color, band, 0.0) for band, color in enumerate(colors, 1)),
        opened="" if colors else path,
        taken=moment(match["time"].title(), "%y%b%d%H%M%S"),
        sensor="worldview",
    )


def _tiles(listed: str, rasters: Sequence[str]) -> tuple[PictureTile, ...]:
    """The tiles of a .TIL that are there."""
    by_name = {path.rpartition("/")[2].lower(): path for path in rasters}
    tiles = []
    for group in re.findall(r"BEGIN_GROUP = TILE_\d+(.*?)END_GROUP", _text(listed), re.DOTALL):
        values = dict(re.findall(r'(\w+) = "?([^";]+)"?;', group))
        path = by_name.get(values.get("filename", "").lower())
        column = values.get("ULColOffset", "")
        row = values.get("ULRowOffset", "")
        if path and column.isdecimal() and row.isdecimal():
            tiles.append(PictureTile(path, int(column), int(row)))
    return tuple(tiles)


def _colors(path: str) -> tuple[str, ...]:
    """The bands of a picture in their order, as its .IMD has them; () where it has none."""
    match = _match(path)
    folder, _, name = path.rpartition("/")
    metadata = name[: match.end("kind") + 3] + f"-{match['order']}"
    for suffix in (".IMD", ".imd"):
        bands = re.findall(r"BEGIN_GROUP = BAND_(\w+)", _text(f"{folder}/{metadata}{suffix}"))
        if bands and bands != ["P"]:
            return tuple(COLORS.get(band, band) for band in bands)
    return ()


def _text(path: str) -> str:
    """A text; "" where it cannot be read, such as in an archive."""
    try:
        return read_small(path).decode("utf-8", "replace")
    except OSError:
        return ""


def _match(path: str) -> re.Match[str]:
    match = NAME.match(path.rpartition("/")[2])
    assert match is not None
    return match
