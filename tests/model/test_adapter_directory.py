"""Adapter directories: what is written is read; configs that cannot be used are named."""

import json

import pytest
import torch

from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.model.adapter_directory import (
    SavedAdapter,
    is_adapter_directory,
    read_about,
    read_adapter,
    write_adapter,
)

ABOUT = {"backbone": {"name": "openai", "weights_hash": "sha256:1"}, "metrics": {"mR": 1.5}}
STATE = {"image.0.gate": torch.tensor(0.25), "temperature": torch.tensor(0.07)}


def saved(method, options):
    return SavedAdapter(method, options, STATE, ABOUT)


@pytest.mark.parametrize(
    ("method", "options", "on_disk"),
    [
        ("harma", {"num_heads": 2}, {"adapter": {"num_heads": 2}}),
        ("lora", {"rank": 4}, {"method": "lora", "options": {"rank": 4}}),
    ],
)
def test_what_is_written_is_read(tmp_path, method, options, on_disk):
    for card in ("# old", "# card"):
        write_adapter(tmp_path / "a", saved(method, options), card)
    assert is_adapter_directory(tmp_path / "a")
    content = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert content == {"format": "harma-adapter", "version": 1, **on_disk, **ABOUT}
    assert (tmp_path / "a" / "README.md").read_text() == "# card"
    read = read_adapter(tmp_path / "a")
    assert (read.method, read.options) == (method, options)
    assert read.state == STATE
    assert read.about["metrics"] == {"mR": 1.5}
    assert not {"adapter", "options"} & read.about.keys()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": "peft"}, "is not a config of HarMA's; its format must be 'harma-adapter'"),
        ({"adapter": ...}, "is not a config of HarMA's"),
        ({"version": 2}, "has version 2; this HarMA reads version 1"),
        ({"backbone": "openai"}, "does not say which backbone the adapter belongs to"),
        ({"backbone": {"name": "openai"}}, "does not say which backbone the adapter belongs to"),
        ({"method": 3}, "method is 3; it must be a name"),
        ({"method": "lora"}, "lacks options, the options of the method lora"),
        ({"adapter": None}, "lacks adapter, the options of the method harma"),
        ({"metrics": [1]}, r"metrics is \[1\]; it must be a mapping"),
        ({"preprocess": "clip"}, "preprocess is 'clip'; it must be a mapping"),
    ],
)
def test_configs_that_cannot_be_used_are_named(tmp_path, changes, message):
    write_adapter(tmp_path / "a", saved("harma", {"num_heads": 2}), "")
    path = tmp_path / "a" / "adapter_config.json"
    content = {**json.loads(path.read_text()), **changes}
    content = {key: value for key, value in content.items() if value is not ...}
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=message):
        read_about(tmp_path / "a")


def test_files_that_are_missing_or_damaged_are_named(tmp_path):
    with pytest.raises(MissingFileError, match="adapter_config.json is not there; .* is no"):
        read_adapter(tmp_path)
    write_adapter(tmp_path / "a", saved("harma", {"num_heads": 2}), "")
    weights = tmp_path / "a" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-3])
    with pytest.raises(WeightsError, match=r"cannot be read \(.*\); copy or save the adapter"):
        read_adapter(tmp_path / "a")
    weights.unlink()
    with pytest.raises(MissingFileError, match="adapter_model.safetensors is not there; an"):
        read_adapter(tmp_path / "a")


def test_what_is_no_adapter_is_not_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match="holds files but no adapter; choose a new or an empty"):
        write_adapter(tmp_path, saved("harma", {}), "")
    assert (tmp_path / "mine.txt").read_text() == "x"
