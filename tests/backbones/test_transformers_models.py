"""CLIP, MetaCLIP 2 and SigLIP in transformers' layout: embedded as transformers embeds them."""

import json

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from tests.backbones.stand_ins import (
    SIGLIP_TRUNK,
    embedded,
    write_clip,
    write_siglip,
)

from harma.backbones import load_backbone, transformers_models
from harma.backbones.architecture import find_architecture
from harma.errors import BackboneError, ConfigError, WeightsError

PIXELS = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
CLIP_TEXTS = ["a river", "two planes are parked beside the long runway", "x"]


@pytest.fixture(autouse=True)
def small_siglip(monkeypatch):
    monkeypatch.setitem(transformers_models.SIGLIP_TRUNKS, (48, 2, 3, 192), "standin")


def same(backbone, reference, token_ids):
    with torch.no_grad():
        own = [backbone.encode_image(PIXELS), backbone.encode_text(token_ids)]
    for ours, theirs in zip(own, embedded(reference, PIXELS, token_ids), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
@pytest.mark.parametrize("eps", [1e-5, 1e-6])
def test_clip_embeds_as_in_transformers(tmp_path, activation, eps):
    options = {"hidden_act": activation, "layer_norm_eps": eps}
    reference = write_clip(tmp_path, text=options, vision=options)
    backbone = load_backbone(tmp_path)
    token_ids = backbone.tokenize(CLIP_TEXTS)
    same(backbone, reference, token_ids)
    assert not backbone.is_random
    assert backbone.preprocess.mean == (0.5, 0.4, 0.3)
    assert (backbone.preprocess.interpolation, backbone.preprocess.resize_mode) == (
        "bicubic",
        "shortest",
    )


def test_clips_tokens_are_those_of_open_clip_and_padding_changes_nothing(tmp_path):
    """transformers pads CLIP's texts with the end token, open_clip with 0; none sees either."""
    reference = write_clip(tmp_path, text={"eos_token_id": 2})
    backbone = load_backbone(tmp_path)
    token_ids = backbone.tokenize(CLIP_TEXTS)
    padded = token_ids.masked_fill(token_ids == 0, 49407)
    with torch.no_grad():
        ours = backbone.encode_text(token_ids)
    theirs = embedded(reference, PIXELS, padded)[1]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_metaclip_2_is_read_at_its_end_token(tmp_path):
    texts = {"eos_token_id": 2, "vocab_size": 300}
    reference = write_clip(tmp_path, "metaclip_2", text=texts)
    backbone = load_backbone(tmp_path)
    token_ids = torch.randint(3, 300, (3, 77), generator=torch.Generator().manual_seed(3))
    for row, end in enumerate((4, 20, 76)):
        token_ids[row, end] = 2
        token_ids[row, end + 1 :] = 1
    same(backbone, reference, token_ids)
    assert backbone.trims_text
    assert backbone.text_lengths(token_ids).tolist() == [5, 21, 77]


@pytest.mark.parametrize("activation", ["gelu_pytorch_tanh", "gelu"])
def test_siglip_embeds_as_in_transformers_and_so_when_saved(tmp_path, activation):
    reference = write_siglip(tmp_path / "theirs", activation=activation)
    backbone = load_backbone(tmp_path / "theirs")
    token_ids = torch.randint(2, 300, (3, 16), generator=torch.Generator().manual_seed(3))
    same(backbone, reference, token_ids)
    assert torch.equal(backbone.weights()["logit_bias"].reshape(1), reference.logit_bias.detach())
    backbone.save(tmp_path / "ours")
    again = load_backbone(tmp_path / "ours")
    same(again, reference, token_ids)
    assert again.weights_hash() == backbone.weights_hash()
    again.save(tmp_path / "thrice")
    same(load_backbone(tmp_path / "thrice"), reference, token_ids)


def test_weight_files_with_their_config_beside_or_an_architecture(tmp_path):
    reference = write_clip(tmp_path)
    file = tmp_path / "model.safetensors"
    backbone = load_backbone(file)
    token_ids = backbone.tokenize(CLIP_TEXTS)
    same(backbone, reference, token_ids)
    named = {"file": str(file), "architecture": backbone.config, "quick_gelu": True}
    same(load_backbone(named), reference, token_ids)


def test_every_name_is_checked(tmp_path):
    write_clip(tmp_path)
    file = tmp_path / "model.safetensors"
    state = load_file(file)
    del state["text_model.encoder.layers.1.self_attn.k_proj.weight"]
    state["vision_model.encoder.layers.0.extra"] = torch.zeros(2)
    save_file(state, file)
    with pytest.raises(WeightsError) as error:
        load_backbone(tmp_path)
    message = str(error.value)
    assert "missing (transformer.resblocks.1.attn.in_proj_weight)" in message
    assert "text_model.encoder.layers.1.self_attn.q_proj.weight" in message
    assert "visual.transformer.resblocks.0.extra" in message


def test_a_file_of_another_model_is_refused_by_name(tmp_path, config):
    write_siglip(tmp_path)
    named = {"file": str(tmp_path / "model.safetensors"), "architecture": config}
    with pytest.raises(WeightsError, match=r"unexpected \(logit_bias, text.positional_embedding"):
        load_backbone(named)


def test_constants_of_older_releases_are_left_out(tmp_path):
    write_clip(tmp_path)
    file = tmp_path / "model.safetensors"
    ids = torch.arange(77)[None]
    save_file({**load_file(file), "text_model.embeddings.position_ids": ids}, file)
    load_backbone(tmp_path)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"model_type": "blip"}, BackboneError, "model of the type 'blip'; .* clip, metaclip_2"),
        ({"text_config": [1]}, ConfigError, r"text_config is \[1\]; it must be a mapping"),
        (
            {"vision_config": {"hidden_act": "gelu"}},
            ConfigError,
            "activations are gelu, quick_gelu; both towers must have quick_gelu",
        ),
        ({"vision_config": {"num_channels": 10}}, BackboneError, "images have 10 channels"),
    ],
)
def test_configs_that_cannot_be_built(tmp_path, change, error, message):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model_type": "clip", **change}))
    with pytest.raises(error, match=message):
        transformers_models.read_transformers_model(file, None, "here")


def test_a_siglip_of_an_unknown_size_is_refused_with_those_there_are(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model_type": "siglip", "vision_config": {"hidden_size": 99}}))
    with pytest.raises(
        BackboneError, match="hidden_size 99.* it has .*vit_base_patch16_siglip_256"
    ):
        transformers_models.read_transformers_model(file, None, "here")


@pytest.mark.parametrize("kind", ["clip", "metaclip_2", "siglip"])
def test_what_a_config_leaves_out_is_as_in_transformers(kind):
    from transformers import AutoConfig

    theirs = AutoConfig.for_model(kind)
    for ours, of_theirs in zip(
        transformers_models.KINDS[kind], (theirs.text_config, theirs.vision_config), strict=True
    ):
        assert {key: getattr(of_theirs, key) for key in ours} == ours


def test_real_configs_become_those_that_open_clip_ships(tmp_path):
    """Of openai/clip-vit-base-patch32 and google/siglip-so400m-patch14-384, as published."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model_type": "clip", "projection_dim": 512}))
    config = transformers_models.read_transformers_model(file, None, "here").config
    shipped = find_architecture("ViT-B-32-quickgelu")
    config["vision_cfg"].pop("head_width")
    assert config == shipped
    sizes = {
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_attention_heads": 16,
        "num_hidden_layers": 27,
    }
    file.write_text(
        json.dumps(
            {
                "model_type": "siglip",
                "text_config": sizes,
                "vision_config": {**sizes, "image_size": 384, "patch_size": 14},
            }
        )
    )
    model = transformers_models.read_transformers_model(file, None, "here")
    shipped = find_architecture("ViT-SO400M-14-SigLIP-384")
    assert model.config["vision_cfg"].items() <= shipped["vision_cfg"].items()
    assert model.config["text_cfg"]["mlp_ratio"] == pytest.approx(
        shipped["text_cfg"]["mlp_ratio"], abs=1e-3
    )
    for key in ("width", "heads", "layers", "vocab_size", "context_length", "pool_type"):
        assert model.config["text_cfg"][key] == shipped["text_cfg"][key]
    assert model.trunk_gelu == "tanh"


def test_the_stand_ins_trunk_is_no_model_of_timms_own():
    assert timm.is_model(SIGLIP_TRUNK)
