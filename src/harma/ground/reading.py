"""Reading YAML, and the events of a run's log (JSON lines), with clear errors."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from harma.errors import ConfigError

logger = logging.getLogger(__name__)

MERGE_TAG = "tag:yaml.org,2002:merge"  # of the key <<, which may stand more than once


class _StrictLoader(yaml.SafeLoader):
    """YAML as it is, but for keys that are given twice: of two values one would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = getattr(key_node, "value", None)
            if not isinstance(key, str) or key_node.tag == MERGE_TAG:
                continue
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key} is given twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, what: str) -> Any:
    """Read a YAML file (JSON is YAML).

    Args:
        path: the file.
        what: it is called in messages, such as "the recipe".

    Raises:
        FileNotFoundError: it is not there.
        ConfigError: it cannot be read, or is not YAML of plain values.
    """
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)
        json.dumps(values, default=str)  # a value that holds itself has no end
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, TypeError) as error:
        raise ConfigError(f"{what} {path} is not YAML of plain values: {error}") from error
    return values


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a run's log, first to last; a line that is none is named and left out.

    Args:
        path: of the log; one that is not there has no events.
    """
    if not path.is_file():
        return
    # A killed process may leave half a line, of any bytes.
    text = path.read_text(encoding="utf-8", errors="replace")
    for line_number, line in enumerate(text.splitlines(), 1):
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and "event" in event:
            yield event
        else:
            logger.warning("%s line %d is no event; it is left out", path, line_number)
