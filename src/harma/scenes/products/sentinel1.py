"""Sentinel-1: the measurements of a SAFE folder; the polarisations of a swath are one scene.

Names: Sentinel-1 Product Specification (S1-RS-MDA-52-7441), section 3.3. Ground range products
have 0 where there is no data.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from harma.scenes.period import Period
from harma.scenes.products.product import BandPart, Listing, Product, paths
from harma.scenes.products.times import moment

# s1a-iw-grd-vv-20200101t054010-20200101t054035-030613-0381f0-001.tiff
NAME = re.compile(
    r"^s1(?P<unit>[a-d])-(?P<swath>\w+)-(?P<kind>grd|slc)-(?P<polarisation>vv|vh|hh|hv)"
    r"-(?P<start>\d{8}t\d{6})-(?P<end>\d{8}t\d{6})-(?P<orbit>\d+)-(?P<take>\w+)-\d+(?:-cog)?"
    r"\.tiff?$",
    re.IGNORECASE,
)
# Shown first: what comes back as it was sent.
ORDER = ("vv", "hh", "vh", "hv")


def find(listing: Listing) -> Iterator[Product]:
    """A scene for each swath, its polarisations as bands."""
    swaths: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for folder, name in paths(listing):
        match = NAME.match(name)
        if match:
            parts = match.groupdict()
            # The times of polarisations may differ by a second; orbit and data take do not.
            same = ("unit", "swath", "kind", "orbit", "take")
            key = (folder, *(parts[part].lower() for part in same))
            swaths[key][parts["polarisation"].lower()] = name
    for (folder, *_), names in swaths.items():
        yield _scene(folder, names)


def _scene(folder: str, names: dict[str, str]) -> Product:
    ordered = [name for name in ORDER if name in names]
    parts = tuple(BandPart(f"{folder}/{names[name]}", name.upper(), nodata=0.0) for name in ordered)
    return Product(parts=parts, taken=_taken(names[ordered[0]]), sensor="sentinel-1")


def _taken(name: str) -> Period | None:
    match = NAME.match(name)
    assert match is not None
    first = moment(match["start"].upper(), "%Y%m%dT%H%M%S")
    last = moment(match["end"].upper(), "%Y%m%dT%H%M%S")
    if first is None or last is None or first.start > last.start:
        return first
    return Period(first.start, last.start)
