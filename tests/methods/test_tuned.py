"""Weights of the backbone that train in place: `bitfit` and `linear`."""

import pytest
import torch
from tests.methods.adapted import adapted, embeddings, perturbed, same

from harma.backbones import load_backbone
from harma.errors import BackboneError
from harma.model.model import HarMA

IN_PLACE = ["bitfit", "linear"]


@pytest.mark.parametrize("method", IN_PLACE)
def test_it_embeds_as_a_backbone_with_these_weights_does(backbone, pixels, method):
    before = {name: tensor.clone() for name, tensor in backbone.weights().items()}
    model = perturbed(adapted(backbone, method))
    after = backbone.weights()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    expected = {"linear": {"visual.proj", "text_projection"}}
    expected["bitfit"] = {name for name in before if name.endswith("bias")}
    assert changed == expected[method]
    other = load_backbone(backbone.config, weights=after)
    assert same(embeddings(model, pixels), embeddings(HarMA(other).eval(), pixels))


@pytest.mark.parametrize("method", IN_PLACE)
def test_an_error_in_a_bare_call_loses_nothing(backbone, pixels, method):
    model = perturbed(adapted(backbone, method))
    trained = embeddings(model, pixels)
    try:
        with model.without_adapters():
            assert not same(embeddings(model, pixels), trained)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert same(embeddings(model, pixels), trained)


@pytest.mark.parametrize("method", IN_PLACE)
def test_a_bare_call_moves_no_weight(backbone, pixels, method):
    model = perturbed(adapted(backbone, method))
    state = model.adapter_state()
    trained = {name: tensor.clone() for name, tensor in state.items()}
    with model.without_adapters():
        embeddings(model, pixels)
        assert all(torch.equal(tensor, trained[name]) for name, tensor in state.items())


@pytest.mark.parametrize("method", IN_PLACE)
def test_what_weights_were_follows_the_model_to_another_dtype(backbone, pixels, method):
    bare = embeddings(HarMA(backbone).eval(), pixels)
    model = perturbed(adapted(backbone, method)).double()
    with model.without_adapters():
        for x, y in zip(embeddings(model, pixels.double()), bare, strict=True):
            assert x.dtype == torch.float64
            torch.testing.assert_close(x.float(), y, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("method", IN_PLACE)
def test_dual_encoders_train_the_same_parts(tiny_dual, method):
    torch.manual_seed(0)
    backbone = load_backbone(tiny_dual)
    ends = {"linear": ("projection.weight", "projection.bias"), "bitfit": ("bias",)}[method]
    expected = {name for name, _ in backbone.named_parameters() if name.endswith(ends)}
    model = adapted(backbone, method)
    assert model.adapter_state().keys() - {"temperature"} == expected


def test_a_tower_without_projection_cannot_be_probed(backbone):
    backbone.module.text_projection = None
    with pytest.raises(BackboneError, match="the text tower of .* has no projection"):
        adapted(backbone, "linear")
