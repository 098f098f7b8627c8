"""Chunks that fit into memory."""

import pytest
import torch
from lightning_fabric import Fabric

from harma.adapters import AdapterConfig
from harma.backbones import load_backbone
from harma.model import HarMA
from harma.training import memory
from harma.training.memory import bytes_per_image, fitting_chunk


@pytest.fixture
def fabric():
    return Fabric(accelerator="cpu", devices=1)


@pytest.fixture
def model(tiny_config):
    return HarMA(load_backbone(tiny_config), AdapterConfig(bottleneck_dim=16, num_heads=2)).train()


def captions(model, count=1):
    return model.tokenize(["a river beside a wood"] * count)


def test_bytes_grow_with_captions_and_second_views(fabric, model):
    of_one = bytes_per_image(fabric, model, captions(model))
    of_three = bytes_per_image(fabric, model, captions(model, 3))
    assert 0 < of_one < of_three
    assert bytes_per_image(fabric, model, captions(model), view_dropout=0.2) >= 2 * of_one


def test_weights_do_not_count(fabric, tiny_config):
    """Trained weights are kept for the backward pass too, but once for all images."""
    found = []
    for vocabulary in (1, 8):
        tiny_config["text_cfg"]["vocab_size"] = 49408 * vocabulary
        model = HarMA(load_backbone(tiny_config)).train()
        model.train_backbone()
        found.append(bytes_per_image(fabric, model, captions(model)))
    assert found[0] == found[1] > 0


def test_checkpointing_keeps_less(fabric, model):
    whole = bytes_per_image(fabric, model, captions(model))
    model.backbone.set_gradient_checkpointing(True)
    assert bytes_per_image(fabric, model, captions(model)) < whole


@pytest.mark.parametrize(
    ("images", "expected"), [(1000, 64), (63, 32), (32, 32), (31, 22), (20, 16), (1, 1), (0.1, 1)]
)  # fmt: skip
def test_chunks_fit_and_are_about_equally_large(fabric, model, monkeypatch, images, expected):
    of_image = bytes_per_image(fabric, model, captions(model))
    monkeypatch.setattr(memory, "BYTES_ELSEWHERE", int(images * of_image))
    assert fitting_chunk(fabric, model, captions(model), 64) == expected


def test_random_numbers_are_left_alone(fabric, model):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    fitting_chunk(fabric, model, captions(model), 8, view_dropout=0.5)
    assert torch.equal(torch.rand(4), expected)
