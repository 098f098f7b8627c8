"""Work on this machine: worker processes read tasks, and one embedder is fed by all of them."""

from collections.abc import Iterable, Iterator

from torch.utils.data import DataLoader, Dataset

from harma.index.batches import ChipBlock, embed_batches
from harma.index.processes import end_with_embedder, worker_context
from harma.index.reading import ChipPixels, SceneCache, Task, Transform, least_side, read
from harma.index.settings import Settings
from harma.model.embedding import Embedder, eval_resize_of

# Tasks that each reader may be ahead of the embedder.
TASKS_AHEAD = 4


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
    tasks_ahead = None
    if num_workers:
        context = worker_context()
        tasks_ahead = TASKS_AHEAD
    loader: DataLoader[ChipPixels] = DataLoader(
        reader,
        # What a sampler gives goes to a worker as it is: numbers elsewhere, whole tasks here. So
        # nobody needs a list of all tasks.
        sampler=tasks,
        batch_size=None,
        num_workers=num_workers,
        prefetch_factor=tasks_ahead,
        multiprocessing_context=context,
        worker_init_fn=end_with_embedder,
    )
    try:
        yield from loader
    finally:
        reader.scenes.close()


class _TaskReader(Dataset[ChipPixels]):
    """Tasks as what was read; each worker has a copy, with a scene of its own open."""

    def __init__(self, settings: Settings, transform: Transform, scenes: SceneCache) -> None:
        self.settings = settings
        self.transform = transform
        self.scenes = scenes

    def __getitem__(self, task: Task) -> ChipPixels:
        return read(task, self.settings, self.transform, self.scenes)
