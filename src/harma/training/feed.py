"""The training data of one process: items, the train transform, batches from a DataLoader."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, default_collate

from harma.data.cache import ImageCache
from harma.data.datasets import CaptionPairs
from harma.data.split import Split
from harma.data.transforms import train_transform
from harma.ground.plugins import find
from harma.model.cut_texts import tell_cut_texts
from harma.model.model import HarMA
from harma.training.batches import EpochBatches
from harma.training.recipe import DataConfig
from harma.training.step import Batch

# The entries of an item, in the order of `Batch`.
ITEM_KEYS = ("pixels", "token_ids", "image_index", "label", "caption_index")


@dataclass(frozen=True)
class Feed:
    """What is learned from, batch by batch.

    Attributes:
        pairs: the data set; told which epoch it is.
        batches: which items make which batch; told where to begin.
        loader: gives the batches of the rest of the epoch, on the device.
    """

    pairs: CaptionPairs
    batches: EpochBatches
    loader: Iterable[Batch]


def num_items(data: DataConfig, split: Split) -> int:
    """Items of an epoch: captions or images."""
    if data.sampling == "captions":
        return split.num_captions
    return split.num_images


def spread_labels(data: DataConfig, split: Split) -> NDArray[np.int64] | None:
    """Label of each item, where batches are to spread them."""
    if not data.spread_labels or split.labels is None:
        return None
    if data.sampling == "captions":
        return split.labels[split.caption_to_image]
    return split.labels


def make_pairs(
    data: DataConfig, split: Split, model: HarMA, cache: ImageCache, *, seed: int
) -> CaptionPairs:
    """The training data as items: an image, transformed, with its captions.

    Args:
        data: how they are fed.
        split: images and captions.
        model: says how it takes pixels and text.
        cache: decoded images.
        seed: of everything drawn.
    """

    def tokenize(captions: Sequence[str]) -> Tensor:
        token_ids = model.tokenize(captions)
        tell_cut_texts(model, captions, token_ids)
        return token_ids

    return CaptionPairs(
        split,
        _transform(data, model),
        tokenize,
        cache=cache,
        seed=seed,
        sampling=data.sampling,
        captions_per_image=data.captions_per_image,
    )


def _transform(data: DataConfig, model: HarMA) -> Callable[[Tensor], Tensor]:
    """The train transform: the user's own, or ours."""
    preprocess = model.preprocess
    if data.transform is not None:
        make: Callable[..., Callable[[Tensor], Tensor]] = find(data.transform, {}, "data.transform")
        return make(preprocess.size, preprocess.mean, preprocess.std)
    return train_transform(
        preprocess.size,
        preprocess.mean,
        preprocess.std,
        augment=data.augment,
        interpolation=preprocess.interpolation,
    )


def make_loader(pairs: CaptionPairs, batches: EpochBatches, workers: int) -> DataLoader[Any]:
    """What decodes, transforms and stacks items, in as many processes as there are workers."""
    # Before workers start: they share what is decoded now.
    pairs.cache.preload(pairs.split.images)
    return DataLoader(
        pairs,
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=collate,
        # They live on into the next epoch, with the images that they have decoded.
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        # A generator of its own: making an iterator must not move the random numbers of the model.
        generator=torch.Generator(),
    )


def collate(items: list[dict[str, Any]]) -> Batch:
    """Stack the items of a batch."""
    stacked = default_collate(items)
    return Batch(*(stacked[key] for key in ITEM_KEYS))
