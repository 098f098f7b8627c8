"""The original's embeddings, losses and gradients, from the golden data (SPEC 6)."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from harma import HarMA, losses
from harma.original.names import join_released

pytestmark = pytest.mark.shared
VARIANTS = ("released", "document")


@pytest.fixture(scope="module", params=VARIANTS)
def golden(request, shared_dir):
    folder = shared_dir / "golden"
    config = json.loads((folder / "config.json").read_text())
    model = HarMA.from_released(
        folder / "released_layout_weights.safetensors",
        config["open_clip_config"],
        variant=request.param,
    )
    inputs = load_file(folder / "inputs.safetensors")
    expected = load_file(folder / f"outputs_{request.param}.safetensors")
    return (
        model,
        inputs,
        expected,
        model.encode_image(inputs["image"]),
        model.encode_text(inputs["text"]),
    )


def test_embeddings(golden):
    _, _, expected, I, T = golden
    assert (I - expected["image_embeds"]).abs().max() < 1e-12
    assert (T - expected["text_embeds"]).abs().max() < 1e-12


def test_losses(golden):
    model, inputs, expected, I, T = golden
    index, label, tau = inputs["image_index"], inputs["label"], model.temperature
    computed = {
        "loss_triplet": losses.triplet_loss(I, T),
        "loss_triplet_hardest": losses.triplet_loss(I, T, hardest=True),
        "loss_weighted_triplet": losses.weighted_triplet_loss(I, T),
        "loss_weighted_triplet_hardest": losses.weighted_triplet_loss(I, T, hardest=True),
        "loss_affiliation": losses.affiliation_loss(I, T, label),
        "loss_contrastive_multi_positive": losses.contrastive_loss(I, T, tau, index),
        "loss_contrastive_diagonal": losses.contrastive_loss(I, T, tau),
    }
    assert computed.keys() == {name for name in expected if name.startswith("loss_")}
    for name, value in computed.items():
        tolerance = 1e-7 if "contrastive" in name else 1e-12
        assert abs(value - expected[name]) < tolerance, name


def test_gradients(golden):
    model, inputs, expected, I, T = golden
    model.zero_grad()
    total = losses.contrastive_loss(I, T, model.temperature, inputs["image_index"])
    (total + losses.weighted_triplet_loss(I, T)).backward(retain_graph=True)
    # The gradients travel under the names of the weights.
    tree = model.adapter_state()
    by_pointer = {p.data_ptr(): p.grad for p in model.parameters() if p.grad is not None}
    ours = {name: by_pointer[tensor.data_ptr()] for name, tensor in tree.items()}
    released = join_released(model.backbone.weights(), ours)
    names = {name for name in expected if name.startswith("grad/")}
    assert len(names) == len(ours)
    for name in names:
        short = name.removeprefix("grad/")
        got, reference = released[short if short == "temp" else f"model.{short}"], expected[name]
        assert (got - reference).abs().max() <= 2e-6 * reference.abs().max(), name


def test_released_names_round_trip(shared_dir, tmp_path):
    folder = shared_dir / "golden"
    config = json.loads((folder / "config.json").read_text())["open_clip_config"]
    weights = load_file(folder / "released_layout_weights.safetensors")
    model = HarMA.from_released(folder / "released_layout_weights.safetensors", config)
    written = join_released(model.backbone.weights(), model.adapter_state())
    assert written.keys() == weights.keys()
    assert all(torch.equal(written[name], weights[name]) for name in weights)
    save_file(
        {name: tensor.contiguous() for name, tensor in written.items()},
        tmp_path / "again.safetensors",
    )
    assert (
        HarMA.from_released(tmp_path / "again.safetensors", config).num_parameters(trained=True) > 0
    )
