"""Exporting: what an export notes, when it counts as another model, what is refused."""

import json

import numpy as np
import pytest
from tests.conftest import TINY
from tests.model.exported.conftest import adapted

from harma.backbones import load_backbone
from harma.errors import BackboneError, ConfigError, MissingDependencyError, ModelMismatchError
from harma.methods.table import make_config
from harma.model.exported import writing
from harma.model.exported.facts import check_hashes, read_facts
from harma.model.exported.model import ExportedModel
from harma.model.exported.writing import ExportOrder, export_model
from harma.model.fingerprint import check_model, model_id
from harma.model.model import HarMA


def test_what_an_export_notes(made, onnx, onnx8):
    facts = read_facts(onnx)
    assert facts.told == "onnx float32"
    assert facts.model_id == facts.source_id == model_id(made.model)
    assert min(facts.least_cosines.values()) > 0.99999
    assert facts.probe == {"images": 64, "captions": 4, "own": []}
    assert set(facts.files) == {"image.onnx", "text.onnx"}
    check_hashes(onnx, facts)
    small = read_facts(onnx8)
    assert small.told == "onnx int8"
    assert small.least_cosines["image"] < facts.least_cosines["image"]
    assert small.files["image.onnx"]["bytes"] < facts.files["image.onnx"]["bytes"]


def test_int8_for_openvino_is_calibrated_on_pictures(made, tmp_path):
    pytest.importorskip("nncf")
    order = ExportOrder("openvino", "int8", images=made.pictures, captions=["a river", "a road"])
    facts = export_model(made.model, "model", tmp_path / "e", order)
    assert facts.probe == {"images": 6, "captions": 2, "own": ["images", "captions"]}
    exported = ExportedModel.open(tmp_path / "e")
    found = (exported.embed_texts(["a road"]) * made.model.embed_texts(["a road"])).sum()
    assert found > 0.98


@pytest.mark.parametrize("causal", [True, False])
def test_text_attention_of_both_kinds(causal, tmp_path):
    model = adapted(text_attention="causal" if causal else "full", shared_towers=("text", "image"))
    facts = export_model(model, "m", tmp_path / "e", ExportOrder("onnx"))
    assert facts.trims_text == causal
    texts = ["a river", "two planes beside a long runway"]
    exported = ExportedModel.open(tmp_path / "e").embed_texts(texts)
    assert np.allclose(exported, model.embed_texts(texts), atol=1e-5)


def test_a_bare_model(tmp_path):
    model = HarMA(load_backbone(TINY)).eval()
    facts = export_model(model, "m", tmp_path / "e", ExportOrder("onnx"))
    assert min(facts.least_cosines.values()) > 0.99999
    assert ExportedModel.open(tmp_path / "e").captions is None


def test_too_far_from_the_model_it_is_another(made, tmp_path, monkeypatch):
    far = {"image": 0.9985, "text": 0.9999}
    monkeypatch.setattr(writing, "least_cosines", lambda *_: far)
    facts = export_model(made.model, "m", tmp_path / "e", ExportOrder("onnx", "int8"))
    assert facts.model_id != facts.source_id == model_id(made.model)
    exported = ExportedModel.open(tmp_path / "e")
    # What searches with it was embedded by it.
    assert exported.captions.model_id == facts.model_id
    with pytest.raises(ModelMismatchError, match="0.99850, of texts 0.99990; 0.999 at least"):
        check_model("m", facts.source_id, exported)
    check_model("m", facts.model_id, exported)


def test_an_export_that_computes_something_else_is_none(made, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "least_cosines", lambda *_: {"image": 0.99, "text": 1.0})
    with pytest.raises(BackboneError, match="does not compute what the model does"):
        export_model(made.model, "m", tmp_path / "e", ExportOrder("onnx"))
    assert not (tmp_path / "e").exists()


def test_an_export_takes_the_place_of_one_and_of_nothing_else(made, onnx, tmp_path):
    order = ExportOrder("onnx")
    export_model(made.model, "m", tmp_path / "e", order)
    export_model(made.model, "n", tmp_path / "e", order)
    assert json.loads((tmp_path / "e" / "engine.json").read_text())["name"] == "n"
    with pytest.raises(ConfigError, match="holds something that is no export"):
        export_model(made.model, "m", made.saved, order)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (("tensorrt", "float32"), "the format is 'tensorrt'; allowed are onnx, openvino"),
        (("onnx", "bf16"), "onnx has float32, int8"),
        (("openvino", "int8"), "calibrated on pictures of your own"),
    ],
)
def test_orders_that_cannot_be_had(order, message):
    with pytest.raises(ConfigError, match=message):
        ExportOrder(*order)


def test_an_engine_that_is_not_installed(made, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'harma\[onnx\]'"):
        export_model(made.model, "m", tmp_path / "e", ExportOrder("onnx"))


def test_methods_that_are_not_exported(tmp_path):
    model = HarMA(load_backbone(TINY), make_config("bottleneck", {})).eval()
    with pytest.raises(ConfigError, match="m: its method is bottleneck; what is exported is CLIP"):
        export_model(model, "m", tmp_path / "e", ExportOrder("onnx"))


def test_backbones_that_are_not_exported(tiny_dual, tmp_path):
    pytest.importorskip("transformers")
    model = HarMA(load_backbone(tiny_dual)).eval()
    with pytest.raises(BackboneError, match="what is exported is CLIP of open_clip"):
        export_model(model, "m", tmp_path / "e", ExportOrder("onnx"))
