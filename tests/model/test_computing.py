"""Embedding in half precision."""

import pytest
import torch

from harma.backbones import load_backbone
from harma.errors import ConfigError
from harma.methods.harma.config import AdapterConfig
from harma.model.fingerprint import model_id
from harma.model.model import HarMA


@pytest.mark.parametrize(("precision", "least"), [("bf16", 0.999), ("fp16", 0.9999)])
@torch.no_grad()
def test_half_precision_is_near_float32_and_leaves_the_weights(tiny_config, precision, least):
    torch.manual_seed(0)
    config = AdapterConfig(bottleneck_dim=16, num_heads=2, text_attention="causal")
    model = HarMA(load_backbone(tiny_config), config).eval()
    for parameter in model.trained_parameters().values():
        parameter.add_(0.2 * torch.randn(parameter.shape))
    pixels = torch.randn(3, 3, 32, 32)
    token_ids = model.tokenize(["a river", "two roads cross beside a wood", "a"])
    exact, before = (model.encode_image(pixels), model.encode_text(token_ids)), model_id(model)
    model.precision = precision
    for x, y in zip(exact, (model.encode_image(pixels), model.encode_text(token_ids)), strict=True):
        assert y.dtype == torch.float32
        assert not torch.equal(x, y)
        assert (x * y).sum(-1).min() > least
        assert y.norm(dim=-1) == pytest.approx(1.0, abs=1e-6)
    assert model_id(model) == before


def test_precisions_are_checked(tiny_config):
    whole = HarMA(load_backbone(tiny_config).double())
    with pytest.raises(
        ConfigError, match="weights are float64, which it computes in; bf16 needs float32 weights"
    ):
        whole.precision = "bf16"
    with pytest.raises(
        ConfigError, match="the precision is 'half'; allowed are float32, bf16, fp16"
    ):
        whole.precision = "half"
