"""The training data: items, labels of items, the transform, batches."""

import numpy as np
import pytest
import torch

from harma.data.cache import ImageCache
from harma.errors import ConfigError
from harma.training.batches import EpochBatches
from harma.training.build import load_splits
from harma.training.feed import make_loader, make_pairs, num_items, spread_labels
from harma.training.recipe import DataConfig


@pytest.fixture
def config(tiny_data):
    def make(**options):
        return DataConfig(name=str(tiny_data / "data.yaml"), **options)

    return make


@pytest.fixture
def split(config):
    return load_splits(config(), "train")["train"]


def test_an_epoch_is_every_caption_or_every_image(config, split):
    assert num_items(config(), split) == 48
    assert num_items(config(sampling="images"), split) == 24


def test_labels_are_those_of_the_items(config, split):
    assert spread_labels(config(), split) is None
    of_images = spread_labels(config(spread_labels=True, sampling="images"), split)
    assert of_images.tolist() == [i % 4 for i in range(24)]
    of_captions = spread_labels(config(spread_labels=True), split)
    assert np.array_equal(of_captions, of_images[split.caption_to_image])
    assert len(of_captions) == 48


def halved(size, mean, std):
    """A train transform of one's own."""
    side = size[0] // 2
    return lambda pixels: torch.full((3, side, side), float(mean[0]))


def test_batches_of_the_loader_are_stacked_items(config, split, model):
    model, _ = model
    data = config(sampling="images", captions_per_image=2, transform=f"{__name__}.halved")
    pairs = make_pairs(data, split, model, ImageCache("none"), seed=3)
    batches = EpochBatches(24, 5, seed=3)
    batches.start(1)
    loader = make_loader(pairs, batches, 0)
    order = list(batches)
    for indices, batch in zip(order, loader, strict=True):
        assert batch.pixels.shape == (5, 3, 16, 16)
        assert batch.pixels.unique().item() == pytest.approx(model.preprocess.mean[0])
        assert batch.image_index.tolist() == indices
        assert batch.labels.tolist() == [index % 4 for index in indices]
        assert batch.token_ids.shape == (5, 2, 77)
        # Both captions are of the image, and told apart by their texts.
        texts = [[split.captions[int(row)] for row in rows] for rows in batch.caption_index]
        for index, pair in zip(indices, texts, strict=True):
            owned = {split.captions[i] for i in np.flatnonzero(split.caption_to_image == index)}
            assert set(pair) == owned


def test_making_an_iterator_leaves_the_random_numbers_of_the_model_alone(config, split, model):
    pairs = make_pairs(config(), split, model[0], ImageCache("none"), seed=3)
    batches = EpochBatches(48, 8)
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    next(iter(make_loader(pairs, batches, 0)))
    assert torch.equal(torch.rand(3), expected)


def test_a_transform_that_cannot_be_found(config, split, model):
    with pytest.raises(ConfigError, match="data.transform is 'crop'; it must be the dotted path"):
        make_pairs(config(transform="crop"), split, model[0], ImageCache("none"), seed=3)
