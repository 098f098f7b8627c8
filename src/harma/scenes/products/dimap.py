"""Pléiades and SPOT: DIMAP deliveries, each opened by its DIM_….XML; tiles and previews left out.

Names: Pléiades Imagery User Guide and SPOT Imagery User Guide, "Files naming". GDAL reads the XML
and puts the tiles together.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.period import Period
from harma.scenes.products.product import BandPart, Listing, Product
from harma.scenes.products.times import moment
from harma.scenes.small_files import read_small

# DIM_PHR1A_PMS_201202250025599_ORT_….XML, DIM_SPOT7_MS_…, METADATA.DIM of SPOT 1 to 5.
METADATA = re.compile(r"^(?:DIM_.*\.XML|METADATA\.DIM)$", re.IGNORECASE)
KIND = re.compile(r"^DIM_(?P<unit>[A-Z0-9]+)_(?P<kind>[A-Z-]+)_(?P<time>\d{14})", re.IGNORECASE)
TILE = re.compile(r"^(?:IMG_|IMAGERY)", re.IGNORECASE)
# Pansharpened before multispectral before panchromatic.
ORDER = ("PMS", "PMS-N", "PMS-X", "PMS-FS", "MS", "MS-FS", "MS-N", "MS-X", "P")
COLORS = ("red", "green", "blue")
OTHER = "a tile, twin, mask or preview of a DIMAP product"


def find(listing: Listing) -> Iterator[Product]:
    """The best picture of each delivery."""
    volumes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for folder, names in listing.items():
        for name in names:
            if METADATA.match(name):
                # Multispectral and panchromatic lie side by side, in folders of their own.
                above = folder.rpartition("/")[0] if KIND.match(name) else folder
                volumes[above].append((folder, name))
    for metadata in volumes.values():
        yield from _scenes(listing, metadata)


def _scenes(listing: Listing, metadata: Sequence[tuple[str, str]]) -> Iterator[Product]:
    kinds: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for folder, name in metadata:
        match = KIND.match(name)
        kinds[match["kind"].upper() if match else ""].append((folder, name))
    best = min(kinds, key=_rank)
    for kind, found in kinds.items():
        for folder, name in found:
            yield _scene(folder, name, listing[folder], is_shown=kind == best)


def _rank(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def _scene(folder: str, name: str, names: Sequence[str], *, is_shown: bool) -> Product:
    rasters = [f"{folder}/{other}" for other in names if suffix_of(other) in SCENE_SUFFIXES]
    if not is_shown:
        return Product(others=dict.fromkeys(rasters, OTHER))
    tiles = [path for path in rasters if TILE.match(path.removeprefix(f"{folder}/"))]
    match = KIND.match(name)
    path = f"{folder}/{name}"
    # The XML says which band is which; GDAL reads the values, and not that.
    colors = _colors(path)
    return Product(
        parts=tuple(BandPart(path, color, number, 0.0) for number, color in enumerate(colors, 1)),
        opened="" if colors else path,
        others=dict.fromkeys(set(rasters) - set(tiles), OTHER),
        files=tuple(tiles),
        taken=_taken(match),
        sensor=_sensor(match),
    )


def _colors(path: str) -> tuple[str, ...]:
    """The bands of a picture in their order; () where its XML does not say them."""
    root = _metadata(path)
    shown = {root.findtext(f".//{color.upper()}_CHANNEL"): color for color in COLORS}
    found: dict[int, str] = {}
    for index in root.iter("Raster_Index"):
        band = index.findtext("BAND_ID") or ""
        number = index.findtext("BAND_INDEX") or ""
        if number.isdecimal():
            found[int(number)] = shown.get(band, band)
    whole = sorted(found) == list(range(1, len(found) + 1))
    is_colored = whole and set(COLORS) <= set(found.values())
    return tuple(found[number] for number in sorted(found)) if is_colored else ()


def _metadata(path: str) -> Element:
    """The XML of a delivery; an empty element where it cannot be read, such as in an archive."""
    try:
        text = read_small(path)
        # No entities: none is needed, and they can make a small text a huge one.
        if b"<!ENTITY" not in text:
            return ElementTree.fromstring(text)
    except (OSError, ElementTree.ParseError):
        pass
    return Element("none")


def _taken(match: re.Match[str] | None) -> Period | None:
    return moment(match["time"], "%Y%m%d%H%M%S") if match else None


def _sensor(match: re.Match[str] | None) -> str:
    if match is None or match["unit"].upper().startswith("SPOT"):
        return "spot"
    is_pleiades = match["unit"].upper().startswith(("PHR", "PNEO"))
    return "pleiades" if is_pleiades else ""
