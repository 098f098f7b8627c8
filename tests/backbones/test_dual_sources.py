"""Opening dual encoders by description, directory, file and hub."""

import json

import pytest
import torch
import yaml
from safetensors.torch import save_file

from harma.backbones import load_backbone
from harma.errors import (
    BackboneError,
    ConfigError,
    MissingDependencyError,
    MissingFileError,
    WeightsError,
)

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture
def donor(tiny_dual):
    """A backbone whose towers stand for published ones."""
    torch.manual_seed(5)
    return load_backbone(tiny_dual)


def bert_files(donor, folder, vocabulary):
    """A text encoder as the hub has them: older names, heads, a config, a vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    rename = {".LayerNorm.weight": ".LayerNorm.gamma", ".LayerNorm.bias": ".LayerNorm.beta"}
    state = {
        "cls.predictions.bias": torch.zeros(40),
        "bert.pooler.dense.weight": torch.zeros(32, 32),
    }
    state["bert.embeddings.position_ids"] = torch.arange(40)[None]
    for name, value in donor.text.encoder.state_dict().items():
        for new, old in rename.items():
            name = name.replace(new, old)
        state[f"bert.{name}"] = value.clone()
    save_file(state, folder / "model.safetensors")
    config = {
        **donor.config["text"]["transformers"],
        "architectures": ["BertForMaskedLM"],
        "auto_map": {"x": "evil.py"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text(vocabulary.read_text())


def trunk_state(donor):
    return {k: v.clone() for k, v in donor.image.trunk.state_dict().items()}


def same(a, b):
    state, other = a.state_dict(), b.state_dict()
    return state.keys() == other.keys() and all(
        torch.equal(state[name], other[name]) for name in state
    )


def test_a_text_encoder_from_a_directory_with_its_own_tokenizer(
    donor, tiny_dual, tmp_path, vocabulary, monkeypatch
):
    bert_files(donor, tmp_path / "bert", vocabulary)
    monkeypatch.chdir(tmp_path)
    text = {"transformers": "bert", "weights": "pretrained", "context_length": 16}
    backbone = load_backbone({**tiny_dual, "text": text})
    assert same(backbone.text.encoder, donor.text.encoder)
    assert torch.equal(backbone.tokenize(["a red roof"]), donor.tokenize(["a red roof"]))
    assert backbone.is_random, "the projections are drawn"
    monkeypatch.chdir("/")
    assert same(load_backbone(backbone.reference).text.encoder, donor.text.encoder)
    untrained = load_backbone(
        {**tiny_dual, "text": {"transformers": str(tmp_path / "bert"), "weights": None}}
    )
    assert not same(untrained.text.encoder, donor.text.encoder)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        # As published files have them: names that the class of the kind does not state.
        (
            "bert",
            {
                "position_embedding_type": "absolute",
                "directionality": "bidi",
                "of_somebodys_own": 1,
            },
        ),
        ("distilbert", {"tie_weights_": True, "max_length": 20}),
        (
            "deberta-v2",
            {
                "position_buckets": 4,
                "norm_rel_ebd": "layer_norm",
                "share_att_key": True,
                "relative_attention": True,
                "pos_att_type": "p2c|c2p",
            },
        ),
    ],
)
def test_published_configs_may_say_more(tiny_dual, tmp_path, kind, keys):
    small = {
        "vocab_size": 40,
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 48,
        "pad_token_id": 0,
    }
    (tmp_path / "config.json").write_text(json.dumps({"model_type": kind, **small, **keys}))
    text = {**tiny_dual["text"], "transformers": str(tmp_path), "weights": None}
    backbone = load_backbone({**tiny_dual, "text": text})
    if kind == "deberta-v2":  # what the class does not state is used
        assert "text.encoder.encoder.LayerNorm.weight" in backbone.weights()
    backbone.save(tmp_path / "model")
    again = load_backbone(str(tmp_path / "model"))
    assert again.weights_hash() == backbone.weights_hash()
    ids = backbone.tokenize(["a red roof"])
    assert torch.equal(again.encode_text(ids), backbone.encode_text(ids))


def test_what_a_release_no_longer_builds_is_named(tiny_dual):
    values = {**tiny_dual["text"]["transformers"], "position_embedding_type": "absolute"}
    load_backbone(
        {**tiny_dual, "text": {**tiny_dual["text"], "transformers": values}}
    )  # as in the original's files
    values["position_embedding_type"] = "relative_key"
    with pytest.raises(
        ConfigError, match="position_embedding_type is 'relative_key', which this release"
    ):
        load_backbone({**tiny_dual, "text": {**tiny_dual["text"], "transformers": values}})


def test_a_folder_called_pretrained_is_no_weights(
    donor, tiny_dual, tmp_path, vocabulary, monkeypatch
):
    bert_files(donor, tmp_path / "bert", vocabulary)
    (tmp_path / "pretrained").mkdir()
    monkeypatch.chdir(tmp_path)
    text = {"transformers": tmp_path / "bert", "weights": "pretrained", "context_length": 16}
    backbone = load_backbone({**tiny_dual, "text": text})
    assert backbone.reference["text"] == {**text, "transformers": str(tmp_path / "bert")}
    given = load_backbone({**tiny_dual, "text": {**text, "weights": tmp_path / "bert"}})
    assert same(given.text.encoder, donor.text.encoder)
    json.dumps(given.reference)


@pytest.mark.parametrize("form", ["safetensors", "pickle of Microsoft's", "flat"])
def test_image_weights_from_a_file(donor, tiny_dual, tmp_path, form):
    state = {
        **trunk_state(donor),
        "head.fc.weight": torch.zeros(7, 32),
        "head.fc.bias": torch.zeros(7),
    }
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pth")
    if form == "safetensors":
        save_file(state, path)
    else:
        torch.save({"model": state} if "pickle" in form else state, path)
    backbone = load_backbone({**tiny_dual, "image": {**tiny_dual["image"], "weights": str(path)}})
    assert same(backbone.image.trunk, donor.image.trunk)
    assert backbone.reference["image"]["weights"] == str(path)


def test_a_file_with_everything(donor, tiny_dual, tmp_path):
    save_file(
        {name: value.clone() for name, value in donor.weights().items()},
        tmp_path / "all.safetensors",
    )
    backbone = load_backbone({**tiny_dual, "weights": str(tmp_path / "all.safetensors")})
    assert backbone.weights_hash() == donor.weights_hash()
    assert not backbone.is_random
    given = load_backbone(tiny_dual, weights=donor.weights())
    assert given.weights_hash() == donor.weights_hash()
    drawn = load_backbone(
        {**tiny_dual, "weights": str(tmp_path / "all.safetensors")}, pretrained=False
    )
    assert drawn.weights_hash() != donor.weights_hash()


def test_weights_that_do_not_fit_are_listed(donor, tiny_dual, tmp_path):
    state = trunk_state(donor)
    state["layers.0.blocks.0.norm1.bias"] = torch.zeros(3)
    del state["norm.weight"]
    state["extra"] = torch.zeros(1)
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(
        WeightsError,
        match=r"1 missing \(norm.weight\).*1 unexpected \(extra\).*blocks.0.norm1.bias",
    ):
        load_backbone(
            {
                **tiny_dual,
                "image": {**tiny_dual["image"], "weights": str(tmp_path / "w.safetensors")},
            }
        )


def test_weights_of_another_kind_of_model_are_named(tiny_dual, tmp_path):
    save_file(
        {"conv1.weight": torch.zeros(3), "patch_embed.proj.weight": torch.zeros(3)},
        tmp_path / "w.safetensors",
    )
    with pytest.raises(
        WeightsError, match=r"w.safetensors: timm cannot read these weights as those of swin_tiny"
    ):
        load_backbone(
            {
                **tiny_dual,
                "image": {**tiny_dual["image"], "weights": str(tmp_path / "w.safetensors")},
            }
        )


def test_a_yaml_file_describes_one(donor, tiny_dual, tmp_path):
    (tmp_path / "dual.yaml").write_text(yaml.safe_dump(tiny_dual))
    backbone = load_backbone(tmp_path / "dual.yaml", dtype=torch.float64)
    assert backbone.config == donor.config
    assert backbone.encode_image(torch.randn(1, 3, 32, 32)).dtype == torch.float64
    (tmp_path / "dual.json").write_text(json.dumps(tiny_dual))
    assert load_backbone(tmp_path / "dual.json").config == donor.config


def test_numbers_that_yaml_reads_as_text(tiny_dual):
    values = {**tiny_dual["text"]["transformers"], "layer_norm_eps": "1e-6"}
    backbone = load_backbone({**tiny_dual, "text": {**tiny_dual["text"], "transformers": values}})
    assert backbone.text.encoder.embeddings.LayerNorm.eps == 1e-6


def test_preprocessing_is_timms_unless_stated(tiny_dual):
    assert load_backbone(tiny_dual).preprocess.mean == (0.485, 0.456, 0.406)
    stated = load_backbone(
        {**tiny_dual, "preprocess": {"mean": [0.5, 0.5, 0.5], "interpolation": "bilinear"}}
    ).preprocess
    assert (stated.mean, stated.std, stated.interpolation) == (
        (0.5, 0.5, 0.5),
        (0.229, 0.224, 0.225),
        "bilinear",
    )


# -- the hub ---------------------------------------------------------------------------------------


def test_both_towers_from_a_hub(hub, donor, tiny_dual, tmp_path, vocabulary, monkeypatch):
    bert_files(donor, hub.root / "some" / "bert", vocabulary)
    (hub.root / "some" / "swin").mkdir()
    save_file(trunk_state(donor), hub.root / "some" / "swin" / "model.safetensors")
    what = {
        "image": {**tiny_dual["image"], "weights": "hf-hub:some/swin"},
        "text": {"transformers": "some/bert", "weights": "pretrained", "context_length": 16},
        "embed_dim": 16,
    }
    with pytest.raises(MissingFileError, match=r"config.json of some/bert .*Allow the download"):
        load_backbone(what)
    assert not hub.requests
    backbone = load_backbone(what, allow_download=True)
    assert same(backbone.image.trunk, donor.image.trunk)
    assert same(backbone.text.encoder, donor.text.encoder)
    assert torch.equal(backbone.tokenize(["a red roof"]), donor.tokenize(["a red roof"]))
    count = len(hub.requests)
    again = load_backbone(what)  # from the cache now
    assert torch.equal(again.tokenize(["green"]), donor.tokenize(["green"]))
    assert len(hub.requests) == count
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    what["image"]["weights"] = "hf-hub:some/other"
    with pytest.raises(MissingFileError, match="HF_HUB_OFFLINE is set"):
        load_backbone(what, allow_download=True)


def test_a_name_of_bert_beside_an_own_config(hub, tiny_dual):
    text = {**tiny_dual["text"], "weights": "bert-base-uncased"}
    with pytest.raises(
        MissingFileError, match="model.safetensors of google-bert/bert-base-uncased"
    ):
        load_backbone({**tiny_dual, "text": text})


def test_named_ones_say_what_they_lack(hub):
    with pytest.raises(
        MissingFileError,
        match=r"the image weights of swin-bert: model.safetensors of timm/swin_tiny",
    ):
        load_backbone("swin-bert")


# -- errors ----------------------------------------------------------------------------------------


def changed(description, path, value):
    description = json.loads(json.dumps(description))
    *parents, last = path.split(".")
    part = description
    for name in parents:
        part = part[name]
    if value is KeyError:
        del part[last]
    else:
        part[last] = value
    return description


@pytest.mark.parametrize(
    ("path", "value", "error", "message"),
    [
        (
            "image.timm",
            "swin_tiny_patch4_window7_225",
            BackboneError,
            r"is not a model of timm \(did you mean swin_tiny",
        ),
        (
            "image",
            {"timm": "swin_tiny_patch4_window7_224.nobody", "weights": "pretrained"},
            BackboneError,
            "timm has no weights 'swin_tiny_patch4_window7_224.nobody'; it has .*ms_in1k",
        ),
        (
            "image.depth",
            [1],
            ConfigError,
            "timm cannot build swin_tiny_patch4_window7_224 with .*depth",
        ),
        (
            "image.global_pool",
            "",
            ConfigError,
            "global_pool is '', but an image has one embedding; leave it out",
        ),
        ("image.num_classes", 3, ConfigError, "num_classes cannot be set"),
        (
            "image.weights",
            KeyError,
            ConfigError,
            "image does not say which weights it has; state pretrained, a file",
        ),
        (
            "image.weights",
            "nowhere.pth",
            MissingFileError,
            "image: weights: nowhere.pth is not there; state pretrained",
        ),
        ("image.weights", 3, ConfigError, "image: weights is 3; state pretrained"),
        ("image", "swin", ConfigError, "image is 'swin'; it must be a mapping with timm"),
        ("text", KeyError, ConfigError, "text is None; it must be a mapping with transformers"),
        (
            "text.weights",
            "pretrained",
            ConfigError,
            "an own config has none; give a file, a directory, or null",
        ),
        (
            "text.tokeniser",
            "x",
            ConfigError,
            r"text has the unknown key 'tokeniser' \(did you mean tokenizer\?\)",
        ),
        (
            "text.transformers.hiden_size",
            3,
            ConfigError,
            r"unknown key 'hiden_size' \(did you mean hidden_size",
        ),
        ("text.transformers.hidden_size", 33, ConfigError, "transformers cannot build"),
        (
            "text.transformers.hidden_size",
            "big",
            ConfigError,
            "a bert cannot have these values .*hidden_size",
        ),
        (
            "text.transformers.model_type",
            "bird",
            BackboneError,
            "the model type 'bird' cannot be used",
        ),
        ("text.transformers", {"model_type": "gpt2"}, BackboneError, "gpt2 is no encoder"),
        ("text.transformers", {"model_type": "bart"}, BackboneError, "bart is no encoder"),
        ("text.transformers.pad_token_id", None, ConfigError, "has no pad_token_id"),
        ("text.transformers", {"model_type": "perceiver"}, ConfigError, "has no pad_token_id"),
        (
            "text.context_length",
            41,
            ConfigError,
            "context_length is 41; this encoder has 40 positions",
        ),
        (
            "text.context_length",
            0,
            ConfigError,
            "context_length is 0; it must be a whole number from 1",
        ),
        ("embed_dim", "512", ConfigError, "embed_dim is '512'; it must be a whole number"),
        ("embeddim", 3, ConfigError, r"unknown key 'embeddim' \(did you mean embed_dim\?\)"),
        ("preprocess", 3, ConfigError, "preprocess is 3; it must be a mapping"),
        ("preprocess", {"blur": 1}, ConfigError, "preprocessing has the unknown key 'blur'"),
        ("weights", "all.safetensors", MissingFileError, "weights: all.safetensors is not there"),
    ],
)
def test_unusable_descriptions_are_named(tiny_dual, path, value, error, message):
    with pytest.raises(error, match=message):
        load_backbone(changed(tiny_dual, path, value))


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            {"transformers": "./nowhere", "weights": None},
            MissingFileError,
            "./nowhere is not there",
        ),
        ({"transformers": "a/b/c", "weights": None}, BackboneError, "has the form ORG/NAME"),
        (
            {"transformers": "bert-base-uncased"},
            ConfigError,
            "text does not say which weights it has",
        ),
    ],
)
def test_unusable_texts_are_named(tiny_dual, text, error, message):
    with pytest.raises(error, match=message):
        load_backbone({**tiny_dual, "text": text})


def test_options_of_clip_are_refused(tiny_dual):
    with pytest.raises(ConfigError, match="architecture and quick_gelu are for CLIP models"):
        load_backbone(tiny_dual, quick_gelu=True)


def test_without_transformers_it_says_what_to_install(tiny_dual, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'harma\[dual\]'"):
        load_backbone(tiny_dual)
