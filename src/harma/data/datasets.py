"""Torch data sets of a split."""

import hashlib
import random
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from harma.data.cache import ImageCache
from harma.data.split import Split


class CaptionPairs(Dataset[dict[str, Any]]):
    """Pairs of an image and one of its captions.

    What is drawn for an item depends on (seed, epoch, index) alone: not on workers, nor on where a run was resumed.

    Args:
        split: images and captions.
        transform: uint8 (3, H, W) → float32 (3, H', W').
        tokenize: strings → int64 (N, L).
        cache: where decoded images come from.
        seed: of everything drawn.
        sampling: "captions": an item per caption; "images": an item per image, with one of its captions drawn.
    """

    def __init__(
        self,
        split: Split,
        transform: Callable[[Tensor], Tensor],
        tokenize: Callable[[Sequence[str]], Tensor],
        *,
        cache: ImageCache,
        seed: int = 0,
        sampling: Literal["captions", "images"] = "captions",
    ) -> None:
        self.split = split
        self.transform = transform
        self.cache = cache
        self.seed = seed
        self.sampling = sampling
        # Shared memory: workers that live on into the next epoch see its number.
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]
        distinct, inverse = np.unique(np.array(split.captions), return_inverse=True)
        self.token_ids = tokenize([str(caption) for caption in distinct])[torch.from_numpy(inverse)]
        order = np.argsort(split.caption_to_image, kind="stable")
        self._captions_of = np.split(
            order, np.cumsum(np.bincount(split.caption_to_image, minlength=split.num_images))[:-1]
        )

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that random numbers are drawn for."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return self.split.num_captions if self.sampling == "captions" else self.split.num_images

    def __getitem__(self, index: int) -> dict[str, Any]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed_of(index))
            caption = self._caption(index)
            image = int(self.split.caption_to_image[caption])
            pixels = self.transform(self.cache.get(self.split.images[image]))
        label = -1 if self.split.labels is None else int(self.split.labels[image])
        return {"pixels": pixels, "token_ids": self.token_ids[caption], "image_index": image, "label": label}

    def _caption(self, index: int) -> int:
        if self.sampling == "captions":
            return index
        own = self._captions_of[index]
        return int(own[int(torch.randint(len(own), ()))])

    def _seed_of(self, index: int) -> int:
        key = f"{self.seed}|{int(self._epoch)}|{index}".encode()
        seed = int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little") >> 1
        # Transforms of a user's own may draw from these.
        random.seed(seed)
        np.random.seed(seed % 2**32)
        return seed
