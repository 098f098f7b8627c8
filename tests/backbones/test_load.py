import json
import logging

import pytest
import torch
import yaml

from harma.backbones import load_backbone
from harma.errors import ConfigError


def activation(backbone):
    return type(backbone.blocks("text")[0].mlp.gelu).__name__


# -- configs ---------------------------------------------------------------------------------------


def test_config_mapping_is_untrained_and_says_so(config, caplog):
    backbone = load_backbone(config)
    assert activation(backbone) == "QuickGELU"
    assert (backbone.name, backbone.reference) == ("config", config)
    assert "config: no pretrained weights, they are drawn at random" in caplog.text


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_config_file(config, tmp_path, suffix):
    path = tmp_path / f"small{suffix}"
    path.write_text(json.dumps(config) if suffix == ".json" else yaml.safe_dump(config))
    backbone = load_backbone(path)
    assert backbone.config == config
    assert backbone.name == backbone.reference == str(path)


def test_dtype_must_be_floating_point(config):
    with pytest.raises(ConfigError, match=r"dtype is torch.int8; weights are floating point"):
        load_backbone(config, dtype=torch.int8)


# -- open_clip names -------------------------------------------------------------------------------


def test_open_clip_name_alone_is_untrained(caplog):
    with caplog.at_level(logging.WARNING):
        backbone = load_backbone("ViT-B-32")
    assert sum(p.numel() for p in backbone.parameters()) == 151_277_313
    assert (backbone.name, backbone.reference, activation(backbone)) == (
        "ViT-B-32",
        "ViT-B-32",
        "GELU",
    )
    assert (backbone.width("image"), backbone.width("text"), len(backbone.blocks("image"))) == (
        768,
        512,
        12,
    )
    assert "ViT-B-32: no pretrained weights, they are drawn at random" in caplog.text


# -- weight files ----------------------------------------------------------------------------------


def test_weight_file(weight_file, config, backbone):
    loaded = load_backbone(str(weight_file), architecture=config)
    assert loaded.weights_hash() == backbone.weights_hash()
    assert loaded.name == str(weight_file)
    again = load_backbone(json.loads(json.dumps(loaded.reference)))
    assert again.weights_hash() == loaded.weights_hash()
    assert activation(again) == "QuickGELU"


def test_weight_file_without_pretrained_is_random(weight_file, config, backbone):
    assert (
        load_backbone(weight_file, architecture=config, pretrained=False).weights_hash()
        != backbone.weights_hash()
    )


@pytest.mark.parametrize("quick_gelu", [True, False])
def test_activation_of_a_weight_file_is_stated(weight_file, config, quick_gelu):
    del config["quick_gelu"]
    with pytest.raises(
        ConfigError, match="the activation cannot be seen from the weights, .*; state quick_gelu"
    ):
        load_backbone(weight_file, architecture=config)
    loaded = load_backbone(weight_file, architecture=config, quick_gelu=quick_gelu)
    assert activation(loaded) == ("QuickGELU" if quick_gelu else "GELU")
    assert activation(load_backbone(loaded.reference)) == activation(loaded)


def test_given_weights(config, backbone):
    assert (
        load_backbone(config, weights=backbone.weights()).weights_hash() == backbone.weights_hash()
    )


# -- presets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["georsclip-ret2:{}", {"preset": "georsclip-ret2"}])
def test_preset_with_a_file_of_ones_own(weight_file, config, backbone, monkeypatch, form):
    monkeypatch.setattr(
        "harma.backbones.source_kinds.find_architecture",
        lambda name: {**config, "quick_gelu": name},
    )
    what = form.format(weight_file) if isinstance(form, str) else {**form, "file": str(weight_file)}
    loaded = load_backbone(what)
    assert loaded.weights_hash() == backbone.weights_hash()
    assert loaded.name == loaded.reference == f"georsclip-ret2:{weight_file}"
    assert loaded.config["quick_gelu"] is True


def test_preset_untrained(caplog):
    backbone = load_backbone("georsclip", pretrained=False)
    assert activation(backbone) == "QuickGELU"
    assert "georsclip: no pretrained weights" in caplog.text


def test_a_text_tower_whose_name_is_no_text(config):
    stated = {**config, "text_cfg": {**config["text_cfg"], "hf_model_name": [["a"]]}}
    with pytest.raises(ConfigError, match=r"hf_model_name is \[\['a'\]\]; it must be a text"):
        load_backbone({"model_cfg": stated}, pretrained=False)


def test_sizes_of_a_config_that_do_not_fit_are_told_with_the_first_picture(config):
    """A picture of fewer pixels than a patch can be built, and nothing goes through it."""
    vision = {**config["vision_cfg"], "image_size": 2, "patch_size": 4}
    stated = {**config, "vision_cfg": vision}
    backbone = load_backbone({"model_cfg": stated}, pretrained=False)
    pixels = torch.zeros(1, *backbone.preprocess.shape)
    with pytest.raises(ConfigError, match="the image tower of this config embeds nothing"):
        backbone.encode_image(pixels)


def test_a_fault_after_the_first_picture_is_no_fault_of_the_config(config, monkeypatch):
    backbone = load_backbone({"model_cfg": config}, pretrained=False)
    pixels = torch.zeros(1, *backbone.preprocess.shape)
    backbone.encode_image(pixels)

    def broken(*_):
        raise ValueError("a bug")

    monkeypatch.setattr(type(backbone), "_encode_image", broken)
    with pytest.raises(ValueError, match="a bug"):
        backbone.encode_image(pixels)
