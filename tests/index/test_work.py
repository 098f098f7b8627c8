"""The work of a build, whole."""

import os
from pathlib import Path

import numpy as np
import pytest
from tests.index.parts import MeanColor, settings, write_stripes

from harma.index.reading import TASK_CHIPS, SceneCache, Task
from harma.index.work import work
from harma.index.workers import run_tasks
from harma.scenes.edge import library_call
from harma.scenes.source import Source

NUM_CHIPS = 2 * TASK_CHIPS + 6


@pytest.fixture
def task(tmp_path):
    """All windows of a scene: more than are read at once; every tenth is nodata."""
    colors = [number % 10 and number + 1 for number in range(NUM_CHIPS)]
    path = write_stripes(tmp_path / "a.tif", colors, nodata=0)
    return Task(Source(str(path), str(path)), "c", range(NUM_CHIPS), NUM_CHIPS)


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
def test_the_chips_of_a_task_with_their_embeddings(task, batch_size):
    block = work(task, settings(), MeanColor(), batch_size=batch_size)
    numbers = [number for number in range(NUM_CHIPS) if number % 10]
    assert [chip.column for chip in block.chips] == [10 * number for number in numbers]
    colors = (np.array(numbers) + 1) / 255
    np.testing.assert_allclose(block.embeddings[:, 0], colors, atol=1e-6)
    assert block.num_skipped == NUM_CHIPS - len(numbers)
    assert (block.task, block.problem, block.facts.width) == (task, "", 10 * NUM_CHIPS)


def test_it_is_what_the_workers_of_this_machine_do(task):
    block = work(task, settings(), MeanColor())
    pieces = list(run_tasks(task.pieces(), settings(), MeanColor(), batch_size=64, num_workers=0))
    chips = [chip for piece in pieces for chip in piece.chips]
    assert chips == block.chips
    together = np.concatenate([piece.embeddings for piece in pieces])
    np.testing.assert_array_equal(together, block.embeddings)


def test_a_task_that_fails_gives_nothing_but_its_problem(tmp_path, task, monkeypatch):
    from harma.scenes import raster

    original = raster.Scene.read

    def odd(self, window):
        if window.column > 10 * TASK_CHIPS:
            with library_call("its pixels cannot be read"):
                raise IndexError("axis 0")
        return original(self, window)

    monkeypatch.setattr(raster.Scene, "read", odd)
    block = work(task, settings(), MeanColor(), batch_size=4)
    assert block.problem == "its pixels cannot be read (axis 0)"
    assert (block.task, block.chips, block.embeddings.shape) == (task, [], (0, 3))


def test_a_scene_may_stay_open_for_the_next_task(task):
    scenes = SceneCache()
    work(task, settings(), MeanColor(), scenes=scenes)
    scene = scenes.open(task, settings().reading)
    work(task, settings(), MeanColor(), scenes=scenes)
    assert scenes.open(task, settings().reading) is scene
    scenes.close()


def test_a_scene_is_closed_unless_the_caller_keeps_it_open(task):
    fds = Path("/proc/self/fd")
    if not fds.is_dir():
        pytest.skip("open files are not listed on this system")

    def is_open():
        names = {os.path.realpath(fd) for fd in fds.iterdir()}
        return os.path.realpath(task.source.name) in names

    work(task, settings(), MeanColor())
    assert not is_open()
    scenes = SceneCache()
    work(task, settings(), MeanColor(), scenes=scenes)
    assert is_open()
    scenes.close()
    assert not is_open()
