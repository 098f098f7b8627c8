"""Reading YAML, and the events of a run's log (JSON lines), with clear errors."""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from harma.errors import ConfigError, DataError
from harma.ground.json_text import parse_json
from harma.ground.limits import MAX_DEPTH, MAX_YAML_BYTES, MAX_YAML_VALUES

logger = logging.getLogger(__name__)

MERGE_TAG = "tag:yaml.org,2002:merge"  # of the key <<, which may stand more than once


# The parser in C, where it is built, is ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What PyYAML raises on texts that are no YAML, and of values that their tags do not fit.
DAMAGE = (
    yaml.YAMLError,
    ValueError,
    RecursionError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
)
# Of a number that is no text; of more digits it would take minutes to make one.
MOST_DIGITS = 400
DIGITS = re.compile(r"[-+.0-9_:eExXa-fA-F]+")


class _StrictLoader(_Loader):  # type: ignore[misc]
    """YAML as it is, but for keys that are given twice: of two values one would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.MarkedYAMLError(
                problem="expected a mapping, as its tag says", problem_mark=node.start_mark
            )
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
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


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
        text = _bounded(path)
        values = yaml.load(text, Loader=_StrictLoader)
        json.dumps(values, default=str)  # a value that holds itself has no end
    except (FileNotFoundError, ConfigError):
        raise
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read ({error.strerror})") from error
    except DataError as error:
        raise ConfigError(f"{what} {path} is not YAML of plain values: {error.problem}") from error
    except DAMAGE as error:
        said = str(error)
        if isinstance(error, LookupError | AttributeError):
            # PyYAML's own words would be of its inside.
            said = "a value is not of the kind that its tag (!!int, !!bool, …) says"
        raise ConfigError(f"{what} {path} is not YAML of plain values: {said}") from error
    return values


def _bounded(path: Path) -> str:
    """The text of a file that is not too large, deep or full.

    Raises:
        DataError: it is over a limit.
        yaml.YAMLError, OSError, ValueError: it cannot be read.
    """
    size = path.stat().st_size
    if MAX_YAML_BYTES.is_over(size):
        raise DataError(f"it has {size:,} bytes of YAML; {MAX_YAML_BYTES.said}")
    text = path.read_text(encoding="utf-8")
    _check_events(yaml.parse(text, Loader=_Loader))
    return text


def _check_events(events: Iterable[yaml.Event]) -> None:
    """Check depth and number of values, each alias with all that it stands for.

    A few lines of aliases of aliases can stand for thousands of millions of values, and what shows
    or compares these has no end.
    """
    sizes: dict[str, int] = {}
    # Of what is open: its anchor, and how many values were there before it.
    opened: list[tuple[str | None, int]] = []
    count = 0
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = count - before
        elif isinstance(event, yaml.NodeEvent):
            count += _size_of(event, sizes)
            _check_scalar(event)
        if isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, count))
        if MAX_DEPTH.is_over(len(opened)):
            raise DataError(f"nested too deep, lists and mappings in one another; {MAX_DEPTH.said}")
        if MAX_YAML_VALUES.is_over(count):
            raise DataError(
                f"it holds more than {MAX_YAML_VALUES.allowed:,} values, each alias counted with"
                f" all that it stands for; {MAX_YAML_VALUES.said}"
            )


def _size_of(event: yaml.NodeEvent, sizes: Mapping[str, int]) -> int:
    """How many values an event stands for, by the sizes of what has an anchor."""
    if isinstance(event, yaml.AliasEvent):
        return sizes.get(str(event.anchor), 1)
    return 1


def _check_scalar(event: yaml.NodeEvent) -> None:
    if not isinstance(event, yaml.ScalarEvent) or len(event.value) <= MOST_DIGITS:
        return
    if event.style in (None, "") and DIGITS.fullmatch(event.value):
        raise DataError(f"it holds a number of {len(event.value):,} digits; write it in fewer")


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
            event = parse_json(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and "event" in event:
            yield event
        else:
            logger.warning("%s line %d is no event; it is left out", path, line_number)
