"""Maxar (DigitalGlobe): deliveries of multispectral (M2AS), panchromatic and pansharpened tiles.

Names: DigitalGlobe Core Imagery Products Guide, "File naming convention": time, product, perhaps a
tile, and the order (14JUL07151413-M2AS_R1C1-053951940020_01_P001.TIF). A .TIL names the tiles of
one picture; GDAL reads it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.period import Period
from harma.scenes.products.product import Listing, Product, paths
from harma.scenes.products.times import moment

NAME = re.compile(
    r"^(?P<time>\d{2}[A-Z]{3}\d{8})-(?P<kind>[MPS])\w{3}(?P<tile>_R\d+C\d+)?"
    r"-(?P<order>\d{12}_\d{2}_P\d{3})(?P<browse>-BROWSE)?\.(?P<suffix>\w+)$",
    re.IGNORECASE,
)
# Pansharpened before multispectral before panchromatic.
ORDER = "SMP"
OTHER = "a panchromatic or multispectral twin, a tile or a preview of a Maxar picture"
SENSORS = {"P": "maxar-pan"}


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
    """The tiles by their list, or each for itself."""
    lists = [path for path in files if path.upper().endswith(".TIL")]
    tiles = [path for path in files if path not in lists]
    if lists and len(tiles) > 1:
        yield _product(lists[0], tuple(tiles))
    else:
        for tile in tiles:
            yield _product(tile, ())


def _product(path: str, tiles: tuple[str, ...]) -> Product:
    match = _match(path)
    taken = _taken(match["time"])
    sensor = SENSORS.get(match["kind"].upper(), "maxar")
    return Product(opened=path, files=tiles, taken=taken, sensor=sensor)


def _taken(text: str) -> Period | None:
    return moment(text.title(), "%y%b%d%H%M%S")


def _match(path: str) -> re.Match[str]:
    match = NAME.match(path.rpartition("/")[2])
    assert match is not None
    return match
