"""Opening whatever embeds: a model, or an export; what an export cannot be asked for."""

import pytest
from tests.model.exported.conftest import made, onnx, onnx8  # noqa: F401

from harma.errors import ConfigError
from harma.model.exported.model import ExportedModel
from harma.model.model import HarMA
from harma.model.opened import engine_of, open_at_work, open_model


def test_what_is_opened(made, onnx, onnx8):  # noqa: F811
    assert isinstance(open_model(made.saved), HarMA)
    assert isinstance(open_model(str(onnx)), ExportedModel)
    assert engine_of(open_at_work(made.saved, precision="bf16")) == "torch bf16_weights"
    assert engine_of(open_at_work(made.saved)) == "torch float32"
    assert engine_of(open_at_work(onnx8)) == "onnx int8"
    assert engine_of(open_at_work(onnx8, device="cpu", precision="int8")) == "onnx int8"


def test_an_export_is_of_one_precision_and_runs_on_the_cpu(made, onnx):  # noqa: F811
    with pytest.raises(ConfigError, match="was exported in float32, not in int8; leave --pre"):
        open_at_work(onnx, precision="int8")
    with pytest.raises(ConfigError, match="which runs on the CPU; --device cuda is for the model"):
        open_at_work(onnx, device="cuda")
    with pytest.raises(ConfigError, match="holds its backbone; leave --backbone out"):
        open_model(onnx, backbone="ViT-B-32")
    with pytest.raises(ConfigError, match="int8 needs an exported model"):
        open_at_work(made.saved, precision="int8")
