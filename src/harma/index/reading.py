"""Reading a task: windows of one source are cut from its scene and made ready for the model."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from harma.backbones import Preprocess
from harma.errors import DataError, HarmaError, OffEarthError
from harma.index.chips import Cutting, chip_record
from harma.index.look import problem_of
from harma.index.records import ChipRecord
from harma.index.settings import Settings
from harma.index.tiles import most_pictures, with_tiles
from harma.scenes.edge import not_from_memory
from harma.scenes.fresh import FreshLists, may_be_mended
from harma.scenes.ground_shape import on_the_ground
from harma.scenes.known_pictures import KnownPicture
from harma.scenes.put_together import put_together, reading_of
from harma.scenes.ranges import KindRange
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.scene import Scene, SceneFacts
from harma.scenes.source import Source
from harma.scenes.windows import Tiling, Window

# uint8 (3, H, W) to uint8 of the model's size (3, H', W'), or values (N, H, W) to pixels.
Transform = Callable[[Tensor], Tensor]
# Chips that a reader hands over at once, where each is one picture.
TASK_CHIPS = 32


# A picture of which the whole is one chip keeps so many times the model's side.
ROOM = 2


@dataclass(frozen=True)
class Task:
    """Windows of one source, for a worker of any process or machine.

    Windows are named by number: the worker cuts the scene by the same tiling.

    Attributes:
        source: to open.
        content: fingerprint of its bytes when it was looked at.
        numbers: of the windows to read; none for a source that is only to be opened.
        num_windows: of the whole source.
        ranges: that the source is shown in, where they were found after the work began.
        picture: what was seen of a plain picture, which need not be opened by GDAL again.
    """

    source: Source
    content: str
    numbers: Sequence[int]
    num_windows: int
    ranges: tuple[KindRange, ...] = ()
    picture: KnownPicture | None = None

    def pieces(self, size: int = TASK_CHIPS) -> Iterator["Task"]:
        """The same windows in tasks of at most `size`; one task at least."""
        for start in range(0, max(1, len(self.numbers)), size):
            yield replace(self, numbers=self.numbers[start : start + size])


def chips_at_once(tiles: int) -> int:
    """Chips that a reader hands over at once: with tiles fewer, so that the pixels are no more."""
    return max(1, TASK_CHIPS // most_pictures(tiles))


def least_side(settings: Settings, preprocess: Preprocess) -> int | None:
    """Pixels that both sides of a picture need, where the whole of it is one chip.

    A large JPEG is then decoded at half, a quarter or an eighth of its scale; embeddings differ a
    little from those of all its pixels (docs/results.md, "Speed").

    Returns:
        None where chips are cut, which need every pixel.
    """
    if not settings.tiling.is_whole or settings.tiles > 1:
        return None
    return ROOM * max(preprocess.size)


@dataclass(frozen=True, eq=False)
class ChipPixels:
    """What was read for a task.

    Attributes:
        task: what was asked for.
        chips: records of the chips that are kept.
        pixels: uint8 (n + all tiles, 3, H, W), or float32 (…, N, H, W) of a model of bands, as
            large as the model takes them: of each chip, and then of its tiles; None if there are
            none.
        num_skipped: chips left out as mostly nodata.
        num_off_earth: chips left out as not on the Earth.
        facts: of the source; None where it could not be read.
        problem: why it could not be read, or "".
        num_tiles: of each chip (n,); () where no chip has any.
    """

    task: Task
    chips: list[ChipRecord]
    pixels: Tensor | None
    num_skipped: int
    facts: SceneFacts | None
    problem: str = ""
    num_off_earth: int = 0
    num_tiles: Sequence[int] = ()

    @property
    def num_pictures(self) -> int:
        """Pictures that go through the model."""
        return len(self.chips) + sum(self.num_tiles)


class SceneCache:
    """Keeps the last scene open: the next task is mostly of the same.

    Args:
        least: pixels that both sides of a picture need, of which the whole is one chip; None reads
            all of it.
    """

    def __init__(self, least: int | None = None) -> None:
        self._least = least
        self._task: Task | None = None
        self._scene: Scene | None = None
        self._closing = ExitStack()
        # Made where it is needed: a cache travels to its worker, and a lock does not.
        self._fresh: FreshLists | None = None

    def open(self, task: Task, reading: Reading) -> Scene:
        """The scene of a task, opened if it is not."""
        same = (
            self._task is not None
            and self._task.source == task.source
            and self._task.content == task.content
        )
        if self._scene is None or not same:
            self.close()
            scene = None
            if task.picture is not None:
                scene = task.picture.open(self._least)
            self._scene = scene or self._opened(task.source, reading)
            self._task = task
        return self._scene

    def reopen(self, task: Task, reading: Reading) -> Scene:
        """The scene of a task that failed, opened with the address that its list gives now."""
        self.close()
        self._fresh = self._fresh or FreshLists()
        source = put_together(self._fresh.again(task.source))
        self._closing.enter_context(not_from_memory())
        self._scene = self._opened(source, reading)
        # What follows of the same task is read from it, too.
        self._task = task
        return self._scene

    def _opened(self, source: Source, reading: Reading) -> Scene:
        opened = open_scene(
            source.opened_as,
            reading_of(source, reading),
            name=source.name,
            files=source.files,
        )
        return self._closing.enter_context(opened)

    def close(self) -> None:
        """Close the scene that is open."""
        self._scene = None
        self._closing.close()


def read(task: Task, settings: Settings, transform: Transform, scenes: SceneCache) -> ChipPixels:
    """Read a task's windows; a source that cannot be read is told, not raised.

    Args:
        task: few enough windows for their pixels to be in memory.
        settings: of the index: tiling, reading, how much nodata a chip may have, and tiles.
        transform: makes a picture as large as the model takes it.
        scenes: what is open, and will be.
    """
    reading = replace(settings.reading, ranges=task.ranges or settings.reading.ranges)
    try:
        return _read(task, settings, transform, scenes.open(task, reading))
    except (HarmaError, OSError) as error:
        if not may_be_mended(task.source, error):
            return _failed(task, error)
    try:
        return _read(task, settings, transform, scenes.reopen(task, reading))
    except (HarmaError, OSError) as error:
        return _failed(task, error)


def _failed(task: Task, error: HarmaError | OSError) -> ChipPixels:
    return ChipPixels(task, [], None, 0, None, problem=problem_of(error))


def _read(task: Task, settings: Settings, transform: Transform, scene: Scene) -> ChipPixels:
    chips: list[ChipRecord] = []
    pixels: list[Tensor] = []
    num_tiles: list[int] = []
    num_skipped = 0
    num_off_earth = 0
    for window in _windows(task, settings, scene.facts):
        try:
            cutting = _cut(scene, window, settings.tiling)
        except OffEarthError:
            # Beside a full disk, or beyond where a projection ends: the other chips go in.
            num_off_earth += 1
            continue
        if cutting.nodata > settings.max_nodata:
            num_skipped += 1
            continue
        record = chip_record(
            task.source, task.content, scene.facts, cutting, thumbnail=settings.thumbnails
        )
        chips.append(record)
        pictures = with_tiles(cutting.seen, settings.tiles)
        num_tiles.append(len(pictures) - 1)
        for picture in pictures:
            pixels.append(transform(torch.from_numpy(picture).permute(2, 0, 1)))
    # torch has no stack of nothing.
    stacked = None
    if pixels:
        stacked = torch.stack(pixels)
    return ChipPixels(
        task,
        chips,
        stacked,
        num_skipped,
        scene.facts,
        num_off_earth=num_off_earth,
        num_tiles=num_tiles,
    )


def _windows(task: Task, settings: Settings, facts: SceneFacts) -> list[Window]:
    """The windows that a task's numbers mean."""
    windows = settings.tiling.windows(facts.width, facts.height, facts.scale)
    # A file that was written anew since the survey: its fingerprint would name other bytes.
    if len(windows) != task.num_windows:
        raise DataError("it changed while the index was built; build it again")
    return [windows[index] for index in task.numbers]


def _cut(scene: Scene, window: Window, tiling: Tiling) -> Cutting:
    # The place first: what is not on the Earth is not read.
    footprint = scene.footprint(window)
    picture, nodata = scene.read_whole() if tiling.is_whole else scene.read(window)
    shown = on_the_ground(picture, tiling, scene.facts)
    if scene.values is None:
        return Cutting(window, shown, nodata, footprint, seen=shown)
    # Whether there are data is told by the bands that the model reads, not by those people see.
    values, nodata = scene.read_values(window)
    seen = on_the_ground(values, tiling, scene.facts)
    return Cutting(window, shown, nodata, footprint, seen=seen)
