"""Lanes: each reader gets windows that lie together."""

from collections import defaultdict
from io import FileIO
from itertools import pairwise

import numpy as np
import pytest
import rasterio
from affine import Affine
from tests.index.parts import settings

from harma.index.lanes import in_lanes
from harma.index.reading import SceneCache, Task, read
from harma.scenes import edge
from harma.scenes.source import Source
from harma.scenes.windows import Tiling


def task(name, count):
    return Task(Source(name, name), "c", range(count), count)


def dealt(tasks, num_lanes, size=2):
    """What each reader gets, (source, numbers), as a loader that deals in turns gives it out."""
    readers = defaultdict(list)
    for turn, part in enumerate(in_lanes(tasks, num_lanes, size)):
        assert len(part.numbers) <= size
        readers[turn % num_lanes].append((part.source.name, *part.numbers))
    return dict(readers)


def test_one_reader_gets_all_in_its_order():
    parts = list(in_lanes([task("a", 5), task("b", 0), task("c", 1)], 0, 2))
    assert [(part.source.name, *part.numbers) for part in parts] == [
        *(("a", 0, 1), ("a", 2, 3), ("a", 4)),
        ("b",),
        ("c", 0),
    ]


def test_a_scene_is_read_by_one_reader_while_there_are_others():
    readers = dealt([task("a", 4), task("b", 4), task("c", 4), task("d", 4)], 2)
    assert readers == {
        0: [("a", 0, 1), ("a", 2, 3), ("c", 0, 1), ("c", 2, 3)],
        1: [("b", 0, 1), ("b", 2, 3), ("d", 0, 1), ("d", 2, 3)],
    }


def test_the_only_scene_is_cut_into_parts_that_lie_together():
    """At its very end a reader takes a few windows of another's part."""
    readers = dealt([task("a", 160)], 4)
    for parts in readers.values():
        numbers = [number for _, *part in parts for number in part]
        breaks = sum(after != before + 1 for before, after in pairwise(numbers))
        assert breaks <= 3
        assert 36 <= len(numbers) <= 44


def test_a_reader_without_a_scene_takes_half_of_the_longest():
    """Of 12 windows one reader has the first two when the other is done with its own scene."""
    readers = dealt([task("a", 12), task("b", 2)], 2)
    assert readers[0] == [("a", 0, 1), ("a", 2, 3), ("a", 4, 5), ("a", 6, 7)]
    assert readers[1] == [("b", 0, 1), ("a", 8, 9), ("a", 10, 11)]


def test_every_window_comes_once():
    counts = {"a": 7, "b": 1, "c": 30, "d": 0, "e": 2, "f": 5, "g": 64}
    tasks = [task(name, count) for name, count in counts.items()]
    for num_lanes in (1, 2, 3, 8):
        seen = defaultdict(list)
        for part in in_lanes(tasks, num_lanes, 3):
            seen[part.source.name] += part.numbers
        for name, count in counts.items():
            assert sorted(seen[name]) == list(range(count))


def test_no_more_tasks_are_asked_for_than_there_are_lanes():
    taken = []

    def coming():
        for name in "abcdef":
            taken.append(name)
            yield task(name, 100)

    parts = in_lanes(coming(), 3, 10)
    for _ in range(20):
        next(parts)
    assert taken == ["a", "b", "c"]


class Counted(FileIO):
    """A file that notes how many of its bytes are read."""

    def __init__(self, path, counts):
        super().__init__(path)
        self.counts = counts

    def read(self, size=-1):
        content = super().read(size)
        self.counts.append(len(content))
        return content


@pytest.fixture
def bytes_read(monkeypatch):
    """Counts of the bytes that GDAL reads."""
    counts = []

    def opened(source, drivers):
        return rasterio.open(source, opener=lambda path, mode="rb": Counted(path, counts))

    monkeypatch.setattr(edge, "_opened", opened)
    return counts


def share_read(path, parts, num_readers, counts):
    """How often the bytes of a file are read by readers that take turns."""
    cut = settings(tiling=Tiling(size=64, stride=0.5), max_nodata=1.0)
    parts = list(parts)
    counts.clear()
    # One after the other: what a reader has open is its own.
    for reader in range(num_readers):
        scenes = SceneCache()
        for part in parts[reader::num_readers]:
            assert not read(part, cut, lambda picture: picture, scenes).problem
        scenes.close()
    return sum(counts) / path.stat().st_size


@pytest.mark.parametrize(
    "options", [{"blockysize": 16}, {"tiled": True, "blockxsize": 128, "blockysize": 128}]
)
def test_no_block_is_read_twice_but_where_a_scene_is_cut_for_several_readers(
    tmp_path, bytes_read, options
):
    """Chips overlap by half, and cut blocks."""
    path = tmp_path / "a.tif"
    values = np.random.default_rng(0).integers(0, 256, (3, 1024, 512), dtype=np.uint8)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=512,
        height=1024,
        count=3,
        dtype="uint8",
        crs="EPSG:32631",
        transform=Affine(2, 0, 500_000, 0, -2, 5_000_000),
        **options,
    ) as dataset:
        dataset.write(values)
    windows = Tiling(size=64, stride=0.5).windows(512, 1024, None)
    whole = Task(Source(str(path), str(path)), "c", range(len(windows)), len(windows))
    assert share_read(path, in_lanes([whole], 1, 16), 1, bytes_read) < 1.05
    assert share_read(path, in_lanes([whole], 2, 16), 2, bytes_read) < 1.25
    assert share_read(path, whole.pieces(16), 2, bytes_read) > 1.7
