import json

import open_clip
import pytest
import torch

from harma.backbones import load_backbone
from harma.errors import BackboneError, ConfigError, MissingFileError


@pytest.fixture
def stated(config):
    preprocess = {
        "mean": [0.1, 0.2, 0.3],
        "std": [0.4, 0.5, 0.6],
        "interpolation": "bilinear",
        "resize_mode": "shortest",
    }
    return load_backbone({"model_cfg": config, "preprocess_cfg": preprocess})


@pytest.mark.parametrize("form", ["local-dir:{}", "{}"])
def test_saved_model_comes_back_bit_for_bit(stated, tmp_path, pixels, form):
    stated.save(tmp_path / "model")
    loaded = load_backbone(form.format(tmp_path / "model"))
    assert loaded.weights_hash() == stated.weights_hash()
    assert loaded.preprocess == stated.preprocess
    assert loaded.config == stated.config
    assert loaded.name == loaded.reference == f"local-dir:{tmp_path / 'model'}"
    assert torch.equal(loaded.encode_image(pixels), stated.encode_image(pixels))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]


def test_double_precision_comes_back(config, tmp_path):
    backbone = load_backbone(config, dtype=torch.float64)
    backbone.save(tmp_path / "model")
    assert (
        load_backbone(f"local-dir:{tmp_path}/model", dtype=torch.float64).weights_hash()
        == backbone.weights_hash()
    )


def test_open_clip_reads_it_too(backbone, tmp_path, pixels):
    backbone.save(tmp_path / "model")
    model, _, _ = open_clip.create_model_and_transforms(f"local-dir:{tmp_path}/model")
    assert torch.equal(model.eval().encode_image(pixels), backbone.encode_image(pixels))
    assert model.visual.preprocess_cfg["resize_mode"] == "squash"


def test_saving_again_replaces(backbone, stated, tmp_path):
    backbone.save(tmp_path / "model")
    stated.save(tmp_path / "model")
    assert load_backbone(tmp_path / "model").weights_hash() == stated.weights_hash()


def test_saving_leaves_other_files_alone(backbone, tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(
        ConfigError, match="holds files but no model; choose a new or an empty directory"
    ):
        backbone.save(tmp_path)
    assert (tmp_path / "thesis.tex").exists()


def test_interrupted_replacement_is_recovered(backbone, tmp_path):
    backbone.save(tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / ".model.old")
    assert load_backbone(f"local-dir:{tmp_path}/model").weights_hash() == backbone.weights_hash()


def test_pickled_weights(backbone, tmp_path):
    backbone.save(tmp_path / "model")
    (tmp_path / "model/open_clip_model.safetensors").unlink()
    torch.save({"state_dict": backbone.weights()}, tmp_path / "model/pytorch_model.bin")
    assert load_backbone(tmp_path / "model").weights_hash() == backbone.weights_hash()


def test_activation_belongs_to_the_model(backbone, tmp_path):
    backbone.save(tmp_path / "model")
    assert load_backbone(tmp_path / "model", quick_gelu=True).config["quick_gelu"] is True
    with pytest.raises(
        ConfigError, match="quick_gelu is False, but .* has quick_gelu True: weights and activation"
    ):
        load_backbone(tmp_path / "model", quick_gelu=False)


def test_directories_that_hold_no_model(backbone, tmp_path):
    with pytest.raises(
        MissingFileError,
        match="none is not a directory; local-dir: takes the directory of a saved model",
    ):
        load_backbone(f"local-dir:{tmp_path}/none")
    with pytest.raises(
        MissingFileError, match="open_clip_config.json is not there; a model directory holds"
    ):
        load_backbone(tmp_path)
    backbone.save(tmp_path / "model")
    (tmp_path / "model/open_clip_model.safetensors").unlink()
    with pytest.raises(
        MissingFileError, match="model holds no weights; looked for open_clip_model.safetensors"
    ):
        load_backbone(tmp_path / "model")
    (tmp_path / "model/open_clip_config.json").write_text("{")
    with pytest.raises(ConfigError, match="open_clip_config.json: it is not JSON"):
        load_backbone(tmp_path / "model")
    (tmp_path / "model/open_clip_config.json").write_text("[]")
    with pytest.raises(
        ConfigError, match="open_clip_config.json holds a list; it must be a mapping with model_cfg"
    ):
        load_backbone(tmp_path / "model")
    (tmp_path / "model/adapter_config.json").write_text(json.dumps({}))
    with pytest.raises(
        BackboneError, match="model holds adapters, not a backbone; open it with harma.load"
    ):
        load_backbone(tmp_path / "model")


def test_an_empty_directory_takes_a_model(backbone, tmp_path):
    backbone.save(tmp_path)
    assert load_backbone(tmp_path).weights_hash() == backbone.weights_hash()
