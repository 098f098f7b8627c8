"""The table of families of products, and which products a list of files holds."""

from collections.abc import Callable, Iterator

from harma.scenes.products import (
    dimap,
    hls,
    landsat,
    maxar,
    planet,
    sentinel1,
    sentinel2,
    single_bands,
)
from harma.scenes.products.product import Listing, Product
from harma.scenes.products.safe import rest_of_safe

# A further family is a module and a line here.
FAMILIES: dict[str, Callable[[Listing], Iterator[Product]]] = {
    "DIMAP (Pléiades, SPOT)": dimap.find,
    "HLS": hls.find,
    "Landsat": landsat.find,
    "Maxar": maxar.find,
    "Planet": planet.find,
    "Sentinel-1": sentinel1.find,
    "Sentinel-2": sentinel2.find,
    # Last: the names of others are surer than colours.
    "Theia, CBERS, IKONOS, files named by colour": single_bands.find,
}


def find_products(listing: Listing) -> list[Product]:
    """The products of all families.

    Args:
        listing: folder → names of its files; of files that are not there nothing is asked.

    Returns:
        Products, of which some only have files that are no scenes. A file may be named by several:
        one that is shown is shown.
    """
    found: list[Product] = []
    for find in FAMILIES.values():
        found += find(listing)
    return [*found, *rest_of_safe(listing, found)]
