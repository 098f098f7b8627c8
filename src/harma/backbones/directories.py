"""Model directories on disk: open_clip's `local-dir:` layout, and that of dual encoders."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors.torch import save_file
from torch import Tensor

from harma.errors import ConfigError, MissingFileError
from harma.ground.files import replacing_directory
from harma.ground.json_text import parse_json
from harma.ground.messages import kind_of

Config = dict[str, Any]
"""A model's config as its JSON has it: open_clip's, or that of a dual encoder."""
Stated = Mapping[str, Any]
"""What somebody states of a model in JSON, YAML or Python, not checked yet."""

CONFIG_FILE = "open_clip_config.json"
WEIGHTS_FILE = "open_clip_model.safetensors"
# In the order of preference, as open_clip has it; the last ones are pickles.
WEIGHTS_FILES = (
    WEIGHTS_FILE,
    "open_clip_pytorch_model.safetensors",
    "model.safetensors",
    "open_clip_pytorch_model.bin",
    "open_clip_pytorch_model.pth",
    "pytorch_model.bin",
)
# Beside a model with a Hugging Face text tower, whose config open_clip's own does not hold.
TEXT_CONFIG_FILE = "hf_text_config.json"
DUAL_CONFIG_FILE = "dual_encoder_config.json"
DUAL_WEIGHTS_FILE = "dual_encoder_model.safetensors"
DUAL_FORMAT = "harma-dual-encoder"
# A folder of a dual encoder's directory.
TOKENIZER_DIRECTORY = "tokenizer"


class StoredConfig(NamedTuple):
    """What the config file of a model directory holds.

    Attributes:
        architecture: the model, as open_clip's JSON or ours has it.
        preprocess: what is stated about preprocessing; empty where nothing is.
        trunk_gelu: how a timm trunk approximates GELU where it differs from timm's.
    """

    architecture: Config
    preprocess: Config
    trunk_gelu: str | None = None


def is_model_directory(directory: Path) -> bool:
    """Whether a directory holds a saved model."""
    return any((directory / name).is_file() for name in (CONFIG_FILE, DUAL_CONFIG_FILE))


def write_model(
    directory: Path,
    config: Stated,
    preprocess: Stated,
    weights: Mapping[str, Tensor],
    *,
    text_config: Stated | None = None,
    trunk_gelu: str | None = None,
    save_tokenizer: Callable[[Path], None] | None = None,
) -> None:
    """Write a model directory, whole or not at all; an older model in its place is replaced.

    Args:
        directory: where.
        config: of open_clip.
        preprocess: how images become pixels.
        weights: by open_clip's names.
        text_config: of its Hugging Face text tower, if it has one.
        trunk_gelu: how its timm trunk approximates GELU where it differs from timm's.
        save_tokenizer: writes the tokenizer's files beside, where it is not open_clip's own.

    Raises:
        ConfigError: the directory holds something else than a model.
    """
    _check_target(directory)
    content = {"model_cfg": dict(config), "preprocess_cfg": dict(preprocess)}
    # Of bands there is no such word, nor would open_clip itself build as many channels.
    if "bands" not in preprocess:
        content["preprocess_cfg"] = {"mode": "RGB", **preprocess}
    if trunk_gelu is not None:
        # open_clip has no word for it, and reads the two parts above alone.
        content["harma"] = {"trunk_gelu": trunk_gelu}
    with replacing_directory(directory) as temporary:
        _write_config(temporary / CONFIG_FILE, content)
        _write_weights(temporary / WEIGHTS_FILE, weights)
        if text_config is not None:
            _write_config(temporary / TEXT_CONFIG_FILE, text_config)
        if save_tokenizer is not None:
            save_tokenizer(temporary)


def write_dual_encoder(
    directory: Path,
    config: Stated,
    preprocess: Stated,
    weights: Mapping[str, Tensor],
    save_tokenizer: Callable[[Path], None],
) -> None:
    """Write a dual encoder's directory, whole or not at all; an older model there is replaced.

    Raises:
        ConfigError: the directory holds something else than a model.
    """
    _check_target(directory)
    content = {
        "format": DUAL_FORMAT,
        # To be raised when a release writes what older ones would misread.
        "version": 1,
        "model_cfg": dict(config),
        "preprocess_cfg": dict(preprocess),
    }
    with replacing_directory(directory) as temporary:
        _write_config(temporary / DUAL_CONFIG_FILE, content)
        _write_weights(temporary / DUAL_WEIGHTS_FILE, weights)
        save_tokenizer(temporary / TOKENIZER_DIRECTORY)


def _check_target(directory: Path) -> None:
    """Raise ConfigError if a directory holds something that writing a model would destroy."""
    # Writing replaces the directory as a whole: a mistyped path must not cost anyone's files.
    if directory.exists() and not is_model_directory(directory) and any(directory.iterdir()):
        raise ConfigError(
            f"{directory} holds files but no model; choose a new or an empty directory"
        )


def _write_config(path: Path, content: Stated) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_weights(path: Path, weights: Mapping[str, Tensor]) -> None:
    # Two names of one tensor are two tensors in a file.
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in weights.items()}
    save_file(tensors, path, metadata={"format": "pt"})


def read_dual_config(path: Path) -> StoredConfig:
    """Read a dual encoder's config: architecture and preprocessing.

    Raises:
        ConfigError: it is not one of ours.
    """
    # The format is checked, since the keys alone could be those of an open_clip config.
    content = read_json(path)
    facts = content if isinstance(content, dict) else {}
    if (facts.get("format"), facts.get("version")) != (DUAL_FORMAT, 1):
        raise ConfigError(
            f"{path} is no config of a dual encoder; its format must be {DUAL_FORMAT!r}, version 1"
        )
    return split_config(facts)


def read_model_config(path: Path) -> StoredConfig:
    """Read an `open_clip_config.json`.

    Raises:
        MissingFileError: it is not there.
        ConfigError: it is not JSON, or not a mapping.
    """
    if not path.is_file():
        raise MissingFileError(
            f"{path} is not there; a model directory holds {CONFIG_FILE} and {WEIGHTS_FILE}"
        )
    content = read_json(path)
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds {kind_of(content)}; it must be a mapping with model_cfg")
    return split_config(content)


def read_json(path: Path) -> Any:
    """Read a JSON file. YAML's reader takes numbers such as 1e-12 for text.

    Raises:
        ConfigError: it is not JSON, or not within the limits of `parse_json`.
    """
    return parse_json(path.read_bytes(), source=str(path), error=ConfigError)


def split_config(content: Stated) -> StoredConfig:
    """Part a config into architecture and preprocessing; the architecture may stand alone.

    Raises:
        ConfigError: a part is not a mapping.
    """
    # The configs in open_clip's package are bare architectures; saved models have both parts.
    if "model_cfg" not in content:
        return StoredConfig(dict(content), {})
    return StoredConfig(
        _part(content, "model_cfg"),
        _part(content, "preprocess_cfg"),
        _part(content, "harma").get("trunk_gelu"),
    )


def _part(content: Stated, key: str) -> Config:
    # A section that somebody left empty is null.
    part = content.get(key) or {}
    if not isinstance(part, Mapping):
        raise ConfigError(f"{key} is {part!r}; it must be a mapping")
    return dict(part)


def find_weights(directory: Path) -> Path:
    """The weight file of a model directory.

    Raises:
        MissingFileError: it has none under a name that is used for them.
    """
    for name in WEIGHTS_FILES:
        if (directory / name).is_file():
            return directory / name
    raise MissingFileError(f"{directory} holds no weights; looked for {', '.join(WEIGHTS_FILES)}")
