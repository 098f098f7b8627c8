"""Writing files so that a reader never sees half of one, and reading with clear errors."""

import glob
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from harma.errors import ConfigError

logger = logging.getLogger(__name__)

LOCK = ".lock"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; it takes the place of `path` when the block succeeds.

    A link is followed: what it points to is replaced.

    Raises:
        ConfigError: something is there that is no ordinary file.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise ConfigError(
            f"{path} is {'a directory' if path.is_dir() else 'a device or pipe'}; name a file to"
            " write to"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_directory(path: Path) -> Iterator[Path]:
    """As `replacing`, for a directory: the old one stays until the new one is complete.

    Two directories cannot be swapped in one move. A process killed between the two moves leaves the
    old one under `.NAME.old`; `recover_directory` brings it back.

    Raises:
        ConfigError: a file is there.
    """
    path = path.resolve()
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{path} is a file; name a directory to write to")
    path.parent.mkdir(parents=True, exist_ok=True)
    # What a killed process left; in a container the next one often has the same number.
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    old = _old(path)
    try:
        temporary.mkdir()
        yield temporary
        recover_directory(path)
        if path.exists():
            path.rename(old)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def locked(directory: Path, doing: str) -> Iterator[None]:
    """Keep other processes from writing a directory; it is made if it is not there.

    Args:
        directory: that is written.
        doing: what the other process would be doing, such as "training in".

    Raises:
        ConfigError: one does already.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"another process is {doing} {directory}; wait for it, or stop it"
        ) from error
    try:
        yield
    finally:
        lock.release()


def recover_directory(path: Path) -> None:
    """Bring back what an interrupted `replacing_directory` left aside."""
    path = path.resolve()
    if path.name and _old(path).exists() and not path.exists():
        _old(path).rename(path)


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


class _Loader(yaml.SafeLoader):
    """YAML as it is, but for keys that are given twice: of two values one would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = getattr(key_node, "value", None)
            if isinstance(key, str) and key_node.tag != "tag:yaml.org,2002:merge":
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
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        json.dumps(values, default=str)  # a value that holds itself has no end
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{what} {path} cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError, TypeError) as error:
        raise ConfigError(f"{what} {path} is not YAML of plain values: {error}") from error
    return values


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """The events of a run's log, first to last; a line that is none is named and left out."""
    if not path.is_file():
        return
    for number, line in enumerate(
        path.read_text(encoding="utf-8", errors="replace").splitlines(), 1
    ):
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and "event" in event:
            yield event
        else:
            logger.warning("%s line %d is no event; it is left out", path, number)
