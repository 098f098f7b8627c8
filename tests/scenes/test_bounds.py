"""Bounds of rasters by their headers: nothing is decoded of what is over one."""

import numpy as np
import pytest
import rasterio

from harma.errors import DataError
from harma.scenes.raster import open_scene
from harma.scenes.windows import Window


def write(path, *, width, height, count=1, dtype="uint8", **options):
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=count,
        dtype=dtype,
        crs="EPSG:32631",
        transform=rasterio.Affine(1, 0, 500_000, 0, -1, 5_000_000),
        **options,
    ):
        pass
    return str(path)


@pytest.mark.parametrize(
    ("width", "height", "count", "dtype"),
    [(60_000, 60_000, 1, "uint8"), (20_000, 20_000, 3, "uint16"), (9000, 9000, 40, "float64")],
)
def test_a_raster_that_holds_more_than_its_file_can(tmp_path, width, height, count, dtype):
    path = write(
        tmp_path / "a.tif",
        width=width,
        height=height,
        count=count,
        dtype=dtype,
        sparse_ok=True,
        tiled=True,
    )
    with (
        pytest.raises(DataError, match=r"a\.tif: it says it has .*HARMA_MAX_TIMES"),
        open_scene(path),
    ):
        pass


def test_it_is_read_where_a_person_allows_it(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tif", width=60_000, height=60_000, sparse_ok=True, tiled=True)
    monkeypatch.setenv("HARMA_MAX_TIMES", "1000000")
    with open_scene(path, survey=True) as scene:
        assert scene.facts.width == 60_000


def test_bands(tmp_path, monkeypatch):
    monkeypatch.setenv("HARMA_MAX_BANDS", "5")
    path = write(tmp_path / "a.tif", width=10, height=10, count=6)
    with pytest.raises(DataError, match="6 bands; allowed are 5"), open_scene(path):
        pass


def test_a_look_at_the_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    write(path, width=64, height=64, count=5, dtype="float64", interleave="pixel")
    with rasterio.open(path, "r+") as dataset:
        dataset.write(np.ones((5, 64, 64)))
    monkeypatch.setenv("HARMA_MAX_READ_BYTES", "21120")
    with open_scene(str(path)) as scene:
        assert scene.facts.width == 64
    monkeypatch.setenv("HARMA_MAX_READ_BYTES", "21119")
    with pytest.raises(DataError, match="whole of it takes 168,960 bytes"), open_scene(str(path)):
        pass
    # What is only surveyed is not looked at.
    with open_scene(str(path), survey=True):
        pass
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2])
    with open_scene(str(path)):
        pass


@pytest.mark.parametrize("interleave", ["pixel", "band"])
def test_blocks_of_all_bands_count_where_they_hold_them(tmp_path, monkeypatch, interleave):
    path = tmp_path / "a.tif"
    write(path, width=256, height=256, count=20, dtype="float64", interleave=interleave)
    with rasterio.open(path, "r+") as dataset:
        dataset.write(np.ones((20, 256, 256)))
    monkeypatch.setenv("HARMA_MAX_READ_BYTES", str(3 * 256 * 256 * 8))
    with open_scene(str(path)) as scene:
        window = Window(0, 0, 256, 256)
        if interleave == "band":
            assert scene.read(window)[0].shape == (256, 256, 3)
        else:
            with pytest.raises(DataError, match=r"a\.tif: a chip of 256 × 256 .*HARMA_MAX_READ"):
                scene.read(window)
        # Of a block that is a few rows a smaller chip needs fewer.
        assert scene.read(Window(0, 0, 10, 4))[0].shape == (4, 10, 3)
