"""Atomic writing: a file or directory gets its name when it is complete, and never before."""

import errno
import glob
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harma.errors import ConfigError, HarmaError
from harma.ground.leftovers import held, remove_leftovers
from harma.ground.outputs import check_no_address
from harma.ground.storage.addresses import in_bucket

# Bytes; where fewer are free, it is this that a write has failed of.
NO_ROOM = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; it takes the place of `path` when the block succeeds.

    It lies beside `path`, under a name that no other process or thread has: of two that write the
    same file, the one that ends last stays. It is there already, and empty; what killed writers of
    the same file have left is removed. A link is followed: what it points to is replaced. What
    goes to a bucket is written to a temporary folder of this machine, and then put there whole.

    Raises:
        ConfigError: something is there that is no ordinary file, or it is another address.
        StorageError: the bucket does not take it.
    """
    if in_bucket(path):
        with _put_afterwards(path) as temporary:
            yield temporary
        return
    check_no_address(path)
    named = path
    path = _without_links(path)
    if path.exists() and not path.is_file():
        kind = "a directory" if path.is_dir() else "a device or pipe"
        raise ConfigError(f"{named} is {kind}; name a file to write to")
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(path)
    temporary = _temporary(path)
    try:
        with held(temporary), _telling_full_disk(path):
            yield temporary
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _telling_full_disk(path: Path) -> Iterator[None]:
    """Say that the disk is full where a library that writes has words of its own for it.

    Raises:
        OSError: there is no room, and something else was raised; it is the cause.
    """
    try:
        yield
    except (HarmaError, OSError):
        raise
    except Exception as error:
        # What was written lies there still.
        if shutil.disk_usage(path.parent).free < NO_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise


def _without_links(path: Path) -> Path:
    """What a path means when its links are followed.

    Raises:
        ConfigError: they lead in a circle.
    """
    try:
        return path.resolve()
    except RuntimeError as error:
        raise ConfigError(f"{path} is a link that leads to itself; remove it") from error


@contextmanager
def _put_afterwards(path: Path) -> Iterator[Path]:
    """Give a temporary path; what is there when the block succeeds becomes an object."""
    from harma.ground.storage.object_files import put_file

    with TemporaryDirectory(prefix="harma-") as folder:
        temporary = Path(folder) / path.name
        yield temporary
        put_file(temporary, str(path))


@contextmanager
def replacing_directory(path: Path) -> Iterator[Path]:
    """As `replacing`, for a directory: the old one stays until the new one is complete.

    Two directories cannot be swapped in one move. A process killed between the two moves leaves the
    old one under `.NAME.old`; `recover_directory` brings it back. One at a time may write a
    directory: where there can be several, `harma.ground.lock.locked` keeps the others out.

    Raises:
        ConfigError: a file is there, or it is an address.
    """
    check_no_address(path)
    path = _without_links(path)
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{path} is a file; name a directory to write to")
    path.parent.mkdir(parents=True, exist_ok=True)
    # What killed processes left: whole models, which would fill the disk in time.
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary = _temporary(path)
    try:
        with _telling_full_disk(path):
            temporary.mkdir()
            yield temporary
            put_directory(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def put_directory(new: Path, path: Path) -> None:
    """Give a directory that is complete its name; what was there before goes.

    Args:
        new: beside `path`.
        path: its name; a process killed in between leaves what `recover_directory` brings back.
    """
    path = path.resolve()
    old = _old(path)
    recover_directory(path)
    try:
        # From here to the second move there is no directory of that name.
        if path.exists():
            # What an earlier one left, which has been replaced.
            shutil.rmtree(old, ignore_errors=True)
            path.rename(old)
        new.rename(path)
    finally:
        if path.exists():
            shutil.rmtree(old, ignore_errors=True)


def recover_directory(path: Path) -> None:
    """Bring back what an interrupted `replacing_directory` left aside."""
    path = path.resolve()
    if path.name and _old(path).exists() and not path.exists():
        _old(path).rename(path)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Mapping[str, object] | Sequence[object]) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def written_bytes(path: Path) -> int:
    """How large a file is that was written, on this machine or in a bucket."""
    if not in_bucket(path):
        return path.stat().st_size
    from harma.ground.storage.objects import described

    there = described(str(path))
    return there.size if there is not None else 0


def _temporary(path: Path) -> Path:
    # Not `tempfile.mkstemp`: only the owner may read what that makes, and so what takes its place.
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.tmp")


def _old(path: Path) -> Path:
    return path.with_name(f".{path.name}.old")
