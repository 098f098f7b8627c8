"""SAFE folders: what lies in the folder of a product and is not its scene is left out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from harma.scenes.formats import SCENE_SUFFIXES, suffix_of
from harma.scenes.products.product import Listing, Product, paths

OTHER = "another band, a mask or a preview of a SAFE product"


def rest_of_safe(listing: Listing, products: Iterable[Product]) -> Iterator[Product]:
    """The further files of SAFE folders that have scenes.

    Args:
        listing: of all files.
        products: that were found in them.
    """
    with_scenes = {_root(product.name) for product in products if product.shown}
    others: dict[str, dict[str, str]] = defaultdict(dict)
    for folder, name in paths(listing):
        root = _root(folder)
        if root in with_scenes and suffix_of(name) in SCENE_SUFFIXES:
            others[root][f"{folder}/{name}"] = OTHER
    others.pop("", None)
    for files in others.values():
        yield Product(others=files)


def _root(path: str) -> str:
    """The SAFE folder that a path lies in, or ""."""
    end = path.upper().find(".SAFE/")
    if end >= 0:
        return path[: end + len(".SAFE")]
    return path if path.upper().endswith(".SAFE") else ""
