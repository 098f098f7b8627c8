import json
import logging

import pytest
import torch
import yaml

from harma.backbones import PRESETS, load_backbone
from harma.backbones.sources import resolve
from harma.errors import BackboneError, ConfigError, MissingFileError


def activation(backbone):
    return type(backbone.blocks("text")[0].mlp.gelu).__name__


@pytest.fixture
def weight_file(backbone, tmp_path):
    torch.save(backbone.weights(), tmp_path / "own.pt")
    return tmp_path / "own.pt"


# -- configs
# ----------------------------------------------------------------------------------------------------------


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


def test_config_with_preprocessing(config, tmp_path):
    stated = {
        "mean": [0.1, 0.2, 0.3],
        "std": [1, 1, 1],
        "interpolation": "bilinear",
        "resize_mode": "longest",
    }
    path = tmp_path / "small.json"
    path.write_text(
        json.dumps(
            {"model_cfg": config, "preprocess_cfg": {"mode": "RGB", "fill_color": 0, **stated}}
        )
    )
    preprocess = load_backbone(path).preprocess
    assert preprocess.to_dict() == {"size": [32, 32], **stated}


def test_preprocessing_that_is_not_stated_is_specs(backbone):
    assert backbone.preprocess.mean == (0.48145466, 0.4578275, 0.40821073)
    assert backbone.preprocess.std == (0.26862954, 0.26130258, 0.27577711)
    assert (backbone.preprocess.interpolation, backbone.preprocess.resize_mode) == (
        "bicubic",
        "squash",
    )


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        (
            {"mean": [0.1, 0.2]},
            r"mean is \[0.1, 0.2\]; it must be three numbers, one for each channel",
        ),
        ({"mean": "grey"}, "mean is 'grey'; it must be three numbers"),
        ({"std": [1, 0, 1]}, r"std is \(1.0, 0.0, 1.0\); every number must be above 0"),
        (
            {"interpolation": "random"},
            "interpolation is 'random'; allowed are bicubic, bilinear, nearest",
        ),
        ({"resize_mode": "crop"}, "resize_mode is 'crop'; allowed are squash, shortest, longest"),
        (
            {"means": 0},
            "config: preprocessing has the unknown key 'means'; allowed are interpolation, mean",
        ),
        ({"fill_color": 7}, "preprocessing has fill_color 7; only 0 is supported"),
    ],
)
def test_preprocessing_that_is_not_usable(config, stated, message):
    with pytest.raises(ConfigError, match=message):
        load_backbone({"model_cfg": config, "preprocess_cfg": stated})


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
        match="open_clip cannot build a model of the config .*: embed_dim must be divisible",
    ):
        load_backbone({**config, "text_cfg": {**config["text_cfg"], "heads": 5}})
    with pytest.raises(
        BackboneError, match="text tower 'roberta-base' of Hugging Face transformers; supported are"
    ):
        load_backbone({**config, "text_cfg": {"hf_model_name": "roberta-base"}})
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


def test_dtype_must_be_floating_point(config):
    with pytest.raises(ConfigError, match=r"dtype is torch.int8; weights are floating point"):
        load_backbone(config, dtype=torch.int8)


# -- open_clip names
# --------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("name", "quick_gelu"),
    [
        ("ViT-B-32/openai", True),
        ("ViT-B-32/laion2b_s34b_b79k", False),
        ("ViT-B-32-quickgelu/openai", True),
        ("ViT-L-14/metaclip_400m", True),
        ("ViT-H-14/laion2b_s32b_b79k", False),
    ],
)
def test_tag_decides_the_activation(name, quick_gelu):
    source = resolve(name)
    assert source.config["quick_gelu"] is quick_gelu
    assert source.name == source.reference == name
    assert resolve(name, quick_gelu=quick_gelu) == source
    with pytest.raises(
        ConfigError, match=f"has quick_gelu {quick_gelu}: weights and activation belong together"
    ):
        resolve(name, quick_gelu=not quick_gelu)


def test_tag_states_preprocessing():
    assert resolve("ViT-B-16-SigLIP/webli").preprocess["mean"] == (0.5, 0.5, 0.5)
    assert resolve("ViT-B-16-SigLIP/webli").preprocess["resize_mode"] == "squash"
    assert "resize_mode" not in resolve("ViT-B-32/openai").preprocess


def test_every_tag_of_open_clip_transformers_resolves():
    import open_clip

    named = {
        f"{name}/{tag}"
        for name, tag in open_clip.list_pretrained()
        if not name.startswith(("roberta", "xlm", "nllb"))
    }
    assert len(named) > 100
    assert all(resolve(name).weights.repo for name in sorted(named) if "mt5" not in name)


def test_activation_of_an_untrained_architecture():
    source = resolve("ViT-B-32", quick_gelu=True)
    assert source.config["quick_gelu"] is True
    assert source.reference == {"architecture": "ViT-B-32", "quick_gelu": True}
    assert resolve(source.reference).config == source.config
    with pytest.raises(
        ConfigError,
        match="quick_gelu is False, but the architecture of ViT-B-32-quickgelu has quick_gelu",
    ):
        resolve("ViT-B-32-quickgelu", quick_gelu=False)
    with pytest.raises(ConfigError, match="quick_gelu is 1; it must be true or false"):
        resolve("ViT-B-32", quick_gelu=1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "VitB32",
            (
                r"the backbone 'VitB32' is unknown \(did you mean ViT-B-32.*\)\. Allowed are a"
                r" preset \(openai"
            ),
        ),
        ("geoclip", r"unknown \(did you mean georsclip.*\)"),
        ("qqq", r"the backbone 'qqq' is unknown\. Allowed are"),
        ("ViT-B-32/laion3b", "ViT-B-32 has no weights 'laion3b'; it has openai, laion400m_e31"),
        ("hf-hub:name", "'hf-hub:name' is not a name on the hub; it has the form hf-hub:ORG/NAME"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(BackboneError, match=message):
        load_backbone(name)


def test_architecture_is_for_weight_files(config):
    for what in ("openai", "ViT-B-32", config):
        with pytest.raises(
            ConfigError,
            match="architecture is for weight files without a preset; .* brings its own",
        ):
            load_backbone(what, architecture="ViT-B-32")


# -- weight files
# -----------------------------------------------------------------------------------------------------


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


def test_activation_may_not_contradict_the_architecture(weight_file, config):
    with pytest.raises(
        ConfigError,
        match="quick_gelu is False, but the architecture of .*own.pt has quick_gelu True",
    ):
        load_backbone(weight_file, architecture=config, quick_gelu=False)


def test_architecture_of_a_weight_file_is_stated(weight_file, tmp_path):
    with pytest.raises(
        ConfigError, match="own.pt is a weight file, which does not say its architecture: state it"
    ):
        load_backbone(weight_file)
    with pytest.raises(
        BackboneError,
        match=r"'ViT-B32' is not an architecture of open_clip \(did you mean ViT-B-32",
    ):
        load_backbone(weight_file, architecture="ViT-B32")
    with pytest.raises(
        MissingFileError, match="none.pt is not there; give the path of an existing file"
    ):
        load_backbone(tmp_path / "none.pt", architecture="ViT-B-32", quick_gelu=True)


def test_description(weight_file, config, backbone):
    described = {
        "file": str(weight_file),
        "architecture": config,
        "preprocess": {"resize_mode": "shortest"},
    }
    loaded = load_backbone(described)
    assert loaded.weights_hash() == backbone.weights_hash()
    assert loaded.preprocess.resize_mode == "shortest"
    assert load_backbone(loaded.reference).preprocess == loaded.preprocess
    with pytest.raises(
        ConfigError,
        match="preprocess is 'squash'; it must be a mapping of mean, std, interpolation",
    ):
        load_backbone({**described, "preprocess": "squash"})
    with pytest.raises(
        ConfigError,
        match="backbone has the unknown key 'weights'; allowed are preset, architecture, file",
    ):
        load_backbone({"file": "a.pt", "weights": 1})
    with pytest.raises(ConfigError, match="quick_gelu is given twice, as False and as True"):
        load_backbone(
            {"file": str(weight_file), "architecture": config, "quick_gelu": True}, quick_gelu=False
        )
    with pytest.raises(BackboneError, match="the preset 'geo' is unknown; allowed are openai"):
        load_backbone({"preset": "geo"})


def test_given_weights(config, backbone):
    assert (
        load_backbone(config, weights=backbone.weights()).weights_hash() == backbone.weights_hash()
    )


@pytest.mark.parametrize(
    "what", ["preset", "preset and file", "file", "name", "name and activation", "config"]
)
def test_reference_of_a_description_leads_to_the_same(weight_file, config, what):
    stated = {"std": [1, 1, 1]}
    described = {
        "preset": {"preset": "openai"},
        "preset and file": {"preset": "openai", "file": weight_file},
        "file": {"file": weight_file, "architecture": "ViT-B-32", "quick_gelu": True},
        "name": {"architecture": "ViT-B-32"},
        "name and activation": {"architecture": "ViT-B-32", "quick_gelu": True},
        "config": {"architecture": config},
    }[what]
    for description in (described, {**described, "preprocess": stated}):
        source = resolve(description)
        again = resolve(json.loads(json.dumps(source.reference)))
        assert again.config == source.config
        assert again.weights == source.weights
        assert again.preprocess == source.preprocess
        assert ("std" in source.preprocess and source.preprocess["std"] == [1, 1, 1]) == (
            "preprocess" in description
        )


# -- presets
# ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_complete(name):
    preset = PRESETS[name]
    source = resolve(name)
    assert source.config["quick_gelu"] is preset.quick_gelu
    assert preset.about
    assert preset.remote.licence
    assert preset.remote.page.startswith("https://")
    assert preset.remote.files
    assert not preset.architecture.endswith("-quickgelu")
    with pytest.raises(
        ConfigError, match=f"but {name} has quick_gelu {preset.quick_gelu}: weights and activation"
    ):
        resolve(name, quick_gelu=not preset.quick_gelu)


def test_presets_and_their_activation():
    assert {name: preset.quick_gelu for name, preset in PRESETS.items()} == {
        "openai": True,
        "laion2b": False,
        "georsclip": True,
        "georsclip-ret2": True,
        "remoteclip": True,
        "skyclip": False,
    }


@pytest.mark.parametrize("form", ["georsclip-ret2:{}", {"preset": "georsclip-ret2"}])
def test_preset_with_a_file_of_ones_own(weight_file, config, backbone, monkeypatch, form):
    monkeypatch.setattr(
        "harma.backbones.sources.find_architecture", lambda name: {**config, "quick_gelu": name}
    )
    what = form.format(weight_file) if isinstance(form, str) else {**form, "file": str(weight_file)}
    loaded = load_backbone(what)
    assert loaded.weights_hash() == backbone.weights_hash()
    assert loaded.name == loaded.reference == f"georsclip-ret2:{weight_file}"
    assert loaded.config["quick_gelu"] is True


def test_preset_with_a_missing_file():
    with pytest.raises(MissingFileError, match="/none/own.pt is not there"):
        load_backbone("georsclip:/none/own.pt")


def test_preset_untrained(caplog):
    backbone = load_backbone("georsclip", pretrained=False)
    assert activation(backbone) == "QuickGELU"
    assert "georsclip: no pretrained weights" in caplog.text
