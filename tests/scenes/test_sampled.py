"""A look at a few places of a raster."""

import numpy as np
import rasterio

from harma.scenes.sampled import sampled


def test_places_are_spread_over_the_raster(make_raster):
    values = np.arange(500 * 300, dtype=np.uint32).reshape(1, 500, 300)
    with rasterio.open(make_raster(values=values)) as dataset:
        found = sampled(dataset, 1, "it is damaged")
    assert len(found) == 9 * 64 * 64
    for corner in (values[0, 0, 0], values[0, 0, -1], values[0, -1, 0], values[0, -1, -1]):
        assert corner in found
    assert values[0, 250, 150] in found


def test_all_of_a_small_raster(make_raster, bands):
    with rasterio.open(make_raster(values=bands(1, 2))) as dataset:
        assert sampled(dataset, 2, "it is damaged").tolist() == [2] * 2000
