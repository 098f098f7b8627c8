"""`clip-adapter` against its formula: α·ReLU(U·ReLU(D·x)) + (1 − α)·x, then normalised."""

import pytest
import torch
from tests.methods.adapted import TEXTS
from tests.methods.reference import stirred

from harma.errors import ConfigError
from harma.methods.clip_adapter import ClipAdapterConfig, EmbeddingAdapter
from harma.model.model import HarMA


def reference(adapter, x, ratio):
    inside = (x @ adapter.down.weight.T).clamp_min(0)
    adapted = (inside @ adapter.up.weight.T).clamp_min(0)
    mixed = ratio * adapted + (1 - ratio) * x
    return mixed / mixed.norm(dim=-1, keepdim=True)


def test_both_maps_are_rectified_and_have_no_bias():
    adapter, x = stirred(EmbeddingAdapter(12, 4)), torch.randn(5, 12)
    assert adapter.down.weight.shape == (3, 12)
    out = adapter(x)
    assert (out >= 0).all()
    assert (out == 0).any(), "the second ReLU has something to cut off"
    assert not adapter(torch.zeros(1, 12)).any()


@pytest.mark.parametrize("ratio", [0.0, 0.2, 0.7, 1.0])
@torch.no_grad()
def test_embeddings_of_both_towers_are_mixed_with_their_own_adapter(backbone, pixels, ratio):
    ids = backbone.tokenize(TEXTS)
    images, texts = backbone.encode_image(pixels), backbone.encode_text(ids)
    model = HarMA(backbone, ClipAdapterConfig(ratio=ratio, reduction=2)).eval()
    adapters = stirred(model.shared)
    torch.testing.assert_close(model.encode_image(pixels), reference(adapters.image, images, ratio))
    torch.testing.assert_close(model.encode_text(ids), reference(adapters.text, texts, ratio))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ratio": 1.5}, "ratio is 1.5; it must be a number from 0 to 1"),
        ({"ratio": -0.1}, "ratio is -0.1; it must be"),
        ({"reduction": 0}, "reduction is 0; it must be a whole number from 1"),
    ],
)
def test_options_outside_their_range_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        ClipAdapterConfig(**options)


def test_a_reduction_that_leaves_no_width_is_refused(backbone):
    HarMA(backbone, ClipAdapterConfig(reduction=16))
    backbone.attached = None
    with pytest.raises(ConfigError, match="reduction is 17; it must be at most 16, the length"):
        HarMA(backbone, ClipAdapterConfig(reduction=17))
