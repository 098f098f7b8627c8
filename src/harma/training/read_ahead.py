"""Reading ahead: worker processes that prepare batches without a stop, over the end of an epoch.

A data loader that is asked anew for every epoch begins each with nothing: the model waits while the
first batch is decoded. Here one loader goes through all epochs, so that the first batches of the
next one are read while the last ones of this one are learned from, and while it is validated.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset, default_collate

from harma.data.datasets import CaptionItem, CaptionPairs
from harma.training.batches import EpochBatches
from harma.training.step import Batch

# The entries of an item, in the order of `Batch`.
ITEM_KEYS = ("pixels", "token_ids", "image_index", "label", "caption_index")


class _Place(NamedTuple):
    """Which item, as it is drawn in which epoch."""

    epoch: int
    number: int


class _Items(Dataset[CaptionItem]):
    """Items of any epoch: workers are ahead of the epoch that the loop is in."""

    def __init__(self, pairs: CaptionPairs) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, place: _Place) -> CaptionItem:
        return self.pairs.item(place.number, place.epoch)


class ReadAhead:
    """Batches of one epoch after another.

    What a batch holds depends on its epoch and number alone, not on how far workers are ahead, nor
    on where reading was begun.

    Args:
        pairs: the items.
        batches: which items make which batch.
        epochs: nothing is read ahead of the last one's end.
        num_workers: processes that decode and transform; 0: each batch when it is asked for.
    """

    def __init__(
        self,
        pairs: CaptionPairs,
        batches: EpochBatches,
        *,
        epochs: int,
        num_workers: int,
    ) -> None:
        self._pairs = pairs
        self._batches = batches
        self._epochs = epochs
        self._num_workers = num_workers
        self._stream: Iterator[Batch] | None = None
        # Epoch and batch that the stream gives next.
        self._coming = (1, 0)

    def begin(self, epoch: int = 1, first_batch: int = 0) -> None:
        """Start the workers at a batch; they read ahead of it from now on."""
        self.end()
        if self._pairs.with_pixels:
            # Before workers start: they share what is decoded now.
            self._pairs.cache.preload(self._pairs.split.images, num_workers=self._num_workers)
        loader: DataLoader[Any] = DataLoader(
            _Items(self._pairs),
            batch_sampler=self._places(epoch, first_batch),
            num_workers=self._num_workers,
            collate_fn=collate,
            pin_memory=torch.cuda.is_available(),
            # A generator of its own: making an iterator must not move the random numbers of the
            # model.
            generator=torch.Generator(),
        )
        self._stream = iter(loader)
        self._coming = (epoch, first_batch)

    def rest_of(self, epoch: int, first_batch: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from one on, on the CPU.

        Workers that are at this place go on; others begin anew.
        """
        if self._stream is None or self._coming != (epoch, first_batch):
            self.begin(epoch, first_batch)
        assert self._stream is not None
        last = self._batches.batches_per_epoch - 1
        for number in range(first_batch, last + 1):
            batch = next(self._stream)
            self._coming = (epoch, number + 1)
            if number == last:
                self._coming = (epoch + 1, 0)
            yield batch

    def end(self) -> None:
        """Stop the workers, and let go of what they have read."""
        # Their iterator stops them when it goes.
        self._stream = None

    def _places(self, epoch: int, first_batch: int) -> Iterator[list[_Place]]:
        """Batches from a place to the end of the last epoch."""
        for coming in range(epoch, self._epochs + 1):
            for indices in self._batches.of(coming, first_batch):
                yield [_Place(coming, index) for index in indices]
            first_batch = 0


def collate(items: list[CaptionItem]) -> Batch:
    """Stack the items of a batch."""
    stacked = default_collate(items)
    return Batch(*(stacked[key] for key in ITEM_KEYS))
