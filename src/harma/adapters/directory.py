"""Adapter directories: adapter_config.json, adapter_model.safetensors and a model card (DESIGN, On disk)."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from harma.adapters.config import AdapterConfig
from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.files import read_yaml, recover_directory, replacing_directory

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
FORMAT = "harma-adapter"


def is_adapter_directory(directory: Path) -> bool:
    """Whether a directory holds a saved adapter."""
    recover_directory(directory)
    return (directory / CONFIG_FILE).is_file()


def write_adapter(
    directory: Path, config: AdapterConfig, state: Mapping[str, Tensor], about: Mapping[str, Any], card: str
) -> None:
    """Write an adapter directory, whole or not at all; an older one in its place is replaced.

    Args:
        directory: where.
        config: options of the adapters.
        state: weights by their flat names, temperature included.
        about: backbone, preprocessing, data, metrics: what `read_adapter` gives back.
        card: the model card, Markdown.

    Raises:
        ConfigError: the directory holds something else.
    """
    if directory.exists() and not is_adapter_directory(directory) and any(directory.iterdir()):
        raise ConfigError(f"{directory} holds files but no adapter; choose a new or an empty directory")
    content = {"format": FORMAT, "version": 1, "adapter": asdict(config), **about}
    with replacing_directory(directory) as temporary:
        (temporary / CONFIG_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        save_file({name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()},
                  temporary / WEIGHTS_FILE, metadata={"format": "pt"})  # fmt: skip
        (temporary / "README.md").write_text(card, encoding="utf-8")


def read_adapter(directory: Path) -> tuple[AdapterConfig, dict[str, Tensor], dict[str, Any]]:
    """Read an adapter directory: options, weights, and what is said about them.

    Raises:
        MissingFileError: a file is missing.
        ConfigError: the config is not one of ours.
        WeightsError: the weights cannot be read.
    """
    about = read_about(directory)
    path = directory / WEIGHTS_FILE
    if not path.is_file():
        raise MissingFileError(f"{path} is not there; an adapter directory holds {CONFIG_FILE} and {WEIGHTS_FILE}")
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} cannot be read ({error}); copy or save the adapter again") from error
    try:
        config = AdapterConfig(**about.pop("adapter"))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{directory / CONFIG_FILE}: the adapter's options are not known ({error})") from error
    return config, state, about


def read_about(directory: Path) -> dict[str, Any]:
    """Read what an adapter directory says about itself.

    Raises:
        MissingFileError: it has no config.
        ConfigError: the config is not one of ours.
    """
    path = directory / CONFIG_FILE
    if not path.is_file():
        raise MissingFileError(f"{path} is not there; {directory} is no adapter directory")
    content = read_yaml(path, "the adapter's config")
    if not isinstance(content, dict) or content.get("format") != FORMAT or "adapter" not in content:
        raise ConfigError(f"{path} is not a config of HarMA's; its format must be {FORMAT!r}")
    if content.get("version") != 1:
        raise ConfigError(f"{path} has version {content.get('version')!r}; this HarMA reads version 1")
    if not isinstance(content.get("backbone"), dict) or not {"name", "weights_hash"} <= content["backbone"].keys():
        raise ConfigError(f"{path} does not say which backbone the adapter belongs to (backbone: name, weights_hash)")
    for key in ("adapter", "data", "metrics", "parameters", "preprocess"):
        if not isinstance(content.get(key) or {}, dict):
            raise ConfigError(f"{path}: {key} is {content[key]!r}; it must be a mapping")
    return content
