"""Planet: PlanetScope, SkySat and RapidEye; one picture of a strip, its masks and others left out.

Names: Planet's Imagery Product Specification, "Naming" of each item type: id, product level, asset
(20210601_103015_1040_3B_AnalyticMS_SR.tif). Where a strip has several assets, the one that is made
to be looked at is the scene.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.period import Period
from harma.scenes.products.product import Listing, Product, paths
from harma.scenes.products.times import day, moment

NAME = re.compile(
    r"^(?P<id>\d{8}_\d{6}_\w+?|\d{7}_\d{4}-\d{2}-\d{2}_RE\d(?:_\w+?)?)_(?:(?P<level>[13][AB])_)?"
    r"(?P<asset>(?:basic_|ortho_)?(?:AnalyticMS|Analytic|Visual|pansharpened|panchromatic|udm2?"
    r"|browse|thumb)\w*?)(?P<clip>_clip|_file_format)?\.(?P<suffix>\w+)$",
    re.IGNORECASE,
)
# The first that is there is shown.
PREFERRED = (
    r"visual",
    r"pansharpened(?!_udm)",
    r"analytic(?:ms)?_sr",
    r"analytic(?:ms)?_8b",
    r"analytic",
    r"panchromatic",
)
MASK = re.compile(r"udm2?|browse|thumb", re.IGNORECASE)
MASKED = "a mask or a preview of a Planet product"
OTHER = "another picture of a Planet strip that is indexed already"


def find(listing: Listing) -> Iterator[Product]:
    """A scene for each strip; masks are none."""
    strips: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for folder, name in paths(listing):
        match = NAME.match(name)
        if match and suffix_of(name) in SCENE_SUFFIXES:
            # A clip of a strip is another scene than the strip; so is one of another level.
            key = f"{match['id']} {match['level']} {match['clip']}".lower()
            strips[folder, key][f"{folder}/{name}"] = match["asset"]
    for assets in strips.values():
        yield _scene(assets)


def _scene(assets: dict[str, str]) -> Product:
    masks = {path: MASKED for path, asset in assets.items() if MASK.search(asset)}
    shown = {path: asset for path, asset in assets.items() if path not in masks}
    if not shown:
        return Product(others=masks)
    best = min(shown, key=lambda path: _rank(shown[path]))
    others = {path: OTHER for path in shown if path != best}
    match = NAME.match(best.rpartition("/")[2])
    assert match is not None
    return Product(
        opened=best,
        others=others | masks,
        taken=_taken(match["id"]),
        sensor=_sensor(match["id"], match["asset"]),
    )


def _rank(asset: str) -> int:
    for rank, pattern in enumerate(PREFERRED):
        if re.match(rf"(?:basic_|ortho_)?{pattern}", asset, re.IGNORECASE):
            return rank
    return len(PREFERRED)


def _taken(strip: str) -> Period | None:
    if re.match(r"^\d{8}_\d{6}_", strip):
        return moment(strip[:15], "%Y%m%d_%H%M%S")
    return day(strip.split("_")[1], "%Y-%m-%d")


def _sensor(strip: str, asset: str) -> str:
    """By name; a picture made to be looked at has red, green and blue in this order."""
    if re.search(r"_ss(?:c\d|\d\d)", strip, re.IGNORECASE):
        kind = "skysat"
    elif re.search(r"_RE\d|RapidEye", strip, re.IGNORECASE):
        kind = "rapideye"
    elif "8b" in asset.lower():
        kind = "planetscope-8band"
    else:
        kind = "planetscope"
    if kind.startswith("planetscope") and "visual" in asset.lower():
        return "planetscope-visual"
    return kind
