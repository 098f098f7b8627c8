"""Views of huge rasters: coarse where the file would be read whole."""

import numpy as np
import pytest

from harma.scenes.readers import Pixels
from harma.scenes.windows import Window
from harma.serve.sparse import PLACES, SparseReader

SIDE = 20_000


class HugeRaster:
    """A raster of one colour on the left and another one on the right; counts what is read."""

    stretch = None

    def __init__(self, factors):
        self.factors = factors
        self.num_read = 0

    def overviews(self, band):
        return self.factors

    def read(self, window, shape=None):
        self.num_read += window.width * window.height
        height, width = shape or (window.height, window.width)
        columns = window.column + (np.arange(width) + 0.5) * window.width / width
        rgb = np.where(columns[:, None] < SIDE / 2, [10, 20, 30], [200, 100, 50])
        rgb = np.broadcast_to(rgb.astype(np.uint8), (height, width, 3))
        return Pixels(rgb, np.ones((height, width), dtype=bool))


@pytest.mark.parametrize(
    ("factors", "window", "shape", "is_too_much"),
    [
        ([], Window(0, 0, 4096, 4096), (256, 256), False),
        ([], Window(0, 0, 4200, 4200), (256, 256), True),
        ([2, 4, 8, 16, 32], Window(0, 0, SIDE, SIDE), (256, 256), False),
        ([2], Window(0, 0, SIDE, SIDE), (256, 256), True),
        # An overview that is coarser than the view is of no use.
        ([64], Window(0, 0, 5000, 5000), (250, 250), True),
    ],
)
def test_what_is_too_much(factors, window, shape, is_too_much):
    raster = HugeRaster(factors)
    assert SparseReader(raster, raster, 1).is_too_much(window, shape) is is_too_much


def test_a_coarse_view_reads_few_pixels_and_shows_what_is_there():
    raster = HugeRaster([])
    pixels = SparseReader(raster, raster, 1).read(Window(0, 0, SIDE, SIDE), (200, 250))
    assert raster.num_read == PLACES**2
    assert pixels.rgb.shape == (200, 250, 3)
    assert pixels.valid.all()
    assert (pixels.rgb[:, :120] == [10, 20, 30]).all()
    assert (pixels.rgb[:, -120:] == [200, 100, 50]).all()


def test_what_is_not_too_much_is_read_as_ever():
    raster = HugeRaster([])
    reader = SparseReader(raster, raster, 1)
    reader.read(Window(5, 6, 100, 100))
    reader.read(Window(5, 6, 1000, 1000), (250, 250))
    assert raster.num_read == 100**2 + 1000**2
    assert reader.read(Window(0, 0, SIDE, SIDE), (10, 12)).rgb.shape == (10, 12, 3)
