"""Embedding in half precision."""

import pytest
import torch

from harma.backbones import load_backbone
from harma.errors import ConfigError
from harma.methods.harma.config import AdapterConfig
from harma.model import computing
from harma.model.computing import bf16_is_quicker
from harma.model.fingerprint import model_id
from harma.model.model import HarMA


@pytest.mark.parametrize(
    ("precision", "least"), [("bf16", 0.999), ("fp16", 0.9999), ("bf16_weights", 0.999)]
)
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
        ConfigError, match="the precision is 'half'; allowed are float32, bf16, fp16, bf16_weights"
    ):
        whole.precision = "half"


def test_bare_models_embed_in_bf16_weights(tiny_config):
    torch.manual_seed(0)
    config = AdapterConfig(bottleneck_dim=16, num_heads=2, text_attention="causal")
    model = HarMA(load_backbone(tiny_config), config).eval()
    bare = HarMA(load_backbone(tiny_config)).eval()
    bare.backbone.load_weights(model.backbone.weights(), "the other")
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        for parameter in model.trained_parameters().values():
            parameter.add_(0.2 * torch.randn(parameter.shape))
        model.precision = bare.precision = "bf16_weights"
        expected = bare.encode_image(pixels)
        assert not torch.equal(model.encode_image(pixels), expected)
        with model.without_adapters():
            assert torch.equal(model.encode_image(pixels), expected)


def test_bf16_is_measured(monkeypatch):
    """Whichever takes longer, by a clock of our own, is not chosen."""
    now = 0.0
    cost = 0.0
    own = torch.nn.functional.linear

    def linear(x, weight):
        nonlocal now
        now += 1.0 if x.dtype == torch.float32 else cost
        return own(x, weight)

    monkeypatch.setattr(computing.F, "linear", linear)
    monkeypatch.setattr(computing.time, "perf_counter", lambda: now)
    state = torch.get_rng_state()
    for seconds, expected in ((0.5, True), (0.9, False), (2.0, False)):
        cost = seconds
        assert bf16_is_quicker() is expected
    assert torch.equal(torch.get_rng_state(), state)
