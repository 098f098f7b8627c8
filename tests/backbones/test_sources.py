"""What names, paths and mappings stand for."""

import json

import pytest

from harma.backbones import load_backbone
from harma.backbones.sources import resolve
from harma.errors import BackboneError, ConfigError, MissingFileError


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


def test_preset_with_a_missing_file():
    with pytest.raises(MissingFileError, match="/none/own.pt is not there"):
        load_backbone("georsclip:/none/own.pt")
