"""The training data of one process: items, labels to spread, the train transform."""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from harma.backbones import Backbone
from harma.data.augment import OPERATIONS
from harma.data.cache import ImageCache
from harma.data.datasets import CaptionPairs
from harma.data.split import Split
from harma.data.transforms import train_crop, value_train_transform
from harma.ground.plugins import find, made_by
from harma.model.cut_texts import tell_cut_texts
from harma.model.embedding import eval_resize_of
from harma.model.model import HarMA
from harma.model.pixels import BatchPixels
from harma.training.batches import EpochBatches
from harma.training.frozen_outputs import FrozenOutputs
from harma.training.read_ahead import ReadAhead
from harma.training.recipe import DataConfig
from harma.training.step import Batch

log = logging.getLogger(__name__)

# The train transform that draws nothing.
PLAIN = "plain"

# Lengths that captions are cut to on a GPU are multiples of this: few shapes of batches.
LENGTH_STEP = 8


def as_it_is(batch: Batch) -> Batch:
    """The batch."""
    return batch


def shortened(model: HarMA, batch: Batch) -> Batch:
    """A batch whose captions are cut to about the longest of them, where the model allows that.

    For a batch on the CPU whose model is elsewhere: there a look at the lengths would wait for all
    that is being computed.
    """
    if not model.trims_text:
        return batch
    longest = int(model.text_lengths(batch.token_ids.flatten(0, 1)).max())
    length = math.ceil(longest / LENGTH_STEP) * LENGTH_STEP
    return batch._replace(token_ids=batch.token_ids[..., :length])


@dataclass(frozen=True)
class Feed:
    """What is learned from, batch by batch.

    Attributes:
        pairs: the data set.
        batches: which items make which batch.
        reader: gives the batches of an epoch.
        to_device: puts a batch where it is used.
        pixels_of: makes pixels of pictures there.
        outputs: what frozen towers made of it, which takes the place of pixels and token ids.
        seconds: that these outputs took.
        shorten: cuts its captions, on the CPU; see `shortened`.
    """

    pairs: CaptionPairs
    batches: EpochBatches
    reader: ReadAhead
    to_device: Callable[[Batch], Batch]
    pixels_of: BatchPixels
    outputs: FrozenOutputs = field(default_factory=FrozenOutputs)
    seconds: float = 0.0
    shorten: Callable[[Batch], Batch] = as_it_is

    def rest_of(self, epoch: int, first_batch: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from one on, each on the device."""
        for batch in self.reader.rest_of(epoch, first_batch):
            there = self.to_device(self.shorten(self.outputs.put_into(batch)))
            yield there._replace(pixels=self.pixels_of(there.pixels))


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
    data: DataConfig, split: Split, backbone: Backbone, cache: ImageCache, *, seed: int
) -> CaptionPairs:
    """The training data as items: an image, transformed, with its captions.

    Args:
        data: how they are fed.
        split: images and captions.
        backbone: says how it takes pixels and text.
        cache: decoded images.
        seed: of everything drawn.
    """

    def tokenize(captions: Sequence[str]) -> Tensor:
        token_ids = backbone.tokenize(captions)
        tell_cut_texts(backbone, captions, token_ids)
        return token_ids

    return CaptionPairs(
        split,
        _transform(data, backbone),
        tokenize,
        cache=cache,
        seed=seed,
        sampling=data.sampling,
        captions_per_image=data.captions_per_image,
    )


def _transform(data: DataConfig, backbone: Backbone) -> Callable[[Tensor], Tensor]:
    """The train transform: the user's own, or the part of ours that comes before mean and std.

    Pictures then travel as bytes; `BatchPixels` does the rest where they are used.
    """
    preprocess = backbone.preprocess
    if data.transform == PLAIN:
        return eval_resize_of(preprocess)
    if data.transform is not None:
        make: Callable[..., Callable[[Tensor], Tensor]] = find(data.transform, {}, "data.transform")
        given = preprocess.size, preprocess.mean, preprocess.std
        transform: Callable[[Tensor], Tensor] = made_by(
            make, data.transform, "data.transform", *given
        )
        return transform
    if preprocess.bands is not None:
        if data.augment:
            log.warning(
                "data.augment: RandomAugment is left out, since its operations (%s) are made for"
                " 8-bit pictures and %s reads %s; crops and flips are drawn (data.augment false"
                " says the same)",
                ", ".join(OPERATIONS),
                backbone.name,
                preprocess.bands,
            )
        return value_train_transform(
            preprocess.size,
            preprocess.mean,
            preprocess.std,
            interpolation=preprocess.interpolation,
        )
    return train_crop(preprocess.size, augment=data.augment, interpolation=preprocess.interpolation)
