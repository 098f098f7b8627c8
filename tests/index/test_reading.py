"""Reading tasks."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from PIL import Image
from tests.index.parts import settings, write_stripes

from harma.backbones import Preprocess
from harma.index.reading import SceneCache, Task, least_side, read
from harma.scenes.known_pictures import KnownPicture
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.source import Source
from harma.scenes.windows import Tiling


def task_of(path, numbers, *, num_windows=4, content="c"):
    return Task(Source(str(path), str(path)), content, numbers, num_windows)


def read_task(task, **values):
    scenes = SceneCache()
    try:
        return read(task, settings(**values), lambda picture: picture.float(), scenes)
    finally:
        scenes.close()


def test_the_windows_of_the_numbers_are_read_in_their_order(tmp_path):
    path = write_stripes(tmp_path / "a.tif", [10, 20, 30, 40])
    result = read_task(task_of(path, (3, 1)))
    assert [chip.column for chip in result.chips] == [30, 10]
    assert result.pixels.shape == (2, 3, 10, 10)
    assert [int(value) for value in result.pixels.mean(dim=(1, 2, 3))] == [40, 20]
    assert (result.num_skipped, result.problem, result.facts.width) == (0, "", 40)
    assert all(chip.geometry is not None for chip in result.chips)


@pytest.mark.parametrize(("limit", "columns"), [(0.5, [0, 10]), (0.49, [0]), (1.0, [0, 10, 20])])
def test_a_chip_at_the_limit_of_nodata_stays(tmp_path, limit, columns):
    """Shares of nodata are 0, 0.5 and 1."""
    values = np.repeat([[9, 9, 9, 0, 0, 0]], 10, axis=0).repeat(5, axis=1)
    path = tmp_path / "a.tif"
    write_stripes(path, [1, 1, 1], nodata=0)
    with rasterio.open(path, "r+") as dataset:
        dataset.write(np.broadcast_to(values, (3, 10, 30)).astype(np.uint8))
    result = read_task(task_of(path, range(3), num_windows=3), max_nodata=limit)
    assert [chip.column for chip in result.chips] == columns
    assert result.num_skipped == 3 - len(columns)
    assert [chip.nodata for chip in result.chips] == [0.0, 0.5, 1.0][: len(columns)]
    assert len(result.pixels) == len(columns)


def test_a_task_of_nothing_but_nodata_has_no_pixels(tmp_path):
    path = write_stripes(tmp_path / "a.tif", [0, 0], nodata=0)
    result = read_task(task_of(path, range(2), num_windows=2))
    assert (result.pixels, result.chips, result.num_skipped) == (None, [], 2)
    assert result.facts is not None


def test_a_task_without_windows_tells_the_facts(tmp_path):
    path = write_stripes(tmp_path / "a.tif", [10, 20])
    result = read_task(task_of(path, (), num_windows=2))
    assert (result.pixels, result.num_skipped, result.problem) == (None, 0, "")
    assert result.facts.height == 10


def test_a_source_that_cannot_be_read_or_has_changed_is_told(tmp_path):
    assert read_task(task_of(tmp_path / "gone.tif", (0,))).problem == "it is not there"
    path = write_stripes(tmp_path / "a.tif", [10, 20, 30])
    for num_windows in (2, 4):
        changed = read_task(task_of(path, (0,), num_windows=num_windows))
        assert changed.problem == "it changed while the index was built; build it again"
        assert (changed.pixels, changed.chips, changed.facts) == (None, [], None)


def test_a_mistake_of_ours_is_not_a_problem_of_the_source(tmp_path):
    path = write_stripes(tmp_path / "a.tif", [10])
    scenes = SceneCache()
    with pytest.raises(ZeroDivisionError):
        read(task_of(path, (0,), num_windows=1), settings(), lambda picture: 1 / 0, scenes)
    scenes.close()


def test_a_scene_stays_open_for_the_next_task_of_the_same_bytes(tmp_path):
    first = task_of(write_stripes(tmp_path / "a.tif", [10, 20]), (0,))
    other = task_of(write_stripes(tmp_path / "b.tif", [10, 20]), (0,))
    scenes = SceneCache()
    opened = scenes.open(first, Reading())
    assert scenes.open(task_of(tmp_path / "a.tif", (1,)), Reading()) is opened
    changed = scenes.open(task_of(tmp_path / "a.tif", (1,), content="d"), Reading())
    assert changed is not opened
    assert scenes.open(other, Reading()).facts.source.endswith("b.tif")
    assert open_files(tmp_path) == {"b.tif"}
    again = scenes.open(first, Reading())
    assert again is not opened
    scenes.close()
    assert scenes.open(first, Reading()) is not again
    scenes.close()


def open_files(folder):
    files = set()
    for link in Path("/proc/self/fd").iterdir():
        if link.exists() and link.resolve().parent == folder:
            files.add(link.resolve().name)
    return files


def test_pieces_have_all_windows_and_one_there_is_always():
    task = task_of("a.tif", range(5))
    assert [list(piece.numbers) for piece in task.pieces(2)] == [[0, 1], [2, 3], [4]]
    assert [piece.numbers for piece in task_of("a.tif", ()).pieces(2)] == [()]
    assert [len(list(task.pieces(size))) for size in (1, 5, 9)] == [5, 1, 1]


def write_disk(path, *, lon=0.0, pixels=64):
    """A full disk of the Earth, nodata 0 nowhere: space is as bright as the Earth."""
    step = 2 * 5_440_000 / pixels
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=pixels,
        height=pixels,
        count=1,
        dtype="uint8",
        crs=f"+proj=geos +h=35786023 +lon_0={lon} +sweep=x +ellps=GRS80",
        transform=Affine(step, 0, -5_440_000, 0, -step, 5_440_000),
    ) as dataset:
        dataset.write(np.full((1, pixels, pixels), 50, dtype=np.uint8))
    return path


def on_earth(column, row, side, pixels, lon):
    """Whether all corners of a chip lie on the Earth, by pyproj."""
    step = 2 * 5_440_000 / pixels
    crs = pyproj.CRS(f"+proj=geos +h=35786023 +lon_0={lon} +sweep=x +ellps=GRS80")
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    xs = [-5_440_000 + step * (column + dx) for dx in (0, side, side, 0)]
    ys = [5_440_000 - step * (row + dy) for dy in (0, 0, side, side)]
    return bool(np.isfinite(to_degrees.transform(xs, ys)).all())


@pytest.mark.parametrize("lon", [0.0, -75.2, 140.7, 179.0, 57.5])
def test_chips_beside_a_full_disk_are_counted_and_the_others_go_in(tmp_path, lon):
    path = write_disk(tmp_path / "disk.tif", lon=lon, pixels=80)
    result = read_task(task_of(path, range(64), num_windows=64))
    places = [(10 * column, 10 * row) for row in range(8) for column in range(8)]
    expected = [place for place in places if on_earth(*place, 10, 80, lon)]
    assert [(chip.column, chip.row) for chip in result.chips] == expected
    assert 0 < len(expected) < 64
    assert result.num_off_earth == 64 - len(expected)
    assert (result.num_skipped, result.problem) == (0, "")


@pytest.mark.parametrize("latitude", [60.0, -45.0, 30.0, 70.0, 0.0])
def test_chips_of_metres_in_degrees_are_square_on_the_ground(tmp_path, latitude):
    pixel = 1e-5
    path = tmp_path / "a.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=400,
        height=300,
        count=1,
        dtype="uint8",
        crs="EPSG:4326",
        transform=Affine(pixel, 0, 25, 0, -pixel, latitude),
    ) as dataset:
        dataset.write(np.full((1, 300, 400), 50, dtype=np.uint8))
    tiling = Tiling(size=None, size_m=60.0)
    with open_scene(str(path), survey=True) as scene:
        windows = tiling.windows(400, 300, scene.facts.scale)
    result = read_task(task_of(path, (0,), num_windows=len(windows)), tiling=tiling)
    chip = result.chips[0]
    geod = pyproj.Geod(ellps="WGS84")
    middle = (chip.ymin + chip.ymax) / 2
    assert geod.inv(chip.xmin, middle, chip.xmax, middle)[2] == pytest.approx(60, abs=1)
    assert geod.inv(chip.xmin, chip.ymin, chip.xmin, chip.ymax)[2] == pytest.approx(60, abs=1)
    # The picture is as square as the ground.
    assert result.pixels.shape[2] == pytest.approx(result.pixels.shape[3], abs=2)


@pytest.mark.parametrize("tiling", [Tiling(size=16), Tiling(size=None)])
def test_a_picture_that_was_looked_at_gives_the_chips_that_opening_it_gives(tmp_path, tiling):
    path = tmp_path / "20200102_a.jpg"
    values = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    with open_scene(str(path), survey=True) as scene:
        picture = KnownPicture.of(scene)
    num_windows = len(tiling.windows(48, 32, None))
    task = task_of(path, range(num_windows), num_windows=num_windows)
    opened = read_task(task, tiling=tiling)
    known = read_task(replace(task, picture=picture), tiling=tiling)
    assert known.chips == opened.chips
    assert known.facts == opened.facts
    assert known.pixels.equal(opened.pixels)


@pytest.mark.parametrize(
    ("values", "least"),
    [
        ({"tiling": Tiling(size=None)}, 20),
        ({}, None),
        ({"tiling": Tiling(size=None), "tiles": 2}, None),
    ],
)
def test_only_pictures_that_are_one_chip_may_be_decoded_smaller(values, least):
    assert least_side(settings(**values), Preprocess((10, 8))) == least
