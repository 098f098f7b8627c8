"""Configs of open_clip: what is wrong with one is named."""

import pytest
import torch

from harma.backbones import load_backbone
from harma.backbones.architecture import build_module, close_matches, find_architecture
from harma.errors import BackboneError, ConfigError, MissingFileError


def test_config_errors(config, tmp_path):
    with pytest.raises(
        ConfigError, match=r"the unknown key 'vison_cfg' \(did you mean vision_cfg\?\); allowed are"
    ):
        load_backbone({**config, "vison_cfg": {}})
    with pytest.raises(
        ConfigError, match=r"config: text_cfg has the unknown key 'layer' \(did you mean layers\?\)"
    ):
        load_backbone({**config, "text_cfg": {"layer": 2}})
    with pytest.raises(
        ConfigError,
        match="config has no vision_cfg, text_cfg; an open_clip config needs embed_dim, vision",
    ):
        load_backbone({"embed_dim": 16})
    with pytest.raises(ConfigError, match="config: text_cfg is 3; it must be a mapping"):
        load_backbone({**config, "text_cfg": 3})
    with pytest.raises(
        ConfigError,
        match="config: open_clip cannot build a model of .*: embed_dim must be divisible",
    ):
        load_backbone({**config, "text_cfg": {**config["text_cfg"], "heads": 5}})
    with pytest.raises(
        ConfigError,
        match="config has output_tokens, which only models with multimodal_cfg can have",
    ):
        load_backbone({**config, "vision_cfg": {**config["vision_cfg"], "output_tokens": True}})
    with pytest.raises(ConfigError, match="model_cfg is 'ViT-B-32'; it must be a mapping"):
        load_backbone({"model_cfg": "ViT-B-32"})
    (tmp_path / "a.yaml").write_text("[1, 2")
    with pytest.raises(ConfigError, match="a.yaml is not YAML of plain values"):
        load_backbone(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_text("[1, 2]")
    with pytest.raises(ConfigError, match="a.yaml holds a list; an open_clip config is a mapping"):
        load_backbone(tmp_path / "a.yaml")
    with pytest.raises(
        MissingFileError, match="none.yaml is not there; give the path of an existing file"
    ):
        load_backbone(tmp_path / "none.yaml")


def test_names_that_resemble_one_are_proposed():
    assert close_matches("vit-b-32", ["ViT-B-32", "RN50"]) == " (did you mean ViT-B-32?)"
    assert close_matches("qqq", ["ViT-B-32"]) == ""
    with pytest.raises(BackboneError, match=r"not an architecture of open_clip \(did you mean RN5"):
        find_architecture("RN51")


def test_a_checked_config_is_a_copy(config):
    checked = load_backbone(config).config
    config["text_cfg"]["width"] = 1
    assert checked["text_cfg"]["width"] == 32


def test_where_weights_follow_initialisers_draw_nothing(config):
    next_numbers = []
    for initialise in (True, False):
        torch.manual_seed(0)
        module = build_module(config, initialise=initialise)
        next_numbers.append(float(torch.rand(())))
        assert module.token_embedding.weight.shape == (49408, 32)
    assert next_numbers[0] != next_numbers[1], "as many random numbers were drawn"
