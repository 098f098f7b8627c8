"""Sentinel-2: SAFE folders (L1C, L2A, old and compact names), granules, and their bands alone.

Names: Sentinel-2 Products Specification Document (S2-PDGS-TAS-DI-PSD), sections 3.4 and 4; the
buckets of AWS and Earth Search call a granule's files by their bands alone. The true-colour image
(TCI) has 0 where there is no data, 1 to 255 elsewhere; bands have 0 where there is none.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator

from harma.scenes.period import Period
from harma.scenes.products.product import BandPart, Listing, Product, paths
from harma.scenes.products.times import moment

# T17TPH_20240222T160251_TCI_10m.jp2, S2A_OPER_MSI_L1C_TL_…_T31TCJ_B04.jp2, B04.tif, L2A_…_B04_10m.
NAME = re.compile(
    r"^(?P<before>.*?)(?:^|[_.-])(?P<band>TCI|B0[1-9]|B1[0-2]|B8A|AOT|WVP|SCL|CLD|SNW|PVI|DEM|(?<!.)visual)"
    r"(?:_(?P<metres>10|20|60)m)?\.(?P<suffix>jp2|tiff?)$",
    re.IGNORECASE,
)
MASK = re.compile(r"^(?:S2\w*_)?(?:MSK|QA60)_?.*\.(?:jp2|tiff?)$", re.IGNORECASE)
# Folders of a granule; what lies in them belongs to what lies above.
INNER = re.compile(r"^(?:IMG_DATA|QI_DATA|AUX_DATA|R10m|R20m|R60m|qi|preview)$", re.IGNORECASE)
# What says that bands called B02, B03 and B04 are a satellite's, and not squares of a grid.
SIGN = re.compile(r"S2[A-D]|T\d{2}[A-Z]{3}|sentinel-?2|\.SAFE$", re.IGNORECASE)
SIGN_BANDS = frozenset({"TCI", "SCL", "B8A", "B08", "AOT", "WVP"})
COLORS = {"B04": "red", "B03": "green", "B02": "blue", "B08": "nir"}
TIME = re.compile(r"(?<!\d)(\d{8}T\d{6})(?!\d)")
OTHER = "another band, a mask or a preview of a Sentinel-2 product"


class _Granule:
    """The files of one tile at one time."""

    def __init__(self) -> None:
        # (band, metres) → path; metres are "" where the name has none.
        self.bands: dict[tuple[str, str], str] = {}
        self.others: list[str] = []

    def finest(self, band: str) -> tuple[str, str]:
        """Metres and path of a band at its finest; empty texts where it is not there."""
        there = [(metres, path) for (name, metres), path in self.bands.items() if name == band]
        return min(there, default=("", ""))


def find(listing: Listing) -> Iterator[Product]:
    """The tiles of Sentinel-2 products: the true-colour image, or red, green and blue."""
    granules: dict[tuple[str, str], _Granule] = defaultdict(_Granule)
    for folder, name in paths(listing):
        path = os.path.join(folder, name)  # noqa: PTH118  # may lie in an archive
        match = NAME.match(name)
        if match and "HLS." not in name:
            band = match["band"].upper().replace("VISUAL", "TCI")
            key = (_home(folder), _tile(match["before"]))
            granules[key].bands[band, match["metres"] or ""] = path
        elif MASK.match(name):
            granules[_home(folder), ""].others.append(path)
    for (home, _), granule in granules.items():
        product = _product(home, granule)
        if product is not None:
            yield product


def _home(folder: str) -> str:
    """The folder of a granule, from any of the folders in it."""
    while INNER.match(os.path.basename(folder)):  # noqa: PTH119
        folder = os.path.dirname(folder)  # noqa: PTH120
    return folder


def _tile(before: str) -> str:
    """What the files of a granule share in their names."""
    return re.sub(r"^L2A_", "", before)


def _product(home: str, granule: _Granule) -> Product | None:
    """One scene, or None where the files show none."""
    names = {band for band, _ in granule.bands}
    every = [*granule.bands.values(), *granule.others]
    is_of_the_satellite = SIGN_BANDS & names or any(SIGN.search(path) for path in every)
    if not is_of_the_satellite:
        return None
    parts = _parts(granule)
    if not parts:
        # Masks alone are named, bands alone are what the person has: they stay scenes.
        return Product(others=dict.fromkeys(granule.others, OTHER)) if granule.others else None
    used = {part.path for part in parts}
    return Product(
        parts=parts,
        others={path: OTHER for path in every if path not in used},
        taken=_taken(parts[0].path, home),
        sensor="sentinel-2",
    )


def _parts(granule: _Granule) -> tuple[BandPart, ...]:
    """The true-colour image, or the bands that make one, at the finest."""
    _, colour = granule.finest("TCI")
    if colour:
        names = ("red", "green", "blue")
        return tuple(BandPart(colour, name, band, 0.0) for band, name in enumerate(names, 1))
    found = {color: granule.finest(band)[1] for band, color in COLORS.items()}
    if not all(found[color] for color in ("red", "green", "blue")):
        return ()
    return tuple(BandPart(path, color, nodata=0.0) for color, path in found.items() if path)


def _taken(path: str, home: str) -> Period | None:
    """Sensing time: in the file's name (compact naming), else in the product's."""
    name = os.path.basename(path)  # noqa: PTH119
    safe = next((part for part in home.split("/") if part.upper().endswith(".SAFE")), "")
    compact = re.match(r"^(?:L2A_)?T\d{2}[A-Z]{3}_(\d{8}T\d{6})_", name)
    # Old names begin with the time of processing; the product's V… is that of sensing.
    old = re.search(r"_V(\d{8}T\d{6})_", safe)
    first = compact or old or TIME.search(safe) or TIME.search(name)
    return moment(first[1], "%Y%m%dT%H%M%S") if first else None
