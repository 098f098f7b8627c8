"""Work on this machine: worker processes read tasks, and one embedder is fed by all of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from harma.index.batches import ChipBlock, embed_batches
from harma.index.processes import WorkerStart, worker_context
from harma.index.reading import (
    ChipPixels,
    SceneCache,
    Task,
    Transform,
    chips_at_once,
    least_side,
    read,
)
from harma.index.settings import Settings
from harma.model.embedding import Embedder, eval_resize_of

# Groups of tasks that each reader may be ahead of the embedder.
GROUPS_AHEAD = 4
# Small sources of a group. To hand a picture over alone takes this process a millisecond; and where
# pictures come slowly, over a network, the others of its group wait for each.
GROUP_SOURCES = 8


def run_tasks(
    tasks: Iterable[Task],
    settings: Settings,
    model: Embedder,
    *,
    batch_size: int,
    num_workers: int,
) -> Iterator[ChipBlock]:
    """Do tasks on this machine.

    Args:
        tasks: asked for one by one, some of them ahead of the work.
        settings: of the index.
        model: embeds, in this process.
        batch_size: pictures embedded at once.
        num_workers: processes that read; 0 reads in this one.

    Yields:
        A block for each task, in their order.
    """
    reads = read_tasks(
        tasks,
        settings,
        eval_resize_of(model.preprocess),
        num_workers=num_workers,
        least=least_side(settings, model.preprocess),
    )
    yield from embed_batches(reads, model, batch_size)


def read_tasks(
    tasks: Iterable[Task],
    settings: Settings,
    transform: Transform,
    *,
    num_workers: int,
    least: int | None = None,
) -> Iterator[ChipPixels]:
    """Read tasks in worker processes, in their order.

    Args:
        tasks: asked for one by one.
        settings: of the index.
        transform: makes a picture as large as the model takes it.
        num_workers: processes that read; 0 reads in this one.
        least: as of `SceneCache`.
    """
    reader = _TaskReader(settings, transform, SceneCache(least))
    # Without workers torch takes neither.
    context = None
    groups_ahead = None
    if num_workers:
        context = worker_context()
        groups_ahead = GROUPS_AHEAD
    loader: DataLoader[_Group] = DataLoader(
        reader,
        # What a sampler gives goes to a worker as it is: numbers elsewhere, whole tasks here. So
        # nobody needs a list of all tasks.
        sampler=_grouped(tasks, chips_at_once(settings.tiles)),
        batch_size=None,
        num_workers=num_workers,
        prefetch_factor=groups_ahead,
        multiprocessing_context=context,
        worker_init_fn=WorkerStart.here(),
    )
    try:
        for group in loader:
            yield from group.reads()
    finally:
        reader.scenes.close()


def _grouped(tasks: Iterable[Task], size: int) -> Iterator[list[Task]]:
    """Tasks of few chips in groups of at most `size` chips; larger ones alone."""
    group: list[Task] = []
    chips = 0
    for task in tasks:
        if group and (chips + len(task.numbers) > size or len(group) == GROUP_SOURCES):
            yield group
            group = []
            chips = 0
        group.append(task)
        chips += len(task.numbers)
    if group:
        yield group


@dataclass(frozen=True, eq=False)
class _Group:
    """What was read for several tasks, with all of its pixels in one piece."""

    without_pixels: Sequence[ChipPixels]
    pixels: Tensor | None

    @classmethod
    def of(cls, reads: Sequence[ChipPixels]) -> "_Group":
        pixels = [one.pixels for one in reads if one.pixels is not None]
        joined = None
        if pixels:
            joined = pixels[0] if len(pixels) == 1 else torch.cat(pixels)
        return cls([replace(one, pixels=None) for one in reads], joined)

    def reads(self) -> Iterator[ChipPixels]:
        """Each with its own pixels again."""
        start = 0
        for one in self.without_pixels:
            end = start + one.num_pictures
            if self.pixels is None or start == end:
                yield one
            else:
                yield replace(one, pixels=self.pixels[start:end])
            start = end


class _TaskReader(Dataset[_Group]):
    """Tasks as what was read; each worker has a copy, with a scene of its own open."""

    def __init__(self, settings: Settings, transform: Transform, scenes: SceneCache) -> None:
        self.settings = settings
        self.transform = transform
        self.scenes = scenes

    def __getitem__(self, group: list[Task]) -> _Group:
        return _Group.of([read(task, self.settings, self.transform, self.scenes) for task in group])
