"""Making the archive: scenes of all products in turn, and what lies beside them."""

from dataclasses import replace
from pathlib import Path

from benchmarks.archive.catalogue import CATALOG, SEARCH
from benchmarks.archive.clutter import write_clutter
from benchmarks.archive.products import PRODUCTS
from benchmarks.archive.truth import Truth


def make(folder, num_scenes=200, seed=0, products=None):
    """Make an archive.

    Args:
        folder: to make it in; it must not be there.
        num_scenes: in all, of each product in turn.
        seed: of what is drawn.
        products: keys of `PRODUCTS`; None for all.

    Returns:
        Its truth, which is also in the folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True)
    keys = list(products or PRODUCTS)
    truth = Truth()
    for number in range(num_scenes):
        key = keys[number % len(keys)]
        # A product's own variants go by its own count.
        truth.scenes.append(make_scene(folder, key, number // len(keys), seed))
    disk = folder / "disk"
    safe = [scene for scene in truth.scenes if scene.product == "sentinel-2-l2a"]
    if safe:
        truth.files = write_clutter(disk, folder / safe[0].paths[0], len(truth.scenes), seed)
    named = ("disk", CATALOG, SEARCH)
    truth.sources = [name for name in named if (folder / name).exists()]
    truth.write(folder)
    return truth


def make_scene(folder, key, number, seed):
    """Make one scene of a product: its record, with paths from the archive's top."""
    place, write = PRODUCTS[key]
    # Scenes of two products are not the same ones.
    seed = seed * 100 + list(PRODUCTS).index(key)
    known = write(folder / place, number, seed)
    return replace(known, paths=tuple(f"{place}/{path}" for path in known.paths))
