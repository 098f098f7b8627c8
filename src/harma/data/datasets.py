"""Torch data set of images with their texts: sampling, seeds of what is drawn for an item."""

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypedDict

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from harma.data.cache import ImageCache
from harma.data.split import Split
from harma.errors import ConfigError

SAMPLINGS = ("captions", "images")
UNKNOWN_LABEL = -1


class CaptionItem(TypedDict):
    """An image with C of its captions.

    Keys:
        pixels: float32 (3, H', W'), or a channel for each band that the model reads.
        token_ids: int64 (C, L).
        caption_index: int64 (C,), the same for captions of the same text.
        image_index: number of the image in the split.
        label: class of the image; -1: unknown.
    """

    pixels: Tensor
    token_ids: Tensor
    caption_index: Tensor
    image_index: int
    label: int


class CaptionPairs(Dataset[CaptionItem]):
    """Images, each with one or several of its captions.

    What is drawn for an item depends on (seed, epoch, index) alone: not on workers, nor on where a
    run was resumed. That holds for transforms that draw from the global generators of torch, numpy
    and `random`.

    Args:
        split: images and captions.
        transform: uint8 (3, H, W) → float32 (3, H', W'). It must not write into what it is given.
        tokenize: strings → int64 (N, L); called once, with the distinct captions.
        cache: where decoded images come from.
        seed: of everything drawn.
        sampling: "captions": an item per caption; "images": an item per image, with some of its
            captions drawn.
        captions_per_image: C, captions of an item; an image that has fewer gives some of them
            again.

    Attributes:
        token_ids: int64 (U, L) of the distinct captions, the rows that `caption_index` names.
        with_pixels: whether images are read; else an item's pixels are empty, for whoever knows
            already what becomes of them.

    Raises:
        ConfigError: the sampling is unknown, or "captions" is to have several captions.
    """

    def __init__(
        self,
        split: Split,
        transform: Callable[[Tensor], Tensor],
        tokenize: Callable[[Sequence[str]], Tensor],
        *,
        cache: ImageCache | None = None,
        seed: int = 0,
        sampling: Literal["captions", "images"] = "captions",
        captions_per_image: int = 1,
    ) -> None:
        if sampling not in SAMPLINGS:
            raise ConfigError(f"data.sampling is {sampling!r}; allowed are {', '.join(SAMPLINGS)}")
        most = 1 if sampling == "captions" else captions_per_image
        if not 1 <= captions_per_image <= most:
            raise ConfigError(
                f"data.captions_per_image is {captions_per_image} with data.sampling {sampling}; it"
                " must be 1, or more with data.sampling images"
            )
        self.split = split
        self.transform = transform
        self.cache = cache or ImageCache("none", reading=split.reading)
        self.seed = seed
        self.sampling = sampling
        self.captions_per_image = captions_per_image
        self.with_pixels = True
        # Shared memory: workers that live on into the next epoch see its number.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]
        # Tokenized once: what occurs with many images costs no more than what occurs with one.
        distinct = {caption: row for row, caption in enumerate(dict.fromkeys(split.captions))}
        self.token_ids = tokenize(list(distinct))
        self._token_row = torch.tensor([distinct[caption] for caption in split.captions])
        # The captions of image i are _by_image[_first[i] : _first[i + 1]].
        owners = split.caption_to_image
        self._by_image = np.argsort(owners, kind="stable")
        self._first = np.searchsorted(owners[self._by_image], np.arange(split.num_images + 1))

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the random numbers; call it before the loader is iterated."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        if self.sampling == "captions":
            return self.split.num_captions
        return self.split.num_images

    def __getitem__(self, index: int) -> CaptionItem:
        """An item of the epoch that `set_epoch` chose; see `item`."""
        return self.item(index, int(self._epoch))

    def item(self, index: int, epoch: int) -> CaptionItem:
        """An item of an epoch.

        Raises:
            DataError: the image cannot be read.
        """
        with seeded(self.seed, epoch, index):
            captions = self._captions(index)
            image = int(self.split.caption_to_image[captions[0]])
            pixels = torch.empty(0)
            if self.with_pixels:
                pixels = self.transform(self.cache.get(self.split.images[image]))
        label = UNKNOWN_LABEL
        if self.split.labels is not None:
            label = int(self.split.labels[image])
        return {
            "pixels": pixels,
            "token_ids": self.token_ids[self._token_row[captions]],
            "caption_index": self._token_row[captions],
            "image_index": image,
            "label": label,
        }

    def _captions(self, index: int) -> list[int]:
        """The captions (C,) of an item."""
        if not 0 <= index < len(self):
            raise IndexError(f"item {index} of {len(self)}")  # also what ends a plain for loop
        if self.sampling == "captions":
            return [index]
        of_image = self._by_image[self._first[index] : self._first[index + 1]]
        # Every caption once before any comes again: as many rounds as it takes, rounded up.
        num_rounds = -(-self.captions_per_image // len(of_image))
        rounds = [torch.randperm(len(of_image)) for _ in range(num_rounds)]
        drawn = torch.cat(rounds)[: self.captions_per_image]
        return [int(of_image[i]) for i in drawn]


@contextmanager
def seeded(*key: int) -> Iterator[None]:
    """Within this context random numbers depend on `key` alone; afterwards all is as before.

    That holds for the global generators of torch (on the CPU), numpy and `random`.
    """
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    seed = int.from_bytes(digest, "little") >> 1
    python_state = random.getstate()
    numpy_state = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        # Not torch.manual_seed: it would seed the GPU too, whose random numbers belong to the
        # model.
        torch.default_generator.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed % 2**32)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
