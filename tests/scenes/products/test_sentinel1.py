"""Sentinel-1 deliveries are a scene a swath."""

from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint

from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes

SAFE = "S1A_IW_GRDH_1SDV_20200101T054010_20200101T054035_030613_0381F0_1234.SAFE"
TIMES = "20200101t054010-20200101t054035-030613-0381f0"
POINTS = [
    GroundControlPoint(0, 0, 10, 50),
    GroundControlPoint(0, 20, 10.5, 50),
    GroundControlPoint(20, 0, 10, 49.5),
    GroundControlPoint(20, 20, 10.5, 49.5),
]


@pytest.fixture
def write_swath(write_raster):
    def write(name, value, **options):
        usual = {"crs": "EPSG:4326", "transform": None, "gcps": POINTS}
        return write_raster(name, value, **{**usual, **options})

    return write


@pytest.mark.parametrize(
    ("polarisations", "expected"),
    [
        ({"vv": 5, "vh": 6}, [5, 6]),
        ({"vh": 6, "vv": 5}, [5, 6]),
        ({"hh": 5, "hv": 6}, [5, 6]),
        ({"vv": 5}, [5]),
        ({"hv": 6}, [6]),
    ],
)
def test_polarisations_are_bands(polarisations, expected, write_swath, write_raster, tmp_path):
    for number, (name, value) in enumerate(polarisations.items(), 1):
        write_swath(f"{SAFE}/measurement/s1a-iw-grd-{name}-{TIMES}-00{number}.tiff", value)
    write_raster(f"{SAFE}/preview/quick-look.png", 1, 1, 1, dtype="uint8", driver="PNG")
    found = find_scenes([tmp_path])
    (source,) = found.sources
    with rasterio.open(source.opened_as) as dataset:
        assert dataset.read()[:, 0, 0].tolist() == expected
        assert len(dataset.gcps[0]) == 4
        assert dataset.nodatavals == (0,) * len(expected)
    assert source.taken.start == datetime(2020, 1, 1, 5, 40, 10, tzinfo=UTC)
    assert source.taken.end == datetime(2020, 1, 1, 5, 40, 35, tzinfo=UTC)
    assert source.sensor == "sentinel-1"
    assert list(found.left_out) == [str(tmp_path / SAFE / "preview/quick-look.png")]


def test_swaths_and_products_are_told_apart(write_swath, tmp_path):
    for swath in ("iw1", "iw2", "iw3"):
        for number, name in enumerate(("vv", "vh"), 1):
            path = f"b.SAFE/measurement/s1b-{swath}-slc-{name}-{TIMES}-00{number}.tiff"
            write_swath(path, number, dtype="complex64")
    for number, name in enumerate(("vv", "vh"), 1):
        write_swath(f"flat/s1a-iw-grd-{name}-{TIMES}-00{number}-cog.tiff", number)
    assert len(find_scenes([tmp_path]).sources) == 4


def test_it_is_placed_by_its_points(write_swath, tmp_path):
    write_swath(f"{SAFE}/measurement/s1a-iw-grd-vv-{TIMES}-001.tiff", 5)
    (source,) = find_scenes([tmp_path]).sources
    with open_scene(source.opened_as, survey=True) as scene:
        assert scene.place is not None
        from harma.scenes.windows import Window

        box = scene.footprint(Window(0, 0, 20, 20)).bounds
        assert np.allclose(box, (10, 49.5, 10.5, 50), atol=1e-6)
