"""Worker processes that read for one embedder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.index.parts import MeanColor, settings, write_stripes

from harma.index.reading import Task
from harma.index.workers import GROUP_SOURCES, GROUPS_AHEAD, run_tasks
from harma.scenes.source import Source


@pytest.fixture
def tasks(tmp_path):
    """Four tasks of each of five scenes."""
    made = []
    for number in range(5):
        path = write_stripes(tmp_path / f"{number}.tif", range(10 * number + 1, 10 * number + 9))
        whole = Task(Source(str(path), str(path)), "c", range(8), 8)
        made += whole.pieces(2)
    return made


def test_processes_give_what_this_one_gives_in_the_same_order(tasks):
    results = []
    for num_workers in (0, 2):
        blocks = run_tasks(
            iter(tasks), settings(), MeanColor(), batch_size=3, num_workers=num_workers
        )
        results.append(list(blocks))
    assert [block.task for block in results[0]] == tasks
    for here, there in zip(*results, strict=True):
        assert there.task == here.task
        assert there.chips == here.chips
        np.testing.assert_array_equal(there.embeddings, here.embeddings)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_tasks_are_asked_for_as_they_are_needed(tasks, num_workers):
    taken = []
    many = tasks * 5

    def counted():
        for task in many:
            taken.append(task)
            yield task

    blocks = run_tasks(counted(), settings(), MeanColor(), batch_size=2, num_workers=num_workers)
    for asked in range(1, 8):
        next(blocks)
        # One more closes a group.
        groups = 1 + num_workers * GROUPS_AHEAD
        assert len(taken) <= asked + groups * GROUP_SOURCES + 1
    assert len(taken) < len(many)
    assert len(list(blocks)) == len(many) - 7


@pytest.mark.parametrize("num_workers", [0, 1])
def test_small_sources_share_a_message_and_keep_their_own_chips(tmp_path, num_workers):
    """One that cannot be read, one without windows and one of several chips among them."""
    tasks = []
    for number in range(12):
        path = write_stripes(tmp_path / f"{number}.tif", [20 * number + 3, 20 * number + 5])
        numbers = {4: (), 6: (0, 1)}.get(number, (1,))
        tasks.append(Task(Source(str(path), str(path)), "c", numbers, 2))
    Path(tasks[2].source.name).write_bytes(b"no raster")
    alone = [
        next(run_tasks([task], settings(), MeanColor(), batch_size=2, num_workers=0))
        for task in tasks
    ]
    together = list(
        run_tasks(tasks, settings(), MeanColor(), batch_size=5, num_workers=num_workers)
    )
    assert [block.task for block in together] == tasks
    assert [len(block.chips) for block in together] == [1, 1, 0, 1, 0, 1, 2, *[1] * 5]
    for one, block in zip(alone, together, strict=True):
        assert block.chips == one.chips
        assert block.problem == one.problem
        np.testing.assert_array_equal(block.embeddings, one.embeddings)
    assert together[2].problem


def test_an_error_of_the_plan_comes_out(tasks):
    def broken():
        yield tasks[0]
        raise ValueError("the plan broke")

    with pytest.raises(ValueError, match="the plan broke"):
        list(run_tasks(broken(), settings(), MeanColor(), batch_size=2, num_workers=1))


def test_workers_end_with_the_process_that_they_read_for(tasks, tmp_path):
    """Killed, it cannot tell them; their own parent, the fork server, would live on."""
    script = tmp_path / "reads.py"
    script.write_text(
        "import itertools, multiprocessing, time\n"
        "from harma.index.reading import Task\n"
        "from harma.index.workers import read_tasks\n"
        "from harma.scenes.source import Source\n"
        "from tests.index.parts import settings\n"
        "if __name__ == '__main__':\n"
        f"    source = Source({tasks[0].source.name!r}, {tasks[0].source.name!r})\n"
        "    tasks = itertools.repeat(Task(source, 'c', (0,), 8))\n"
        "    for _ in read_tasks(tasks, settings(), abs, num_workers=1):\n"
        "        pids = [child.pid for child in multiprocessing.active_children()]\n"
        "        print(*pids, flush=True)\n"
        "        time.sleep(60)\n"
    )
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), *sys.path])
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    (worker,) = map(int, process.stdout.readline().split())
    assert is_alive(worker)
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not is_alive(worker)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
