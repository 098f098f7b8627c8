"""The training data: items, labels of items, the transform."""

import numpy as np
import pytest
import torch

from harma.backbones import load_backbone
from harma.data.cache import ImageCache
from harma.errors import ConfigError
from harma.methods.harma.config import AdapterConfig
from harma.model.embedding import eval_transform_of
from harma.model.model import HarMA
from harma.model.pixels import BatchPixels
from harma.training.build import load_splits
from harma.training.feed import LENGTH_STEP, make_pairs, num_items, shortened, spread_labels
from harma.training.recipe import DataConfig
from harma.training.step import Batch


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


def test_pictures_travel_as_bytes_and_become_the_pixels_of_validation(config, split, model):
    backbone = model[0].backbone
    pairs = make_pairs(config(transform="plain"), split, backbone, ImageCache("none"), seed=3)
    travelling = torch.stack([pairs.item(number, 1)["pixels"] for number in range(4)])
    assert travelling.dtype == torch.uint8
    pixels = BatchPixels(backbone.preprocess, torch.device("cpu"))(travelling)
    evaluated = eval_transform_of(backbone.preprocess)
    cache = ImageCache("none")
    for number, got in enumerate(pixels):
        image = split.images[split.caption_to_image[number]]
        torch.testing.assert_close(got, evaluated(cache.get(image)), rtol=0, atol=0)


@pytest.mark.parametrize("attention", ["causal", "full"])
def test_captions_are_cut_to_a_multiple_that_holds_the_longest(tiny_config, attention):
    adapters = AdapterConfig(bottleneck_dim=16, num_heads=2, text_attention=attention)
    harma = HarMA(load_backbone(tiny_config), adapters)
    texts = ["a field", "a field beside a river", "trees", "cars"]
    token_ids = harma.tokenize(texts).view(2, 2, -1)
    numbers = torch.arange(2)
    batch = Batch(torch.zeros(2, 3, 4, 4), token_ids, numbers, numbers, numbers)
    length = shortened(harma, batch).token_ids.shape[-1]
    assert torch.equal(shortened(harma, batch).token_ids, token_ids[..., :length])
    if attention == "full":
        # Adapters see the padding.
        assert length == token_ids.shape[-1]
    else:
        # Begin, five words, end.
        assert length == LENGTH_STEP < token_ids.shape[-1]
