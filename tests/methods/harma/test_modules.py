"""Adapter modules against the formulas of SPEC 1."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from harma.methods.harma.modules import Adapter, AdapterSite, SelfAttention, SharedAdapter


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def randomised(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module.double()


def reference_attention(module, x, mask=None):
    """`nn.MultiheadAttention` with the same weights."""
    R = x.shape[-1]
    mha = nn.MultiheadAttention(R, module.num_heads, batch_first=True).double()
    mha.in_proj_weight.data, mha.in_proj_bias.data = (
        module.in_proj.weight.data,
        module.in_proj.bias.data,
    )
    mha.out_proj.weight.data, mha.out_proj.bias.data = (
        module.out_proj.weight.data,
        module.out_proj.bias.data,
    )
    return mha(x, x, x, attn_mask=mask, need_weights=True)[0]


@pytest.mark.parametrize("causal", [False, True])
def test_self_attention_is_multi_head_attention(causal):
    attention, x = randomised(SelfAttention(16, 4)), torch.randn(3, 7, 16, dtype=torch.float64)
    mask = torch.ones(7, 7, dtype=torch.bool).triu(1) if causal else None
    assert torch.allclose(
        attention(x, causal=causal), reference_attention(attention, x, mask), atol=1e-12
    )


@pytest.mark.parametrize("variant", ["document", "released"])
def test_shared_adapter_mixes_as_its_variant_says(variant):
    shared, x = (
        randomised(SharedAdapter(16, num_heads=2, variant=variant)),
        torch.randn(2, 5, 16, dtype=torch.float64),
    )
    h = x @ shared.down.weight.t() + shared.down.bias
    g = 1 / (1 + torch.exp(-shared.gate))
    direct = h * 0.5 * (1 + torch.erf(h / 2**0.5)) if variant == "document" else h
    z = g * reference_attention(shared.attention, h) + (1 - g) * direct
    assert torch.allclose(shared(x), x + z @ shared.up.weight.t() + shared.up.bias, atol=1e-12)


@pytest.mark.parametrize("with_shared", [False, True])
def test_adapter_uses_its_attention_twice_around_the_shared_adapter(with_shared):
    adapter = randomised(Adapter(12, bottleneck_dim=16, num_heads=2))
    shared = randomised(SharedAdapter(16, num_heads=2)) if with_shared else None
    x = torch.randn(2, 5, 12, dtype=torch.float64)
    m = F.gelu(x @ adapter.down.weight.t() + adapter.down.bias)
    u = reference_attention(adapter.attention, m)
    u = reference_attention(adapter.attention, shared(u) if shared else u)
    g = torch.sigmoid(adapter.gate)
    expected = (g * m + (1 - g) * u) @ adapter.up.weight.t() + adapter.up.bias
    assert torch.allclose(adapter(x, shared=shared), expected, atol=1e-12)


def test_site_mixes_with_its_block_gate():
    site = AdapterSite(
        randomised(Adapter(12, bottleneck_dim=16, num_heads=2)), gate_init=1.5
    ).double()
    f = torch.randn(2, 5, 12, dtype=torch.float64)
    alpha = torch.sigmoid(torch.tensor(1.5, dtype=torch.float64))
    expected = alpha * (f + site.adapter(f)) + (1 - alpha) * f
    assert torch.allclose(site(f), expected, atol=1e-12)


def test_modules_are_the_identity_at_initialisation():
    x = torch.randn(2, 5, 32)
    assert torch.equal(SharedAdapter(32)(x), x)
    site = AdapterSite(Adapter(32), SharedAdapter(128))
    assert torch.equal(site(x), x)


def test_a_sample_does_not_see_its_batch_mates():
    adapter, shared = (
        randomised(Adapter(12, bottleneck_dim=16, num_heads=2)),
        randomised(SharedAdapter(16, num_heads=2)),
    )
    x = torch.randn(4, 5, 12, dtype=torch.float64)
    together = adapter(x, shared=shared)
    alone = torch.cat([adapter(row[None], shared=shared) for row in x])
    assert torch.allclose(together, alone, atol=1e-12)


def test_a_causal_token_does_not_see_later_ones():
    adapter, shared = (
        randomised(Adapter(12, bottleneck_dim=16, num_heads=2)),
        randomised(SharedAdapter(16, num_heads=2)),
    )
    x = torch.randn(1, 6, 12, dtype=torch.float64)
    whole = adapter(x, shared=shared, causal=True)
    assert torch.allclose(whole[:, :4], adapter(x[:, :4], shared=shared, causal=True), atol=1e-12)


def test_gates_start_at_their_value():
    assert Adapter(8).gate.item() == pytest.approx(0.6)
    assert SharedAdapter(32, gate_init=-1.0).gate.item() == pytest.approx(-1.0)
