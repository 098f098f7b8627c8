"""Frozen towers: which they are, and that their outputs are what the model computes."""

import pytest
import torch

from harma.backbones import load_backbone
from harma.methods.table import make_config
from harma.model.model import HarMA
from harma.training.frozen import OnFrozen, finished, frozen_towers, outputs_of

OTHERS = ("harma", "bottleneck", "lora", "bitfit")


def made(backbone, method, options=None):
    torch.manual_seed(0)
    model = HarMA(load_backbone(backbone), make_config(method, options or {}))
    for parameter in model.trained_parameters().values():
        # As if it had trained: what a method adds is not nothing.
        torch.nn.init.normal_(parameter, std=0.3)
    return model.train()


def inputs_of(model):
    pixels = torch.randn(5, 3, *model.preprocess.size)
    return {"image": pixels, "text": model.tokenize(["a red roof", "field", "a roof, number 1"])}


@pytest.mark.parametrize(
    ("method", "stage"), [("clip-adapter", "embedding"), ("linear", "projection")]
)
def test_outputs_lead_to_the_models_own_embeddings(tiny_config, method, stage):
    model = made(tiny_config, method)
    assert frozen_towers(model) == {"image": stage, "text": stage}
    inputs = inputs_of(model)
    outputs = {tower: outputs_of(model, tower, stage, inputs[tower]) for tower in inputs}
    assert not any(tensor.requires_grad for tensor in outputs.values())
    expected = {
        "image": model.encode_image(inputs["image"]),
        "text": model.encode_text(inputs["text"]),
    }
    for tower in inputs:
        torch.testing.assert_close(finished(model, tower, stage, outputs[tower]), expected[tower])
    # Outputs are of float32; what is left to compute is computed as in any step.
    model.step_precision = "bf16_weights"
    rounded = OnFrozen(model, {"text": stage})(inputs["image"], outputs["text"])
    assert torch.equal(rounded[0], model(*inputs.values())[0])
    assert not torch.equal(rounded[0], expected["image"])
    torch.testing.assert_close(rounded[1], expected["text"])
    model.step_precision = "float32"
    # One tower's outputs, the other's inputs, and gradients as without.
    for given in ({"image": stage}, {"text": stage}, {"image": stage, "text": stage}):
        trained = OnFrozen(model, given)
        mixed = [outputs[t] if t in given else inputs[t] for t in ("image", "text")]
        gradients = []
        for images, texts, temperature in (trained(*mixed), model(*inputs.values())):
            model.zero_grad()
            ((images @ texts.T / temperature) ** 2).sum().backward()
            gradients.append({n: p.grad.clone() for n, p in model.trained_parameters().items()})
        assert len(gradients[0]) >= 3
        for name, gradient in gradients[1].items():
            assert gradient.abs().max() > 0
            torch.testing.assert_close(gradients[0][name], gradient, rtol=1e-4, atol=1e-4)


def test_a_projection_with_a_bias(tiny_dual):
    model = made(tiny_dual, "linear")
    model.backbone.text.encoder.eval()
    model.backbone.image.eval()
    stages = frozen_towers(model)
    assert stages == {"image": "projection", "text": "projection"}
    inputs = inputs_of(model)
    outputs = outputs_of(model, "text", "projection", inputs["text"])
    assert outputs.shape == (3, 32)
    torch.testing.assert_close(
        finished(model, "text", "projection", outputs), model.encode_text(inputs["text"])
    )


def test_a_tower_that_draws_random_numbers_is_not_frozen(tiny_dual):
    model = made(tiny_dual, "clip-adapter")
    # BERT drops values while it trains.
    assert "text" not in frozen_towers(model)
    before = torch.get_rng_state()
    frozen_towers(model)
    assert torch.equal(torch.get_rng_state(), before), "to find out leaves them alone"


@pytest.mark.parametrize("method", OTHERS)
def test_methods_inside_of_blocks_leave_nothing_frozen(tiny_config, method):
    options = {"bottleneck_dim": 16} if method in ("harma", "bottleneck") else {}
    assert frozen_towers(made(tiny_config, method, options)) == {}


def test_a_tower_that_trains_is_not_frozen(tiny_config):
    model = made(tiny_config, "clip-adapter")
    next(iter(model.backbone.tower_parameters("text").values())).requires_grad_(True)
    assert frozen_towers(model) == {"image": "embedding"}
    whole = HarMA(load_backbone(tiny_config))
    whole.train_backbone()
    assert frozen_towers(whole) == {}
