"""Which pairs make which batch: the same for any number of processes and for a resumed run."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harma.errors import ConfigError


class EpochBatches:
    """Batches of indices of one process, a fresh order in every epoch.

    The order depends on (seed, epoch) alone. Batch s of all processes together is one slice of it,
    so K processes with batch B see what one process with batch K·B sees. An incomplete last batch
    is dropped (SPEC 4).

    Args:
        num_items: items of the data set.
        batch_size: B, of this process.
        rank: number of this process.
        world_size: K, number of processes.
        seed: of the order.
        labels: (num_items,) label of each item: every batch then has the labels in the shares of
            the data set.

    Raises:
        ConfigError: not even one batch can be filled.
    """

    def __init__(
        self,
        num_items: int,
        batch_size: int,
        *,
        rank: int = 0,
        world_size: int = 1,
        seed: int = 0,
        labels: NDArray[np.int64] | None = None,
    ) -> None:
        if num_items < batch_size * world_size:
            raise ConfigError(
                f"the training data has {num_items} items, fewer than one batch of {batch_size} ×"
                f" {world_size} processes; set data.batch_size to {num_items // world_size} or less"
            )
        self.num_items = num_items
        self.batch_size = batch_size
        self.rank = rank
        self.world_size = world_size
        self.seed = seed
        self.labels = None if labels is None else torch.from_numpy(labels)

    @property
    def batches_per_epoch(self) -> int:
        """Batches of a whole epoch."""
        return self.num_items // (self.batch_size * self.world_size)

    def of(self, epoch: int, first_batch: int = 0) -> Iterator[list[int]]:
        """The batches of an epoch, from the one on that a resumed epoch goes on with."""
        # A generator of its own: every process draws the same order, whatever else it has drawn.
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
        drawn = torch.randperm(self.num_items, generator=generator)
        if self.labels is not None:
            drawn = _spread(drawn, self.labels[drawn], generator)
        order = drawn.tolist()
        for batch in range(first_batch, self.batches_per_epoch):
            # Batch by batch, each cut into one piece per process.
            start = (batch * self.world_size + self.rank) * self.batch_size
            yield order[start : start + self.batch_size]


def _spread(drawn: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Reorder items so that each label's lie at even distances, from a random start."""
    place = torch.empty(len(drawn), dtype=torch.float64)
    for label in sorted(set(labels.tolist())):
        members = (labels == label).nonzero().flatten()
        start = torch.rand((), generator=generator, dtype=torch.float64)
        steps = torch.arange(len(members), dtype=torch.float64)
        place[members] = (steps + start) / len(members)
    return drawn[place.argsort(stable=True)]
