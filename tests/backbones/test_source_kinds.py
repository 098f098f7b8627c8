"""Kinds of backbone sources: what each kind of name stands for."""

import pytest

from harma.backbones.presets import PRESETS
from harma.backbones.source_kinds import (
    BackboneSource,
    from_architecture,
    from_config,
    from_directory,
    from_file,
    from_hub,
    from_preset,
)
from harma.errors import BackboneError, ConfigError, MissingFileError


def test_an_architecture_has_no_weights():
    plain = from_architecture("ViT-B-32", None)
    assert (plain.reference, plain.weights) == ("ViT-B-32", None)
    assert "quick_gelu" not in plain.config
    quick = from_architecture("ViT-B-32", True)
    assert quick.config["quick_gelu"] is True
    assert quick.reference == {"architecture": "ViT-B-32", "quick_gelu": True}


def test_weights_and_activation_of_a_preset_belong_together():
    for name, preset in PRESETS.items():
        source = from_preset(name)
        assert source.config["quick_gelu"] is preset.quick_gelu
        assert source.weights is preset.remote


def test_a_preset_with_a_file_of_ones_own(weight_file):
    source = from_preset(f"openai:{weight_file}")
    assert source.weights == weight_file.resolve()
    assert source.reference == f"openai:{weight_file.resolve()}"
    with pytest.raises(MissingFileError, match=r"none.pt is not there"):
        from_preset("openai:none.pt")


def test_the_activation_of_a_weight_file_is_never_guessed(weight_file, config):
    bare = {key: value for key, value in config.items() if key != "quick_gelu"}
    with pytest.raises(ConfigError, match="the activation cannot be seen from the weights"):
        from_file(weight_file, bare, None)
    with pytest.raises(ConfigError, match="does not say its architecture"):
        from_file(weight_file, None, True)
    for stated in (True, False):
        assert from_file(weight_file, bare, stated).config["quick_gelu"] is stated
    with pytest.raises(ConfigError, match="quick_gelu is False, but .* has quick_gelu True"):
        from_file(weight_file, config, False)


def test_a_stated_activation_is_part_of_the_reference(config):
    bare = {key: value for key, value in config.items() if key != "quick_gelu"}
    assert from_config(bare, "mine", "mine.yaml", None).reference == "mine.yaml"
    stated = from_config(bare, "mine", "mine.yaml", True)
    assert stated.reference["quick_gelu"] is True
    assert stated.reference["architecture"] == bare


@pytest.mark.parametrize("name", ["hf-hub:org", "hf-hub:/name", "hf-hub:a/b/c"])
def test_names_on_the_hub(name):
    with pytest.raises(BackboneError, match="it has the form hf-hub:ORG/NAME"):
        from_hub(name, allow_download=False)


def test_a_directory_of_adapters_is_no_backbone(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    with pytest.raises(BackboneError, match="holds adapters, not a backbone"):
        from_directory(tmp_path)


def test_weights_that_are_a_path_or_none_need_no_download(weight_file):
    assert BackboneSource("a", "a", {}).find_weights(allow_download=False) is None
    source = BackboneSource("a", "a", {}, weights=weight_file)
    assert source.find_weights(allow_download=False) == weight_file
