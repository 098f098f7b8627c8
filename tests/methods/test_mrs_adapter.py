"""`mrs-adapter` against its formula: [U·ReLU(D·x) ; S·ReLU(D·x)] for the residual stream x."""

import pytest
import torch
from tests.methods.reference import clip_block, linear, stirred

from harma.errors import ConfigError
from harma.methods.mrs_adapter import MrsAdapter, MrsAdapterConfig, attach_mrs_adapter


def reference(adapter, tower, x):
    h = linear(adapter.down[tower], x).clamp_min(0)
    return torch.cat([linear(adapter.up[tower], h), linear(adapter.shared_up, h)], dim=-1)


@pytest.fixture
def adapter():
    config = MrsAdapterConfig(bottleneck_dim=5, shared_dim=3, dropout=0.5)
    return stirred(MrsAdapter({"image": 12, "text": 8}, config))


@pytest.mark.parametrize(("tower", "width"), [("image", 12), ("text", 8)])
def test_each_tower_has_its_maps_and_the_last_outputs_come_from_one_for_both(adapter, tower, width):
    x = torch.randn(2, 7, width)
    out = adapter.eval()(x, tower)
    assert out.shape == x.shape
    torch.testing.assert_close(out, reference(adapter, tower, x))
    # Without the ReLU, or with the two parts the other way round, it is another.
    h = linear(adapter.down[tower], x)
    assert not torch.allclose(out[..., -3:], linear(adapter.shared_up, h), atol=1e-3)


def test_dropout_is_at_the_bottleneck_and_while_training_alone(adapter):
    x = torch.randn(1, 4, 12)
    adapter.dropout = 1.0
    nothing = torch.cat([adapter.up["image"].bias, adapter.shared_up.bias]).expand(1, 4, 12)
    torch.testing.assert_close(adapter.train()(x, "image"), nothing)
    torch.testing.assert_close(adapter.eval()(x, "image"), reference(adapter, "image", x))
    adapter.dropout = 0.5
    assert not torch.equal(adapter.train()(x, "image"), adapter(x, "image"))


def test_up_maps_and_biases_start_at_zero():
    fresh = MrsAdapter({"image": 12, "text": 8}, MrsAdapterConfig(5, 3))
    zero = {name for name, parameter in fresh.named_parameters() if not parameter.any()}
    assert {name for name, _ in fresh.named_parameters()} - zero == {
        "down.image.weight",
        "down.text.weight",
    }


@pytest.mark.parametrize("tower", ["image", "text"])
def test_it_stands_beside_the_mlp_on_the_residual_stream(backbone, tower):
    attachment = attach_mrs_adapter(backbone, MrsAdapterConfig(bottleneck_dim=5, shared_dim=3))
    adapter = stirred(attachment.owned).eval()
    x = torch.randn(2, 6, 32)
    # One adapter for all blocks.
    for block in backbone.blocks(tower):
        expected = clip_block(block, x, beside=lambda y: reference(adapter, tower, y))
        torch.testing.assert_close(block(x), expected)


def test_a_block_lets_go_of_its_stream(backbone):
    from harma.methods.mrs_adapter import _kept

    attach_mrs_adapter(backbone, MrsAdapterConfig(bottleneck_dim=5, shared_dim=3))
    backbone.encode_image(torch.randn(1, 3, 32, 32))
    assert _kept.stream is None
    assert _kept.site is None


def test_gradient_checkpointing_gives_the_same_gradients(backbone):
    attachment = attach_mrs_adapter(backbone, MrsAdapterConfig(5, 3, dropout=0.0))
    state = stirred(attachment.owned)
    pixels, gradients = torch.randn(2, 3, 32, 32), []
    for checkpointed in (False, True):
        backbone.set_gradient_checkpointing(checkpointed)
        backbone.train().zero_grad()
        state.zero_grad()
        images = backbone.encode_image(pixels)
        # Another call between the two passes.
        backbone.encode_image(pixels[:1])
        images.square().sum().backward()
        gradients.append([p.grad.clone() for p in state.parameters() if p.grad is not None])
    assert len(gradients[0]) == 6
    for plain, again in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, again)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dropout": True}, "dropout is True; it must be a number from 0 to 1"),
        ({"dropout": 1.1}, "dropout is 1.1; it must be a number from 0 to 1"),
        ({"shared_dim": 0}, "shared_dim is 0; it must be a whole number from 1"),
        ({"bottleneck_dim": 1.5}, "bottleneck_dim is 1.5; it must be a whole number from 1"),
    ],
)
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        MrsAdapterConfig(**options)


def test_a_shared_part_as_wide_as_a_tower_is_refused(backbone):
    with pytest.raises(ConfigError, match="shared_dim is 32; it must be below 32, a width"):
        attach_mrs_adapter(backbone, MrsAdapterConfig(shared_dim=32))
    attach_mrs_adapter(backbone, MrsAdapterConfig(shared_dim=31))
