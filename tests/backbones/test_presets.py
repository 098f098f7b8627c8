"""Presets: complete, and each with the activation it was trained with."""

import pytest

from harma.backbones import PRESETS
from harma.backbones.sources import resolve
from harma.errors import ConfigError


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


def test_presets_are_vit_b_32_at_224_pixels():
    for preset in PRESETS.values():
        assert preset.architecture == "ViT-B-32"
        assert preset.preprocess.size == (224, 224)
        assert (preset.preprocess.interpolation, preset.preprocess.resize_mode) == (
            "bicubic",
            "squash",
        )
