"""Configs of text encoders: completed, and refused where they cannot be built."""

import pytest

from harma.backbones.transformers_config import check_text_config
from harma.errors import BackboneError, ConfigError


def test_a_config_is_completed_and_loses_what_is_no_architecture():
    config = check_text_config(
        {"hidden_size": 32, "_name_or_path": "x", "architectures": ["BertModel"]}, "text"
    )
    assert (config["model_type"], config["hidden_size"], config["pad_token_id"]) == ("bert", 32, 0)
    assert config["num_hidden_layers"] == 12
    assert not {"_name_or_path", "architectures", "transformers_version"} & config.keys()
    assert check_text_config(config, "text") == config


def test_numbers_that_yaml_reads_as_text_are_numbers():
    assert check_text_config({"layer_norm_eps": "1e-12"}, "text")["layer_norm_eps"] == 1e-12


def test_a_published_file_may_say_more():
    more = {"hidden_size": 32, "of_a_later_release": 1, "position_embedding_type": "absolute"}
    assert "of_a_later_release" in check_text_config(more, "c.json", is_file=True)
    with pytest.raises(ConfigError, match="text has the unknown key 'of_a_later_release'"):
        check_text_config(more, "text")


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"hiden_size": 3}, ConfigError, "text has the unknown key 'hiden_size'.*hidden_size"),
        ({"model_type": "brt"}, BackboneError, "text: the model type 'brt' cannot be used"),
        ({"model_type": "gpt2"}, BackboneError, "text: gpt2 is no encoder; take one such as bert"),
        ({"is_decoder": True}, BackboneError, "text: bert is no encoder"),
        ({"pad_token_id": None}, ConfigError, "text has no pad_token_id"),
        ({"hidden_size": "wide"}, ConfigError, "text: a bert cannot have these values"),
        (
            {"position_embedding_type": "relative_key"},
            ConfigError,
            "position_embedding_type is 'relative_key', which this release",
        ),
    ],
)
def test_what_cannot_be_built_is_named(values, error, message):
    with pytest.raises(error, match=message):
        check_text_config(values, "text")
