"""Reading tasks."""

from pathlib import Path

import numpy as np
import pytest
from tests.index.parts import settings, write_stripes

from harma.index.reading import SceneCache, Task, read
from harma.scenes.raster import Reading
from harma.scenes.sources import Source


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
    import rasterio

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
