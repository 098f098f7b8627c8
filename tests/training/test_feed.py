"""The training data: items, labels of items, the transform."""

import numpy as np
import pytest

from harma.data.cache import ImageCache
from harma.errors import ConfigError
from harma.training.build import load_splits
from harma.training.feed import make_pairs, num_items, spread_labels
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


def test_a_transform_that_cannot_be_found(config, split, model):
    with pytest.raises(ConfigError, match="data.transform is 'crop'; it must be the dotted path"):
        make_pairs(config(transform="crop"), split, model[0].backbone, ImageCache("none"), seed=3)
