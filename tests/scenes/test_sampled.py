"""A look at a few places of a raster."""

import numpy as np
import pytest
import rasterio

from harma.scenes.sampled import is_measured, sampled


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


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 255] * 100, False),
        ([255] * 100, False),
        ([0] * 100, False),
        ([128] * 100, False),  # half transparent everywhere
        ([*range(256)] + [255] * 1000, False),  # feathered edges
        ([*range(40, 140)] * 5, True),
        ([0] * 900 + [*range(40, 140)], True),  # mostly water
        ([], False),
    ],
)
def test_alpha_and_measured_bands(values, expected):
    assert is_measured(np.array(values, dtype=np.uint8)) == expected
    assert is_measured(np.array(values, dtype=np.uint16) * 257) == expected
