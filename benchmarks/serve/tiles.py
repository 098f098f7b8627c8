"""Tiles of an index's scenes: how long one takes, and beside rio-tiler's where that is installed.

    python benchmarks/serve/tiles.py INDEX [--tiles 40]

For every scene tiles over its middle are drawn at its own zooms, the file kept open, as the server
does it. It prints milliseconds of CPU for a tile: drawing, writing PNG and WebP, and rio-tiler's
drawing of the same bands from the same open file; and which share of its pixels rio-tiler shows as
the index saw them.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np

from harma.index.source_files import source_of
from harma.index.store import Store
from harma.serve.rasters import serving_settings
from harma.serve.scene_files import SceneFiles
from harma.serve.source_answers import zooms
from harma.serve.source_table import SourceTable
from harma.serve.tiles import PNG, WEBP, draw_tile, encoded


def places_of(source, count):
    """Tiles (z, x, y) over the middle of a scene, at the zooms between which it is best seen."""
    west, south, east, north = source.extent.bbox
    longitude = west + (east - west) % 360 / 2
    latitude = math.radians((south + north) / 2)
    known = zooms(source)
    places = []
    for number in range(count):
        z = known["min_zoom"] + number % (known["max_zoom"] - known["min_zoom"] + 1)
        x = int((longitude + 180) / 360 * 2**z)
        y = int((1 - math.asinh(math.tan(latitude)) / math.pi) / 2 * 2**z)
        places.append((z, x, y))
    return places


def cpu_ms(work, items):
    """Milliseconds of CPU for each item, and what came of them."""
    # Once, so that nothing is opened or cached while it is measured.
    made = [work(item) for item in items]
    start = time.process_time()
    for item in items:
        work(item)
    return 1000 * (time.process_time() - start) / len(items), made


def rio_tiler_of(dataset, bands):
    """Draws a tile with rio-tiler from an open file; None where it is not installed."""
    try:
        from rio_tiler.io import Reader
    except ImportError:
        return None
    reader = Reader(dataset.name, dataset=dataset)

    def draw(place):
        z, x, y = place
        return reader.tile(x, y, z, indexes=bands)

    return draw


def measured(store, files, source, count):
    """A line of figures about a scene."""
    places = places_of(source, count)
    with files.opened("index", store.settings, source.record) as kept:
        drawing, tiles = cpu_ms(lambda place: draw_tile(kept, *place), places)
        png, _ = cpu_ms(lambda pixels: encoded(pixels, PNG), tiles)
        webp, sizes = cpu_ms(lambda pixels: encoded(pixels, WEBP), tiles)
        line = (
            f"{Path(source.record.source).name[:34]:34} {drawing:6.1f} {png:6.1f} {webp:6.1f}"
            f" {sum(map(len, sizes)) / len(sizes) / 1000:6.1f}"
        )
        own = rio_tiler_of(kept.dataset, list(kept.scene.facts.bands))
        if own is None:
            return line
        try:
            other, images = cpu_ms(own, places)
        except Exception as error:
            return f"{line}  rio-tiler: {type(error).__name__}"
        return f"{line} {other:9.1f} {same(tiles, images):8.0%}"


def same(tiles, images):
    """Share of the pixels with data that rio-tiler shows alike."""
    shares = []
    for pixels, image in zip(tiles, images, strict=True):
        values = np.moveaxis(image.data, 0, -1)
        if values.shape[-1] == 1:
            values = np.repeat(values, 3, axis=-1)
        alike = (values == pixels.rgb).all(axis=-1) & (image.mask > 0)
        if pixels.valid.any():
            shares.append(alike[pixels.valid].mean())
    return float(np.mean(shares))


def main():
    """Measure all scenes of an index."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("index", type=Path)
    parser.add_argument("--tiles", type=int, default=40)
    options = parser.parse_args()
    store = Store(options.index)
    files = SceneFiles()
    print(
        f"{'ms of CPU a tile':34} {'drawn':>6} {'PNG':>6} {'WebP':>6} {'kB':>6} rio-tiler    alike"
    )
    for source in SourceTable(store, store.versions).sources:
        if source.has_tiles:
            with serving_settings(source_of(source.record).opened_as):
                print(measured(store, files, source, options.tiles))


if __name__ == "__main__":
    main()
