"""Blocks of timm's trunks: which take adapters, their widths, norms, and how they compute GELU."""

import pytest
import timm
import torch
from torch import nn

from harma.backbones.timm_blocks import (
    is_trunk_block,
    set_gelu,
    trunk_block_width,
    trunk_blocks,
    trunk_layout,
    trunk_mlp_norm,
)
from harma.errors import BackboneError

# A small trunk of each kind → its blocks' widths, and whether a norm before the MLP sees the
# residual stream.
TRUNKS = {
    "vit_tiny_patch16_224": ({"depth": 2, "embed_dim": 32, "num_heads": 2}, [32, 32], True),
    "eva02_tiny_patch14_224": ({"depth": 1, "embed_dim": 32, "num_heads": 2}, [32], True),
    "eva02_enormous_patch14_clip_224": (
        {"depth": 1, "embed_dim": 32, "num_heads": 2},
        [32],
        False,
    ),
    "convnext_tiny": (
        {"depths": (1, 2, 1, 1), "dims": (16, 32, 32, 32)},
        [16, 32, 32, 32, 32],
        False,
    ),
    "swin_tiny_patch4_window7_224": (
        {"depths": (1, 1), "embed_dim": 16, "num_heads": (2, 2)},
        [16, 32],
        True,
    ),
}


@pytest.mark.parametrize("name", TRUNKS)
def test_kinds_that_take_adapters(name):
    options, widths, has_norm = TRUNKS[name]
    trunk = timm.create_model(name, **options)
    blocks = trunk_blocks(trunk, "x")
    assert all(map(is_trunk_block, blocks))
    assert [trunk_block_width(block) for block in blocks] == widths
    assert [trunk_mlp_norm(block) is not None for block in blocks] == [has_norm] * len(blocks)


@pytest.mark.parametrize("name", ["resnet10t", "convnext_atto", "vit_relpos_small_patch16_224"])
def test_other_kinds_are_refused_by_name(name):
    trunk = timm.create_model(name)
    with pytest.raises(BackboneError, match=f"tower x is a {type(trunk).__name__}; adapters go"):
        trunk_blocks(trunk, "tower x")
    assert not is_trunk_block(nn.Linear(2, 2))


def test_maps_of_a_convnext_are_as_large_as_its_stages_leave_them():
    trunk = timm.create_model("convnext_tiny", depths=(1, 1, 1, 1), dims=(16, 32, 32, 32))
    first, second, *_ = trunk_blocks(trunk, "x")
    assert trunk_layout(trunk, first, (64, 32)).size == (16, 8)
    assert trunk_layout(trunk, second, (64, 32)).size == (8, 4)
    assert trunk_layout(trunk, second, (64, 32)).window == (7, 4)
    with pytest.raises(BackboneError, match="60 × 64 do not divide into places of 8 × 8"):
        trunk_layout(trunk, second, (60, 64))


def test_gelu_is_computed_as_is_said():
    options = {"depth": 1, "embed_dim": 32, "num_heads": 2}
    trunk = timm.create_model("vit_tiny_patch16_224", **options).eval()
    x = torch.randn(1, 3, 224, 224)
    exact = trunk.forward_features(x)
    assert not set_gelu(trunk, "none"), "timm's own is exact"
    assert set_gelu(trunk, "tanh")
    approximate = trunk.forward_features(x)
    assert 0 < (approximate - exact).abs().max() < 1e-2
    assert not set_gelu(trunk, "tanh")
    assert set_gelu(trunk, "none")
    assert torch.equal(trunk.forward_features(x), exact)
