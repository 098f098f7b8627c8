"""`bottleneck` against its formula: f + Wu·GELU(Wd·f + bd) + bu."""

import math

import pytest
import torch
from tests.methods.reference import clip_block, stirred

from harma.errors import ConfigError
from harma.methods.bottleneck import Bottleneck, BottleneckConfig, attach_bottleneck
from harma.methods.sites import SITE_NAME


def reference(module, f):
    h = f @ module.down.weight.T + module.down.bias
    h = 0.5 * h * (1 + torch.erf(h / math.sqrt(2)))
    return f + h @ module.up.weight.T + module.up.bias


def test_it_is_a_residual_gelu_bottleneck():
    module = stirred(Bottleneck(7, 3)).double()
    f = torch.randn(2, 5, 7, dtype=torch.float64)
    torch.testing.assert_close(module(f), reference(module, f))


def test_its_up_map_starts_at_zero_and_its_down_map_does_not():
    module = Bottleneck(7, 3)
    assert not module.up.weight.any()
    assert not module.up.bias.any()
    assert module.down.weight.all()


@pytest.mark.parametrize("tower", ["image", "text"])
def test_it_stands_after_the_mlp_and_before_the_residual_sum(backbone, tower):
    attach_bottleneck(backbone, BottleneckConfig(bottleneck_dim=5))
    block = backbone.blocks(tower)[1]
    site = stirred(getattr(backbone.mlp(block), SITE_NAME))
    x = torch.randn(2, 6, 32)
    expected = clip_block(block, x, after=lambda f: reference(site, f))
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("value", [0, "64", True, 2.0])
def test_a_width_that_is_none_is_refused(value):
    with pytest.raises(ConfigError, match="bottleneck_dim is .*; it must be a whole number from 1"):
        BottleneckConfig(bottleneck_dim=value)
