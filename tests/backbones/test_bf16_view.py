"""Frozen weights in bfloat16: what is rounded, what is not, and how near it stays."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from harma.backbones import load_backbone
from harma.backbones.bf16_view import (
    Bf16Attention,
    Bf16Conv2d,
    Bf16Linear,
    Bf16Weights,
    bf16_view,
    plain_attention,
)


@pytest.fixture
def rounded():
    return Bf16Weights()


def near(one, other, least=0.999):
    assert one.dtype == other.dtype == torch.float32
    assert not torch.equal(one, other)
    assert F.cosine_similarity(one.flatten(), other.flatten(), dim=0) > least


def frozen(module):
    return module.requires_grad_(False)


def test_frozen_layers_multiply_rounded_numbers(rounded):
    torch.manual_seed(0)
    linear = frozen(nn.Linear(32, 48))
    x = torch.randn(5, 32, requires_grad=True)
    view = bf16_view(linear, rounded)
    y = view(x)
    near(linear(x), y)
    exact = F.linear(x.bfloat16(), linear.weight.bfloat16(), linear.bias.bfloat16())
    assert torch.equal(y, exact.float())
    (gradient,) = torch.autograd.grad(y.square().sum(), x)
    near(torch.autograd.grad(linear(x).square().sum(), x)[0], gradient)
    conv = frozen(nn.Conv2d(3, 8, 4, stride=4))
    near(conv(torch.ones(1, 3, 8, 8)), bf16_view(conv, rounded)(torch.ones(1, 3, 8, 8)))
    assert isinstance(view, Bf16Linear)
    assert isinstance(bf16_view(conv, rounded), Bf16Conv2d)
    # The module itself is what it was.
    assert type(linear) is nn.Linear
    assert linear.weight.dtype == torch.float32


def test_a_bias_that_trains_is_added_in_float32(rounded):
    linear = frozen(nn.Linear(8, 8))
    linear.bias.requires_grad_()
    x = torch.randn(4, 8)
    bf16_view(linear, rounded)(x).sum().backward()
    assert torch.equal(linear.bias.grad, torch.full((8,), 4.0))
    product = F.linear(x.bfloat16(), linear.weight.bfloat16()).float()
    assert torch.equal(bf16_view(linear, rounded)(x), product + linear.bias)


@pytest.mark.parametrize("masked", [False, True])
def test_attention_by_plain_products(rounded, masked):
    torch.manual_seed(0)
    attention = frozen(nn.MultiheadAttention(32, 4, batch_first=True)).eval()
    x = torch.randn(3, 7, 32)
    mask = torch.full((7, 7), float("-inf")).triu(1) if masked else None
    asked = {"need_weights": False, "attn_mask": mask}
    view = bf16_view(attention, rounded)
    assert isinstance(view, Bf16Attention)
    near(attention(x, x, x, **asked)[0], view(x, x, x, **asked)[0], 0.9999)
    # Whoever asks for weights, or for other keys, gets what there was before.
    for keys, more in ((x, {"need_weights": True}), (x.flip(1), asked)):
        expected = attention(x, keys, keys, **more)
        given = view(x, keys, keys, **more)
        assert torch.equal(expected[0], given[0])


def test_masks_of_plain_attention():
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 6, 5, 4, dtype=torch.float64)
    hidden = torch.ones(5, 5, dtype=torch.bool).triu(1)
    added = torch.randn(5, 5, dtype=torch.float64)
    for mask, same in ((None, None), (hidden, ~hidden), (added, added)):
        expected = F.scaled_dot_product_attention(q, k, v, attn_mask=same)
        torch.testing.assert_close(plain_attention(q, k, v, mask), expected)


def test_what_trains_or_is_of_another_class_stays(rounded):
    class Own(nn.Linear):
        pass

    trained = nn.Linear(4, 4)
    own = frozen(Own(4, 4))
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    wrapped = frozen(nn.MultiheadAttention(8, 2, batch_first=True))
    wrapped.out_proj = own
    with_bias = frozen(nn.MultiheadAttention(8, 2, batch_first=True, add_bias_kv=True))
    for module in (trained, own, attention, wrapped, with_bias, nn.LayerNorm(4)):
        assert bf16_view(module, rounded) is module


def test_a_chain_is_rounded_once(rounded):
    seen = []
    gelu = nn.GELU()
    gelu.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    chain = frozen(nn.Sequential(nn.Linear(8, 16), gelu, nn.Linear(16, 8), nn.Identity()))
    chain[3].register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    x = torch.randn(2, 8)
    near(chain(x), bf16_view(chain, rounded)(x))
    assert seen == [torch.float32, torch.float32, torch.bfloat16, torch.float32]
    # A norm between two maps has weights in float32.
    norm = frozen(nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), nn.Linear(8, 8)))
    near(norm(x), bf16_view(norm, rounded)(x))


def test_weights_are_rounded_once_and_anew_when_they_change(rounded):
    weight = torch.randn(3, requires_grad=False)
    first = rounded.of(weight)
    assert rounded.of(weight) is first
    with torch.no_grad():
        weight.add_(1)
    assert torch.equal(rounded.of(weight), weight.bfloat16())
    # Rounded while embedding, they can be trained with.
    weight = torch.ones(2, 2)
    with torch.inference_mode():
        rounded.of(weight)
        made_here = torch.ones(2)
    assert rounded.of(made_here).dtype == torch.bfloat16
    x = torch.ones(1, 2, requires_grad=True)
    F.linear(x.bfloat16(), rounded.of(weight)).sum().backward()
    assert torch.equal(x.grad, torch.full((1, 2), 2.0))


@pytest.mark.parametrize("kind", ["clip", "dual"])
@torch.no_grad()
def test_a_backbone_embeds_nearly_the_same(rounded, tiny_config, tiny_dual, kind):
    torch.manual_seed(0)
    backbone = load_backbone(tiny_config if kind == "clip" else tiny_dual).eval()
    frozen(backbone)
    size = backbone.preprocess.size
    pixels = torch.randn(3, 3, *size, generator=torch.Generator().manual_seed(1))
    ids = backbone.tokenize(["a red roof", "green field"])
    before = copy.deepcopy(backbone.weights())
    view = bf16_view(backbone, rounded)
    near(backbone.encode_image(pixels), view.encode_image(pixels))
    near(backbone.encode_text(ids), view.encode_text(ids))
    assert type(view) is type(backbone)
    for name, weight in backbone.weights().items():
        assert torch.equal(weight, before[name]), name
