"""A sample of scenes."""

from dataclasses import replace

import numpy as np

from harma.scenes.ranges import KindRange
from harma.scenes.reading import Reading
from harma.scenes.sampling import sample_ranges
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import parse_stretch

READING = Reading(stretch=parse_stretch("archive:0,100"))


def test_ranges_of_all_kinds_in_a_sample(make_raster, tmp_path):
    rng = np.random.default_rng(0)
    dark = rng.integers(100, 1000, (3, 40, 50)).astype(np.uint16)
    bright = rng.integers(2000, 3000, (3, 40, 50)).astype(np.uint16)
    grey = rng.normal(0, 1, (1, 40, 50)).astype(np.float32)
    (tmp_path / "none.tif").write_text("no raster")
    names = [
        make_raster("a.tif", dark),
        tmp_path / "none.tif",
        make_raster("b.tif", bright),
        make_raster("c.tif", grey, nodata=0),
        make_raster("eight.tif"),
        tmp_path / "gone.tif",
    ]
    ranges = sample_ranges([str(name) for name in names], READING)
    found = {known.kind: known.stretch for known in ranges}
    assert found == {
        "unknown sensor, uint16, 3 bands": Stretch(
            (float(dark.min()),) * 3, (float(bright.max()),) * 3
        ),
        "unknown sensor, float32, 1 band": Stretch((float(grey.min()),), (float(grey.max()),)),
    }


def test_what_is_known_is_not_looked_for(make_raster):
    values = np.full((1, 4, 4), 7, dtype=np.uint16)
    path = str(make_raster(values=values))
    known = KindRange("unknown sensor, uint16, 1 band", Stretch((0.0,), (9.0,)))
    assert sample_ranges([path], replace(READING, ranges=(known,))) == ()


def test_nodata_is_no_part_of_a_sample(make_raster):
    values = np.zeros((3, 40, 50), dtype=np.uint16)
    values[:, :, 25:] = 500
    values[:, 3, 30] = 800
    path = str(make_raster(values=values, nodata=0))
    assert sample_ranges([path], READING)[0].stretch == Stretch((500.0,) * 3, (800.0,) * 3)
    empty = str(make_raster("empty.tif", values * 0, nodata=0))
    assert sample_ranges([empty], READING) == ()
