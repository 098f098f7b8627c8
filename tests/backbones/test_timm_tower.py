"""Image towers: sizes, models of other kinds, weights of published files."""

import pytest
import torch
from tests.backbones.dual import SMALL

from harma.backbones import load_backbone
from harma.backbones.timm_tower import build_trunk
from harma.errors import BackboneError, ConfigError
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA


@pytest.mark.parametrize(
    ("name", "image", "text"), [("resnet18", "ResNet", None), ("mixer_s32_224", "MlpMixer", None)]
)
def test_other_image_towers_embed_but_take_no_adapters(tiny_dual, name, image, text):
    backbone = load_backbone({**tiny_dual, "image": {"timm": name, "weights": None}})
    assert backbone.encode_image(torch.randn(1, 3, *backbone.preprocess.size)).shape == (1, 16)
    with pytest.raises(
        BackboneError, match=rf"the image tower {name} is a {image}; adapters go into timm's Swin"
    ):
        HarMA(backbone, AdapterConfig(**SMALL))


def test_a_size_that_only_the_options_state(tiny_dual):
    image = {"timm": "maxvit_pico_rw_256", "weights": None, "img_size": 64}
    with torch.device("meta"):
        backbone = load_backbone({**tiny_dual, "image": image})
    assert backbone.preprocess.size == (64, 64)


@pytest.fixture
def tower(tiny_dual):
    return load_backbone(tiny_dual).image


def test_a_published_file_loses_its_classifier_alone(tower):
    state = {name: tensor.clone() for name, tensor in tower.trunk.state_dict().items()}
    published = {**state, "head.fc.weight": torch.zeros(3, 32), "head.fc.bias": torch.zeros(3)}
    converted = tower.load_trunk(published, "theirs")
    assert converted.keys() == state.keys()


def test_blocks_are_those_of_all_stages_each_with_its_width(tower):
    widths = [tower.block_width(block) for block in tower.blocks()]
    assert widths == [16, 16, 32]
    layouts = [tower.layout(block) for block in tower.blocks()]
    assert [layout.shift for layout in layouts] == [(0, 0), (2, 2), (0, 0)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 3, "in_chans": 1}, "image: num_classes, in_chans cannot be set"),
        ({"global_pool": ""}, "image: global_pool is '', but an image has one embedding"),
        ({"global_pool": None}, "image: global_pool is None, but an image has one embedding"),
        ({"depths": "two"}, "image: timm cannot build swin_tiny_patch4_window7_224 with"),
    ],
)
def test_options_that_the_tower_decides_or_timm_refuses(tiny_dual, options, message):
    with pytest.raises(ConfigError, match=message):
        load_backbone({**tiny_dual, "image": {**tiny_dual["image"], **options}})


def test_a_name_that_timm_does_not_know_is_answered_with_those_near_it(tiny_dual):
    image = {**tiny_dual["image"], "timm": "swin_tiny_patch4_window7_244"}
    with pytest.raises(BackboneError, match="is not a model of timm.*window7_224"):
        load_backbone({**tiny_dual, "image": image})


@pytest.mark.parametrize("name", [{}, [], 3, None])
def test_a_name_that_is_no_text(name):
    with pytest.raises(ConfigError, match="the name of a model of timm is .*; it must be a text"):
        build_trunk(name, {})
