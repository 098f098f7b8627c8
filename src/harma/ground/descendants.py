"""Descendants: processes that this one has started, and those that they started, by `/proc`."""

import sys
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")
# It ends after all others, and frees what they have left.
LEFT_ALONE = b"multiprocessing.resource_tracker"


def own_descendants(pid: int) -> list[int]:
    """Descendants of a process that are of the same Python, the youngest generation last.

    Other programs, such as a browser that was opened, are nobody's to end.

    Args:
        pid: of the process.

    Returns:
        Their numbers; none where the system does not say.
    """
    return [one for one in _descendants(pid) if _is_own(one)]


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _children(pid: int) -> list[int]:
    """Children of a process, whichever of its threads started them."""
    children: list[int] = []
    try:
        for thread in (PROC / str(pid) / "task").iterdir():
            children += map(int, (thread / "children").read_text().split())
    except OSError:
        # It has ended meanwhile, or there is no such file system.
        return children
    return children


def _is_own(pid: int) -> bool:
    folder = PROC / str(pid)
    try:
        is_python = (folder / "exe").samefile(sys.executable)
        return is_python and LEFT_ALONE not in (folder / "cmdline").read_bytes()
    except OSError:
        return False
