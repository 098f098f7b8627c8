"""Adapter directories on disk: adapter_config.json, adapter_model.safetensors and a model card.

captions.safetensors may lie beside them (`harma.model.caption_file`).
The config of HarMA's adapters has their options under "adapter"; that of any other method names it
under "method" and has its options under "options".
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import load_file, save_file
from torch import Tensor

from harma.backbones.weights.safe_pickle import UNREADABLE
from harma.errors import ConfigError, MissingFileError, WeightsError
from harma.ground.files import recover_directory, replacing_directory
from harma.ground.messages import plain_reason
from harma.ground.reading import read_yaml
from harma.model.caption_file import CAPTIONS_FILE, write_captions
from harma.model.caption_memory import CaptionMemory
from harma.model.saved_facts import check_facts

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
CARD_FILE = "README.md"
FORMAT = "harma-adapter"
HARMA = "harma"

Facts = dict[str, Any]
"""What a config says, as JSON has it; its sections differ from method to method."""


class SavedAdapter(NamedTuple):
    """What an adapter directory holds.

    Attributes:
        method: what was trained.
        options: its options, not checked yet.
        state: weights by their flat names, temperature included.
        about: backbone, preprocessing, data, metrics.
    """

    method: str
    options: Facts
    state: dict[str, Tensor]
    about: Facts


def is_adapter_directory(directory: Path) -> bool:
    """Whether a directory holds a saved adapter."""
    recover_directory(directory)
    return (directory / CONFIG_FILE).is_file()


def write_adapter(
    directory: Path, adapter: SavedAdapter, card: str, captions: CaptionMemory | None = None
) -> None:
    """Write an adapter directory, whole or not at all; an older one in its place is replaced.

    Args:
        directory: where.
        adapter: what `read_adapter` is to give back.
        card: the model card, Markdown.
        captions: kept beside the weights.

    Raises:
        ConfigError: the directory holds something else.
    """
    if directory.exists() and not is_adapter_directory(directory) and any(directory.iterdir()):
        raise ConfigError(
            f"{directory} holds files but no adapter; choose a new or an empty directory"
        )
    content = {"format": FORMAT, "version": 1, **_options_on_disk(adapter), **adapter.about}
    # Cloned: safetensors refuses tensors that share memory, as tied weights do.
    weights = {
        name: tensor.detach().cpu().contiguous().clone() for name, tensor in adapter.state.items()
    }
    with replacing_directory(directory) as temporary:
        (temporary / CONFIG_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        save_file(weights, temporary / WEIGHTS_FILE, metadata={"format": "pt"})
        (temporary / CARD_FILE).write_text(card, encoding="utf-8")
        if captions is not None:
            write_captions(temporary / CAPTIONS_FILE, captions)


def _options_on_disk(adapter: SavedAdapter) -> Facts:
    # HarMA's own adapters are written as they were before there were other methods.
    if adapter.method == HARMA:
        return {"adapter": adapter.options}
    return {"method": adapter.method, "options": adapter.options}


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
    except UNREADABLE as error:
        reason = plain_reason(error, "its header is damaged")
        raise WeightsError(
            f"{path} cannot be read ({reason}); copy or save the adapter again"
        ) from error
    # The options are given back apart; what is left in `about` is for people.
    method = about.get("method", HARMA)
    options = about.pop(_options_key(method))
    return SavedAdapter(method, options, state, about)


def _options_key(method: str) -> str:
    return "adapter" if method == HARMA else "options"


def read_about(directory: Path) -> Facts:
    """Read what an adapter directory says about itself.

    Raises:
        MissingFileError: it has no config.
        ConfigError: the config is not one of ours.
    """
    path = directory / CONFIG_FILE
    if not path.is_file():
        raise MissingFileError(f"{path} is not there; {directory} is no adapter directory")
    content = read_yaml(path, "the adapter's config")
    if not _is_of_format(content):
        raise ConfigError(f"{path} is not a config of HarMA's; its format must be {FORMAT!r}")
    facts: Facts = content
    if facts.get("version") != 1:
        raise ConfigError(
            f"{path} has version {facts.get('version')!r}; this HarMA reads version 1"
        )
    if facts.get("backbone") is None:
        raise ConfigError(
            f"{path} does not say which backbone the adapter belongs to (backbone: name,"
            " weights_hash)"
        )
    _check_options(path, facts)
    check_facts(path, facts)
    return facts


def _is_of_format(content: object) -> bool:
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        return False
    return "adapter" in content or "options" in content


def _check_options(path: Path, facts: Facts) -> None:
    """Raise ConfigError unless a config has its method's options."""
    method = facts.get("method", HARMA)
    if not isinstance(method, str):
        raise ConfigError(f"{path}: method is {method!r}; it must be a name")
    key = _options_key(method)
    if facts.get(key) is None:
        raise ConfigError(f"{path} lacks {key}, the options of the method {method}")
