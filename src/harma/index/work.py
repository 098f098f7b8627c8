"""The work of a build, whole: a task goes in, its chips with their embeddings come out.

Any process of any machine can do it: it needs the task, the settings and the model, knows no store,
and nothing stays between two calls but a scene that is open. `harma.index.workers` does the same
for many small tasks, with readers in other processes; `work_on` puts large ones through it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

import numpy as np

from harma.index.batches import ChipBlock, embed_batches
from harma.index.reading import SceneCache, Task, chips_at_once, least_side, read
from harma.index.records import ChipRecord
from harma.index.settings import Settings
from harma.index.workers import run_tasks
from harma.model.embedding import Embedder, eval_resize_of


def work(
    task: Task,
    settings: Settings,
    model: Embedder,
    *,
    batch_size: int = 64,
    scenes: SceneCache | None = None,
) -> ChipBlock:
    """Read a task and embed it.

    Args:
        task: of any number of windows; the pixels of few of them are in memory at a time.
        settings: of the index.
        model: embeds.
        batch_size: pictures embedded at once.
        scenes: keeps the scene open for the next task of the same source.
    """
    transform = eval_resize_of(model.preprocess)
    # A caller that gives a cache closes it; one that gives none leaves no scene open.
    cache = scenes or SceneCache(least_side(settings, model.preprocess))
    try:
        pieces = task.pieces(chips_at_once(settings.tiles))
        reads = (read(piece, settings, transform, cache) for piece in pieces)
        return _joined(task, list(embed_batches(reads, model, batch_size)))
    finally:
        if scenes is None:
            cache.close()


def work_on(
    tasks: Sequence[Task],
    settings: Settings,
    model: Embedder,
    *,
    batch_size: int = 64,
    num_workers: int = 0,
) -> Iterator[ChipBlock]:
    """Read tasks and embed them: chips of several share a batch.

    Args:
        tasks: each of any number of windows.
        settings: of the index.
        model: embeds.
        batch_size: pictures embedded at once.
        num_workers: processes that read; 0 reads in this one.

    Yields:
        A block for each task, in their order.
    """
    size = chips_at_once(settings.tiles)
    pieces = chain.from_iterable(task.pieces(size) for task in tasks)
    blocks = run_tasks(pieces, settings, model, batch_size=batch_size, num_workers=num_workers)
    for task in tasks:
        num_pieces = max(1, math.ceil(len(task.numbers) / size))
        yield _joined(task, list(islice(blocks, num_pieces)))


def _joined(task: Task, blocks: list[ChipBlock]) -> ChipBlock:
    """The blocks of a task's pieces as one; empty if one of them failed."""
    for block in blocks:
        # A source is in the index as a whole or not at all.
        if block.problem:
            return replace(block, task=task, chips=[], embeddings=block.embeddings[:0])
    chips: list[ChipRecord] = []
    for block in blocks:
        chips += block.chips
    return ChipBlock(
        task=task,
        chips=chips,
        embeddings=np.concatenate([block.embeddings for block in blocks]),
        num_skipped=sum(block.num_skipped for block in blocks),
        facts=blocks[-1].facts,
        num_off_earth=sum(block.num_off_earth for block in blocks),
    )
