"""Embedding in full batches: chips of several tasks share one, and each task gets its own back.

A chip may be several pictures, itself and its tiles (`harma.index.tiles`): a batch counts pictures,
and may end within a chip.
"""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harma.index.done import Tally
from harma.index.reading import ChipPixels, Task
from harma.index.records import ChipRecord
from harma.index.tiles import join_chips
from harma.model.embedding import Embedder, embed_pixels
from harma.model.pixels import BatchPixels
from harma.scenes.scene import SceneFacts

# Seconds that chips wait for a batch to become full: where scenes come slowly, over a network,
# what was read is embedded and written all the same.
PATIENCE = 15.0


@dataclass(frozen=True, eq=False)
class ChipBlock:
    """What was done for a task: all that the writer needs.

    Attributes:
        task: what was asked for.
        chips: n records.
        embeddings: (n, E) of them.
        num_skipped: chips left out as mostly nodata.
        num_off_earth: chips left out as not on the Earth.
        facts: of the source; None where it could not be read.
        problem: why it could not be read, or "".
    """

    task: Task
    chips: list[ChipRecord]
    embeddings: NDArray[np.float32]
    num_skipped: int
    facts: SceneFacts | None
    problem: str = ""
    num_off_earth: int = 0

    @property
    def tallies(self) -> Sequence[Tally]:
        """The same in numbers."""
        tally = Tally(
            self.task,
            len(self.chips),
            self.num_skipped,
            self.num_off_earth,
            self.facts,
            self.problem,
        )
        return [tally]


def embed_batches(
    reads: Iterable[ChipPixels], model: Embedder, batch_size: int
) -> Iterator[ChipBlock]:
    """Embed what was read in full batches: chips of several tasks and sources share one.

    Args:
        reads: of tasks.
        model: embeds.
        batch_size: pictures embedded at once.

    Yields:
        A block for each of `reads`, in their order, when the last of its chips is embedded.
    """
    embedder = _BatchEmbedder(model, batch_size)
    for item in reads:
        embedder.add(item)
        yield from embedder.finished()
    embedder.flush()
    yield from embedder.finished()


class _BatchEmbedder:
    """What waits: reads whose chips are not all embedded, and embeddings that belong to them."""

    def __init__(self, model: Embedder, batch_size: int) -> None:
        self.model = model
        self.batch_size = batch_size
        self.reads: deque[ChipPixels] = deque()
        # Of the pictures of `reads`, in order: the first have embeddings, the rest have pixels.
        self.embeddings = _no_embeddings(model.embed_dim)
        self.pixels: list[Tensor] = []
        # Counted along: small reads are many.
        self.num_waiting = 0
        self.pixels_of = BatchPixels(model.preprocess, model.device)
        self.waiting_since = time.monotonic()

    def add(self, item: ChipPixels) -> None:
        """Take in what was read, and embed as many whole batches as there are."""
        if not self.pixels:
            self.waiting_since = time.monotonic()
        self.reads.append(item)
        if item.pixels is not None:
            self.pixels.append(item.pixels)
            self.num_waiting += len(item.pixels)
        while self.num_waiting >= self.batch_size:
            self._embed()
        if time.monotonic() - self.waiting_since >= PATIENCE:
            self.flush()

    def flush(self) -> None:
        """Embed what waits, however little."""
        if self.pixels:
            self._embed()

    def _embed(self) -> None:
        """Embed a batch of the pixels that wait."""
        pixels = self.pixels[0]
        # A copy of some hundred kilobytes a picture, so not without need.
        if len(self.pixels) > 1:
            pixels = torch.cat(self.pixels)
        batch = pixels[: self.batch_size]
        rest = pixels[self.batch_size :]
        self.pixels = [rest] if len(rest) else []
        self.num_waiting = len(rest)
        embedded = embed_pixels(self.model, self.pixels_of(batch))
        self.embeddings = np.concatenate([self.embeddings, embedded])
        self.waiting_since = time.monotonic()

    def finished(self) -> Iterator[ChipBlock]:
        """Blocks of the reads that are embedded, the first first."""
        while self.reads and self.reads[0].num_pictures <= len(self.embeddings):
            item = self.reads.popleft()
            count = item.num_pictures
            yield ChipBlock(
                task=item.task,
                chips=item.chips,
                embeddings=join_chips(self.embeddings[:count], item.num_tiles),
                num_skipped=item.num_skipped,
                facts=item.facts,
                problem=item.problem,
                num_off_earth=item.num_off_earth,
            )
            self.embeddings = self.embeddings[count:]


def _no_embeddings(embed_dim: int) -> NDArray[np.float32]:
    return np.empty((0, embed_dim), dtype=np.float32)
