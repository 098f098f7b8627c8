"""Presets: complete, and each with the activation it was trained with."""

import copy

import pytest
from tests.backbones.small import small_config, small_parts  # noqa: F401
from tests.methods.adapted import adapted

from harma.backbones import PRESETS, load_backbone
from harma.backbones.preprocess import preprocess_from
from harma.backbones.sources import resolve
from harma.data.clip_pixels import CLIP_MEAN
from harma.errors import BackboneError, ConfigError
from harma.methods.table import METHODS


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
        "remoteclip-l14": True,
        "georsclip-l14": True,
        "georsclip-h14": False,
        "skyclip-l14": True,
        "farslip-b32": True,
        "farslip-b16": True,
        "rs-m-clip": False,
        "git-rsclip": False,
        "git-rsclip-base": False,
        "llama3-ms-clip": False,
    }


def test_presets_take_images_as_their_models_were_trained():
    of_pictures = [name for name, preset in PRESETS.items() if preset.preprocess.bands is None]
    assert len(of_pictures) == len(PRESETS) - 1
    for name in of_pictures:
        preset = PRESETS[name]
        of_siglip = name.startswith("git-rsclip")
        assert preset.preprocess.size == ((256, 256) if of_siglip else (224, 224))
        assert preset.preprocess.mean[0] == (0.5 if of_siglip else CLIP_MEAN[0])
        assert (preset.preprocess.interpolation, preset.preprocess.resize_mode) == (
            "bicubic",
            "squash",
        )


def test_ten_bands_are_read_as_their_model_was_trained():
    source = resolve("llama3-ms-clip")
    preprocess = preprocess_from(source.preprocess, 224, source.name)
    assert preprocess.resize_mode == "shortest"
    assert preprocess.bands is not None
    assert " ".join(preprocess.bands.names) == "B02 B03 B04 B05 B06 B07 B08 B8A B11 B12"
    # As its code states them: digital numbers with 1000 added, which are taken off.
    assert preprocess.mean[0] == pytest.approx((1925.161 - 1000) / 10000)
    assert preprocess.std[-1] == pytest.approx(1365.08 / 10000)


def test_git_rsclip_computes_gelu_and_tokens_as_in_transformers():
    source = resolve("git-rsclip")
    assert source.trunk_gelu == "tanh"
    assert source.config["text_cfg"]["act_kwargs"] == {"approximate": "tanh"}
    assert source.config["text_cfg"]["hf_tokenizer_name"] == "lcybuaa/Git-RSCLIP"
    assert "tokenizer_kwargs" not in source.config["text_cfg"]
    assert PRESETS["git-rsclip"].activation == "GELU (tanh)"


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    "architecture", sorted({preset.architecture for preset in PRESETS.values()})
)
def test_presets_take_exactly_the_methods_that_they_say(architecture):
    said = {p.not_taken for p in PRESETS.values() if p.architecture == architecture}
    assert len(said) == 1
    backbone = load_backbone(small_config(architecture))
    refused = []
    for method in METHODS:
        try:
            adapted(copy.deepcopy(backbone), method)
        except BackboneError:
            refused.append(method)
    assert tuple(refused) == said.pop()
