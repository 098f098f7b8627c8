"""Leftovers: temporary files of killed writers, removed by the next one that writes the same file.

A writer holds a lock of the system on its temporary file, which goes with the process however that
one ends. So what nobody holds is left over, and what a process or thread still writes is not.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:
    # Windows, where a file that is held cannot be renamed, and one that is open not be removed.
    HAS_LOCKS = False
else:
    HAS_LOCKS = True

ENDING = ".tmp"


@contextmanager
def held(temporary: Path) -> Iterator[None]:
    """Make a temporary file, and hold it for the length of the block.

    Args:
        temporary: of a name that nobody else has.
    """
    if not HAS_LOCKS:
        yield
        return
    # With the rights of any file that is made there.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        # Not all file systems have locks; leftovers stay there. Who looks for some lets go at once.
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files that killed writers of a file have left beside it.

    Args:
        path: of the file; their names are `.NAME.….tmp`.
    """
    beginning = f".{path.name}."
    with os.scandir(path.parent) as entries:
        left = [one.path for one in entries if _is_named(one, beginning)]
    for name in left:
        # Another process may remove it at the same time.
        with suppress(OSError):
            _remove_unheld(name)


def _is_named(entry: "os.DirEntry[str]", beginning: str) -> bool:
    name = entry.name
    return name.startswith(beginning) and name.endswith(ENDING) and entry.is_file()


def _remove_unheld(name: str) -> None:
    """Remove a file that nobody holds; a `BlockingIOError` where somebody does."""
    if not HAS_LOCKS:
        Path(name).unlink()
        return
    descriptor = os.open(name, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        Path(name).unlink()
    finally:
        os.close(descriptor)
