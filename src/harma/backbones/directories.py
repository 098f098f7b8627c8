"""Model directories: open_clip's `local-dir:` layout, a config and weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from harma.errors import ConfigError, MissingFileError
from harma.files import replacing_directory

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


def write_model(
    directory: Path, config: Mapping[str, Any], preprocess: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """Write a model directory, whole or not at all; an older model in its place is replaced.

    Raises:
        ConfigError: the directory holds something else than a model.
    """
    if directory.exists() and not (directory / CONFIG_FILE).is_file() and any(directory.iterdir()):
        raise ConfigError(f"{directory} holds files but no model; choose a new or an empty directory")
    content = {"model_cfg": dict(config), "preprocess_cfg": {"mode": "RGB", **preprocess}}
    with replacing_directory(directory) as temporary:
        (temporary / CONFIG_FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        # Two names of one tensor are two tensors in a file.
        tensors = {name: value.detach().cpu().contiguous().clone() for name, value in weights.items()}
        save_file(tensors, temporary / WEIGHTS_FILE, metadata={"format": "pt"})


def read_model_config(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read an `open_clip_config.json`: architecture and preprocessing (empty where it says nothing).

    Raises:
        MissingFileError: it is not there.
        ConfigError: it is not JSON, or not a mapping.
    """
    if not path.is_file():
        raise MissingFileError(f"{path} is not there; a model directory holds {CONFIG_FILE} and {WEIGHTS_FILE}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON ({error})") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds a {type(content).__name__}; it must be a mapping with model_cfg")
    return split_config(content)


def split_config(content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part a config file's content into architecture and preprocessing; the architecture may stand alone.

    Raises:
        ConfigError: a part is not a mapping.
    """
    if "model_cfg" not in content:
        return dict(content), {}
    parts = {key: content.get(key) or {} for key in ("model_cfg", "preprocess_cfg")}
    for key, part in parts.items():
        if not isinstance(part, Mapping):
            raise ConfigError(f"{key} is {part!r}; it must be a mapping")
    return dict(parts["model_cfg"]), dict(parts["preprocess_cfg"])


def find_weights(directory: Path) -> Path:
    """The weight file of a model directory.

    Raises:
        MissingFileError: it has none under a name that is used for them.
    """
    for name in WEIGHTS_FILES:
        if (directory / name).is_file():
            return directory / name
    raise MissingFileError(f"{directory} holds no weights; looked for {', '.join(WEIGHTS_FILES)}")
