"""Towers as graphs: what is refused by name, and that the model stays as it is."""

import pytest
import torch
from tests.conftest import TINY
from tests.model.exported.conftest import adapted

from harma.backbones import load_backbone
from harma.errors import BackboneError, ConfigError, MissingDependencyError
from harma.methods.harma.modules import Adapter
from harma.model.exported.towers import check_exportable, write_onnx
from harma.model.model import HarMA


def test_the_model_stays_as_it_is(tmp_path):
    model = adapted()
    names = [type(module) for module in model.modules()]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    write_onnx(model, tmp_path)
    assert [type(module) for module in model.modules()] == names
    assert all((value == before[name]).all() for name, value in model.state_dict().items())


def test_what_is_not_exported_is_named():
    model = adapted()
    check_exportable(model, "m")
    with pytest.raises(ConfigError, match=r"m: its weights are torch\.float64, not float32"):
        check_exportable(adapted().double(), "m")
    other = HarMA(load_backbone(TINY), model.adapters, adapter_class=Adapter)
    object.__setattr__(other.adapters, "adapter", "my.module.Adapter")
    with pytest.raises(ConfigError, match=r"adapter class of its own, my\.module\.Adapter"):
        check_exportable(other, "m")


def test_a_tower_with_attention_of_another_kind():
    model = adapted()
    model.backbone.module.visual.more = torch.nn.MultiheadAttention(8, 2)
    with pytest.raises(BackboneError, match="has 5 attentions in 4 blocks"):
        check_exportable(model, "m")


def test_tokenizers_that_are_not_exported():
    model = adapted()
    text = model.backbone.config["text_cfg"]
    text["tokenizer_kwargs"] = {"clean": "lower", "reduction_mask": "simple"}
    with pytest.raises(BackboneError, match="has the options reduction_mask"):
        check_exportable(model, "m")
    text["hf_tokenizer_name"] = "some/tokenizer"
    with pytest.raises(BackboneError, match="has the tokenizer some/tokenizer"):
        check_exportable(model, "m")


def test_onnx_that_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match="exports need onnx: pip install"):
        write_onnx(adapted(), tmp_path)
