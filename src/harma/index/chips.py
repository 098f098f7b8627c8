"""Reading chips in worker processes: pixels ready for the model, and what the table says of each."""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import shapely
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from harma.errors import HarmaError
from harma.index.records import ChipRecord
from harma.index.survey import Surveyed
from harma.index.workers import end_with_parent, worker_context
from harma.scenes.raster import Reading, Scene, SceneFacts, open_scene
from harma.scenes.windows import Window

# Chips that a worker reads before it hands them over.
TASK_CHIPS = 32
THUMBNAIL = 96


@dataclass(frozen=True)
class Task:
    """Chips of one source, for one worker.

    Attributes:
        number: of the source in the survey.
        windows: to read.
        is_last: whether the source is done with these.
    """

    number: int
    windows: tuple[Window, ...]
    is_last: bool


@dataclass(frozen=True)
class Read:
    """What a worker read.

    Attributes:
        task: what was asked for.
        pixels: (n, 3, H, W) for the model, of the chips that are kept; None if there are none.
        rows: a row of the table for each of them, without embedding and model.
        num_skipped: chips left out as mostly nodata.
        facts: of the source.
        problem: why the source cannot be read, or "".
    """

    task: Task
    pixels: Tensor | None
    rows: list[ChipRecord]
    num_skipped: int
    facts: SceneFacts | None
    problem: str = ""


def chip_id(source: str, content: str, window: Window) -> str:
    """The name of a chip: the same for the same window of the same bytes."""
    key = f"{source}\0{content}\0{window.column},{window.row},{window.width},{window.height}"
    return hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def split_tasks(number: int, windows: Sequence[Window]) -> Iterator[Task]:
    """The tasks of a source; one at least, so that it is opened and reported."""
    starts = range(0, max(1, len(windows)), TASK_CHIPS)
    for start in starts:
        yield Task(number, tuple(windows[start : start + TASK_CHIPS]), start == starts[-1])


class Chips(Dataset[Read]):
    """Tasks as what was read; a worker keeps the scene of its last task open.

    Args:
        tasks: to do.
        surveyed: sources by number.
        reading: how scenes are read.
        max_nodata: chips with more are left out.
        transform: uint8 (3, H, W) to the model's pixels.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        surveyed: Sequence[Surveyed],
        reading: Reading,
        max_nodata: float,
        transform: Callable[[Tensor], Tensor],
    ) -> None:
        self.tasks, self.reading = tasks, reading
        # Only what workers need: each of them gets a copy.
        self.surveyed = {task.number: replace(surveyed[task.number], windows=()) for task in tasks}
        self.max_nodata, self.transform = max_nodata, transform
        self._opened: tuple[int, Scene] | None = None
        self._closing = ExitStack()

    def __len__(self) -> int:
        return len(self.tasks)

    def __getitem__(self, index: int) -> Read:
        task = self.tasks[index]
        try:
            return self._read(task, self._scene(task.number))
        except HarmaError as error:
            return Read(task, None, [], 0, None, problem=error.problem)
        except Exception as error:  # whatever one odd file does to a library, the rest goes on
            return Read(
                task,
                None,
                [],
                0,
                None,
                problem=f"it cannot be read ({type(error).__name__}: {error})"[:300],
            )

    def _scene(self, number: int) -> Scene:
        if self._opened is None or self._opened[0] != number:
            self.close()
            scene = self._closing.enter_context(
                open_scene(self.surveyed[number].source.opened_as, self.reading)
            )
            self._opened = (number, scene)
        return self._opened[1]

    def close(self) -> None:
        """Close the scene that is open."""
        self._opened = None
        self._closing.close()

    def _read(self, task: Task, scene: Scene) -> Read:
        surveyed, rows, pixels = self.surveyed[task.number], [], []
        for window in task.windows:
            picture, empty = scene.read(window)
            if empty > self.max_nodata:
                continue
            pixels.append(self.transform(torch.from_numpy(picture).permute(2, 0, 1)))
            rows.append(_row(surveyed, scene, window, empty, picture))
        stacked = torch.stack(pixels) if pixels else None
        return Read(task, stacked, rows, len(task.windows) - len(rows), scene.facts)


def read_chips(chips: Chips, *, num_workers: int) -> Iterator[Read]:
    """Do all tasks, in their order."""
    loader: DataLoader[Read] = DataLoader(
        chips,
        batch_size=None,
        num_workers=num_workers,
        prefetch_factor=4 if num_workers else None,
        multiprocessing_context=worker_context() if num_workers else None,
        worker_init_fn=end_with_parent,
    )
    try:
        yield from loader if len(chips) else ()
    finally:
        chips.close()


def _row(
    surveyed: Surveyed, scene: Scene, window: Window, empty: float, picture: NDArray[np.uint8]
) -> ChipRecord:
    facts = scene.facts
    footprint = (
        scene.place.footprint(window.column, window.row, window.width, window.height)
        if scene.place
        else None
    )
    geometry = None
    west = south = east = north = None
    if footprint is not None:
        geometry = shapely.to_wkb(footprint)
        west, south, east, north = footprint.bounds
    return ChipRecord(
        id=chip_id(surveyed.source.name, surveyed.content, window),
        geometry=geometry,
        xmin=west,
        ymin=south,
        xmax=east,
        ymax=north,
        datetime=surveyed.source.taken or facts.taken,
        source=surveyed.source.name,
        content=surveyed.content,
        column=window.column,
        row=window.row,
        width=window.width,
        height=window.height,
        crs=facts.crs,
        gsd=facts.gsd,
        nodata=empty,
        thumbnail=_thumbnail(picture),
    )


def _thumbnail(picture: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(picture)
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()
