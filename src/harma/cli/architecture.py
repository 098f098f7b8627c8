"""An architecture given on the command line."""

import json
from pathlib import Path
from typing import Any

from harma.errors import ConfigError


def architecture_of(text: str) -> str | dict[str, Any]:
    """An open_clip name as it is; a JSON file as the config in it.

    Raises:
        ConfigError: the file is not JSON with a mapping.
    """
    path = Path(text)
    if not text.endswith(".json") or not path.is_file():
        return text
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON ({error})") from error
    if not isinstance(config, dict):
        raise ConfigError(f"{path} holds a {type(config).__name__}; it must be an open_clip config")
    return config
