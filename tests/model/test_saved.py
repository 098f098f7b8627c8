"""Saved models: what was saved embeds as before; what cannot be opened is named."""

import json
import shutil

import numpy as np
import pytest
import torch
import yaml

from harma import __version__
from harma.backbones import load_backbone
from harma.errors import ConfigError, MissingFileError, ModelMismatchError, WeightsError
from harma.methods.harma.config import AdapterConfig
from harma.model.caption_memory import remember
from harma.model.fingerprint import model_id
from harma.model.model import HarMA
from harma.model.saved import (
    about_model,
    backbone_name_from,
    describe,
    load,
    save,
    save_adapter,
    save_model,
    saved_directory,
)

TEXTS = ["a river", "two planes beside a long runway"]
OPTIONS = {"bottleneck_dim": 16, "num_heads": 2}


@pytest.fixture
def named(tiny_config, tmp_path):
    """A backbone that a directory holds, so that a name opens it again."""
    torch.manual_seed(0)
    load_backbone(tiny_config).save(tmp_path / "clip")
    return load_backbone(f"local-dir:{tmp_path / 'clip'}")


def trained(backbone):
    """A model with adapters whose weights and temperature have moved."""
    model = HarMA(backbone, AdapterConfig(**OPTIONS), temperature=0.05)
    generator = torch.Generator().manual_seed(1)
    for parameter in model.trained_parameters().values():
        parameter.data.add_(0.1 * torch.rand(parameter.shape, generator=generator))
    return model.eval()


def test_adapters_are_saved_beside_the_name_of_their_backbone(named, tmp_path):
    model = trained(named)
    save(model, tmp_path / "a", about={"data": {"name": "tiny", "train_captions": 12}})
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "README.md",
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    again = load(tmp_path / "a")
    assert not again.training
    assert float(again.temperature.detach()) == float(model.temperature.detach())
    assert (again.embed_texts(TEXTS) == model.embed_texts(TEXTS)).all()
    assert "Trained on: tiny (12 captions)" in (tmp_path / "a" / "README.md").read_text()
    bare = HarMA(named_again(tmp_path)).eval()
    assert np.abs(again.embed_texts(TEXTS) - bare.embed_texts(TEXTS)).max() > 1e-3


def named_again(tmp_path):
    return load_backbone(f"local-dir:{tmp_path / 'clip'}")


@pytest.mark.parametrize("how", ["drawn", "given"])
def test_a_backbone_that_no_name_opens_again_is_kept_inside(tiny_config, tmp_path, how):
    torch.manual_seed(0)
    backbone = load_backbone(tiny_config)
    if how == "given":
        backbone = load_backbone(tiny_config, weights=backbone.weights())
    model = trained(backbone)
    save(model, tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "moved")
    again = load(tmp_path / "moved")
    assert (again.embed_texts(TEXTS) == model.embed_texts(TEXTS)).all()
    # Opened, it has a name: saved again, it is not written a second time.
    save(again, tmp_path / "b")
    assert not (tmp_path / "b" / "backbone").exists()
    assert (load(tmp_path / "b").embed_texts(TEXTS) == model.embed_texts(TEXTS)).all()


def test_a_model_without_adapters_is_saved_whole_with_its_temperature(tiny_config, tmp_path):
    model = HarMA(load_backbone(tiny_config), temperature=0.02).eval()
    save(model, tmp_path / "m", about={"metrics": {"split": "val", "mR": 12.5}})
    again = load(tmp_path / "m")
    assert again.adapters is None
    assert float(again.temperature.detach()) == pytest.approx(0.02)
    assert again.embed_texts(TEXTS) == pytest.approx(model.embed_texts(TEXTS), abs=1e-6)
    assert "| mR | 12.50 |" in (tmp_path / "m" / "README.md").read_text()
    facts = describe(tmp_path / "m")
    assert facts["kind"] == "model"
    assert facts["metrics"] == {"split": "val", "mR": 12.5}
    assert facts["bytes"] == sum(path.stat().st_size for path in (tmp_path / "m").iterdir())


# -- captions --------------------------------------------------------------------------------------


@pytest.fixture(params=["adapter", "drawn", "whole", "dual"])
def keeping(request, tiny_config, tiny_dual, named):
    """A model of each form that keeps captions."""
    torch.manual_seed(0)
    model = {
        "adapter": lambda: trained(named),
        "drawn": lambda: trained(load_backbone(tiny_config)),
        "whole": lambda: HarMA(load_backbone(tiny_config), temperature=0.02).eval(),
        "dual": lambda: HarMA(load_backbone(tiny_dual), temperature=0.4).eval(),
    }[request.param]()
    model.captions = remember(model, TEXTS)
    return model


def test_captions_go_where_the_model_goes(keeping, tmp_path):
    save(keeping, tmp_path / "a")
    file = tmp_path / "a" / "captions.safetensors"
    assert "holds 2 distinct captions" in (tmp_path / "a" / "README.md").read_text()
    assert describe(tmp_path / "a")["kept_captions"] == 2
    again = load(tmp_path / "a")
    assert again.captions.captions == tuple(TEXTS)
    assert (again.captions.embeddings == keeping.captions.embeddings).all()
    assert again.captions is again.captions
    content = file.read_bytes()
    # In its own place, and in another one.
    for place in ("a", "b"):
        save(load(tmp_path / "a"), tmp_path / place)
        assert (tmp_path / place / "captions.safetensors").read_bytes() == content
    assert model_id(load(tmp_path / "b")) == model_id(again)
    file.unlink()
    without = load(tmp_path / "a")
    assert without.captions is None
    assert model_id(without) == model_id(again)
    save(without, tmp_path / "b")
    assert not (tmp_path / "b" / "captions.safetensors").exists()
    assert "captions.safetensors" not in (tmp_path / "b" / "README.md").read_text()
    assert "kept_captions" not in describe(tmp_path / "b")


def test_captions_are_read_when_they_are_asked_for(keeping, tmp_path):
    save(keeping, tmp_path / "a")
    file = tmp_path / "a" / "captions.safetensors"
    file.write_bytes(b"damaged")
    model = load(tmp_path / "a")
    assert model.embed_texts(TEXTS).shape == (2, 16)
    for _ in range(2):
        with pytest.raises(WeightsError, match=r"captions\.safetensors cannot be used"):
            _ = model.captions
    with pytest.raises(WeightsError, match=r"captions\.safetensors cannot be used"):
        save(model, tmp_path / "b")
    assert not (tmp_path / "b").exists()


def test_captions_of_other_weights_are_left_out(named, tmp_path, caplog):
    model = trained(named)
    model.captions = remember(model, TEXTS)
    save(model, tmp_path / "a")
    # Trained further before, and after, its captions were read.
    for is_read in (False, True):
        further = load(tmp_path / "a")
        assert not is_read or further.captions is not None
        next(iter(further.trained_parameters().values())).data.add_(0.1)
        caplog.clear()
        save(further, tmp_path / "b")
        assert "saved without" in caplog.text
        assert load(tmp_path / "b").captions is None
    shutil.copy(tmp_path / "a" / "captions.safetensors", tmp_path / "b")
    with pytest.raises(ModelMismatchError, match="were embedded by the model"):
        _ = load(tmp_path / "b").captions


def test_a_whole_model_opened_and_saved_again_is_the_same_to_the_last_bit(tiny_config, tmp_path):
    for temperature in (0.9, 0.37, 0.31, 0.07, 0.0123):
        torch.manual_seed(0)
        save(HarMA(load_backbone(tiny_config), temperature=temperature), tmp_path / "m")
        first = model_id(load(tmp_path / "m"))
        for _ in range(3):
            save(load(tmp_path / "m"), tmp_path / "m")
        assert model_id(load(tmp_path / "m")) == first


# -- what does not open ----------------------------------------------------------------------------


def test_each_form_refuses_the_other(named, tmp_path):
    with pytest.raises(ConfigError, match="has no adapters; save the whole model with save_model"):
        save_adapter(HarMA(named), tmp_path / "a")
    model = trained(named_again(tmp_path))
    with pytest.raises(ConfigError, match="no place for adapters; save them with save_adapter"):
        save_model(model, tmp_path / "m")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds files but no adapter; choose a new or an empty"):
        save(model, tmp_path / "notes")
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["a.txt"]


def test_another_backbone_than_the_adapters_were_trained_on(named, tiny_config, tmp_path):
    model = trained(named)
    save(model, tmp_path / "a")
    torch.manual_seed(9)
    load_backbone(tiny_config).save(tmp_path / "other")
    with pytest.raises(WeightsError, match=r"was trained on local-dir:.*clip with weights sha256:"):
        load(tmp_path / "a", backbone=tmp_path / "other")
    shutil.move(tmp_path / "clip", tmp_path / "elsewhere")
    with pytest.raises(MissingFileError, match=r"weights sha256:.*, which cannot be found .*; say"):
        load(tmp_path / "a")
    again = load(tmp_path / "a", backbone=tmp_path / "elsewhere")
    assert (again.embed_texts(TEXTS) == model.embed_texts(TEXTS)).all()


def test_a_run_means_its_best_model(named, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(MissingFileError, match="nothing to load in .*: it is no run, adapter or"):
        saved_directory(run)
    (run / "recipe.yaml").write_text("method: harma\n")
    with pytest.raises(MissingFileError, match="the run has no best model yet"):
        load(run)
    save(trained(named), run / "best")
    assert saved_directory(run) == run / "best"
    assert saved_directory(run / "best") == run / "best"


def test_options_that_are_for_adapters_only(tiny_config, tmp_path):
    save(HarMA(load_backbone(tiny_config)), tmp_path / "m")
    with pytest.raises(ConfigError, match="is a whole model; backbone=.* belong to adapter"):
        load(tmp_path / "m", backbone="openai")


def test_code_is_not_taken_from_a_saved_model(named, tmp_path):
    save(trained(named), tmp_path / "a")
    path = tmp_path / "a" / "adapter_config.json"
    content = json.loads(path.read_text())
    content["adapter"]["adapter"] = "my_package.mine.Adapter"
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"adapter class of its own, my_.*Code is not taken"):
        load(tmp_path / "a")
    content["adapter"] = {"bottleneck": 3}
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"adapter_config.json: the options are not known \("):
        load(tmp_path / "a")


def test_facts_of_another_program_are_none_and_others_must_be_facts(tiny_config, tmp_path):
    load_backbone(tiny_config).save(tmp_path / "m")
    facts = describe(tmp_path / "m")
    assert facts.keys() == {"kind", "directory", "bytes"}
    (tmp_path / "m" / "harma.json").write_text(yaml.safe_dump(["a"]))
    with pytest.raises(
        ConfigError, match="harma.json holds a list instead of facts; save the model"
    ):
        describe(tmp_path / "m")


def test_the_temperature_of_a_bare_backbone_is_its_own(tiny_config, tmp_path):
    backbone = load_backbone(tiny_config)
    with torch.no_grad():
        backbone.module.logit_scale.fill_(np.log(1 / 0.03))
    backbone.save(tmp_path / "m")
    assert float(load(tmp_path / "m").temperature.detach()) == pytest.approx(0.03)


def test_names_of_backbones_are_seen_from_the_adapter(tmp_path):
    name = backbone_name_from(tmp_path / "run" / "best", tmp_path / "run" / "backbone")
    assert name == "local-dir:../backbone"


def test_what_every_saved_model_says_of_itself(tiny_config):
    model = HarMA(load_backbone(tiny_config), AdapterConfig(bottleneck_dim=16))
    about = about_model(model, backbone="other")
    assert list(about) == ["harma_version", "backbone", "preprocess", "parameters"]
    assert about["harma_version"] == __version__
    assert about["preprocess"] == model.preprocess.to_dict()
    assert about["backbone"]["name"] == "other"
    assert about["backbone"]["architecture"] == model.backbone.config
    with model.without_adapters():
        assert about["backbone"]["weights_hash"] == model.backbone.weights_hash()
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert about["parameters"]["trained"] == trained
    assert about["parameters"]["total"] == model.num_parameters() > trained
