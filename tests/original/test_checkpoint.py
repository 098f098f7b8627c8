"""Released checkpoints, opened: options read off the weights, precision, what does not fit."""

import pytest
import torch

from harma.backbones import load_backbone
from harma.errors import WeightsError
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA
from harma.original.checkpoint import open_checkpoint
from harma.original.names import join_released, write_released


@pytest.fixture
def state(tiny_config):
    """An adapted model under the released names; its bottleneck is no one's default."""
    torch.manual_seed(0)
    config = AdapterConfig(bottleneck_dim=48, variant="released")
    model = HarMA(load_backbone(tiny_config), config, temperature=0.05)
    return join_released(model.backbone.weights(), model.adapter_state())


@pytest.mark.parametrize("variant", ["released", "document"])
def test_options_are_those_that_the_weights_and_the_original_imply(
    state, tiny_config, tmp_path, variant
):
    write_released(tmp_path / "a.pth", state, {})
    opened = open_checkpoint(tmp_path / "a.pth", tiny_config, variant=variant)
    assert opened.config == AdapterConfig(
        bottleneck_dim=48, variant=variant, shared_towers=("text",), text_attention="full"
    )
    assert float(opened.adapters["temperature"]) == pytest.approx(0.05)
    assert opened.backbone.is_random, "no name opens these weights again"
    proj = opened.backbone.weights()["visual.proj"]
    assert torch.equal(proj, state["model.visual.proj"])


@pytest.mark.parametrize(
    ("saved", "opened"),
    [("float64", "float64"), ("float32", "float32"), ("float16", "float32")],
)
def test_double_precision_stays_and_half_is_widened(state, tiny_config, tmp_path, saved, opened):
    stored = {name: tensor.to(getattr(torch, saved)) for name, tensor in state.items()}
    write_released(tmp_path / "a.safetensors", stored, {})
    backbone = open_checkpoint(tmp_path / "a.safetensors", tiny_config).backbone
    assert {parameter.dtype for parameter in backbone.parameters()} == {getattr(torch, opened)}


def test_mixed_precision_is_not_double(state, tiny_config, tmp_path):
    stored = {name: tensor.double() for name, tensor in state.items()}
    stored["model.visual.proj"] = stored["model.visual.proj"].float()
    write_released(tmp_path / "a.pth", stored, {})
    backbone = open_checkpoint(tmp_path / "a.pth", tiny_config).backbone
    assert next(backbone.parameters()).dtype == torch.float32


def test_another_architecture_is_named(state, tiny_config, tmp_path):
    write_released(tmp_path / "a.pth", state, {})
    tiny_config["embed_dim"] = 8
    with pytest.raises(
        WeightsError, match="a.pth: the given weights: weights and architecture do not"
    ):
        open_checkpoint(tmp_path / "a.pth", tiny_config)
