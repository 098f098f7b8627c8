"""Adapter directories: adapter_config.json, adapter_model.safetensors and a model card (DESIGN, On disk).

The config of HarMA's adapters has their options under "adapter"; that of any other method names it
under "method" and has its options under "options".
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.ground.files import recover_directory, replacing_directory
from harma.ground.reading import read_yaml

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
FORMAT = "harma-adapter"
HARMA = "harma"


class SavedAdapter(NamedTuple):
    """What an adapter directory holds.

    Attributes:
        method: what was trained.
        options: its options, not checked yet.
        state: weights by their flat names, temperature included.
        about: backbone, preprocessing, data, metrics.
    """

    method: str
    options: dict[str, Any]
    state: dict[str, Tensor]
    about: dict[str, Any]


def is_adapter_directory(directory: Path) -> bool:
    """Whether a directory holds a saved adapter."""
    recover_directory(directory)
    return (directory / CONFIG_FILE).is_file()


def write_adapter(
    directory: Path,
    method: str,
    options: Mapping[str, Any],
    state: Mapping[str, Tensor],
    about: Mapping[str, Any],
    card: str,
) -> None:
    """Write an adapter directory, whole or not at all; an older one in its place is replaced.

    Args:
        directory: where.
        method: what was trained, "harma" or another.
        options: its options.
        state: weights by their flat names, temperature included.
        about: backbone, preprocessing, data, metrics: what `read_adapter` gives back.
        card: the model card, Markdown.

    Raises:
        ConfigError: the directory holds something else.
    """
    if directory.exists() and not is_adapter_directory(directory) and any(directory.iterdir()):
        raise ConfigError(
            f"{directory} holds files but no adapter; choose a new or an empty directory"
        )
    own = (
        {"adapter": dict(options)}
        if method == HARMA
        else {"method": method, "options": dict(options)}
    )
    content = {"format": FORMAT, "version": 1, **own, **about}
    with replacing_directory(directory) as temporary:
        (temporary / CONFIG_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        save_file(
            {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state.items()},
            temporary / WEIGHTS_FILE,
            metadata={"format": "pt"},
        )
        (temporary / "README.md").write_text(card, encoding="utf-8")


def read_adapter(directory: Path) -> SavedAdapter:
    """Read an adapter directory: method, options, weights, and what is said about them.

    Raises:
        MissingFileError: a file is missing.
        ConfigError: the config is not one of ours.
        WeightsError: the weights cannot be read.
    """
    about = read_about(directory)
    path = directory / WEIGHTS_FILE
    if not path.is_file():
        raise MissingFileError(
            f"{path} is not there; an adapter directory holds {CONFIG_FILE} and {WEIGHTS_FILE}"
        )
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(
            f"{path} cannot be read ({error}); copy or save the adapter again"
        ) from error
    method = about.get("method", HARMA)
    return SavedAdapter(
        method, about.pop("adapter" if method == HARMA else "options"), state, about
    )


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
    if (
        not isinstance(content, dict)
        or content.get("format") != FORMAT
        or not {"adapter", "options"} & content.keys()
    ):
        raise ConfigError(f"{path} is not a config of HarMA's; its format must be {FORMAT!r}")
    if content.get("version") != 1:
        raise ConfigError(
            f"{path} has version {content.get('version')!r}; this HarMA reads version 1"
        )
    if (
        not isinstance(content.get("backbone"), dict)
        or not {"name", "weights_hash"} <= content["backbone"].keys()
    ):
        raise ConfigError(
            f"{path} does not say which backbone the adapter belongs to (backbone: name,"
            " weights_hash)"
        )
    if not isinstance(content.get("method", HARMA), str):
        raise ConfigError(f"{path}: method is {content['method']!r}; it must be a name")
    wanted = "adapter" if content.get("method", HARMA) == HARMA else "options"
    if content.get(wanted) is None:
        raise ConfigError(
            f"{path} lacks {wanted}, the options of the method {content.get('method', HARMA)}"
        )
    for key in ("adapter", "options", "data", "metrics", "parameters", "preprocess"):
        if not isinstance(content.get(key) or {}, dict):
            raise ConfigError(f"{path}: {key} is {content[key]!r}; it must be a mapping")
    return content
