"""Folders: walking an archive on disk: hidden and trash folders, links, loops, unreadable names."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from harma.scenes.formats import FOLDERS_OF_A_RASTER

# What systems, network drives and programs keep beside a person's files: thumbnails, trash,
# snapshots. In lower case.
NOT_OF_THE_PERSON = frozenset(
    {
        "$recycle.bin",
        "#recycle",
        "#snapshot",
        "@eadir",
        "@recycle",
        "@recently-snapshot",
        "@sharebin",
        "@tmp",
        "__macosx",
        "__pycache__",
        "lost+found",
        "recycler",
        "system volume information",
        "desktop.ini",
        "thumbs.db",
    }
)


@dataclass
class Walk:
    """What lies below folders.

    Attributes:
        files: paths, in the order of their folders and names.
        problems: path, as it can be written → why it cannot be read.
        is_new: whether the folder was not walked before, under this name or another.
    """

    files: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    is_new: bool = True


def is_left_alone(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or of the system's own."""
    return name.startswith(".") or name.lower() in NOT_OF_THE_PERSON


def printable(path: str) -> str:
    r"""A path as text: bytes of it that are no UTF-8 become \xfc and the like."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def is_text(path: str) -> bool:
    """Whether a path is UTF-8, which alone an index holds."""
    return printable(path) == path


class Walker:
    """Walks folders; what several of them hold or link to is found once.

    No file is opened. Of a million files the names alone are in memory.
    """

    def __init__(self) -> None:
        # Folders by device and number: links and loops lead to the same ones.
        self._seen: set[tuple[int, int]] = set()
        # Real folders that were listed, for links to single files.
        self._real: set[str] = set()

    def walk(self, folder: str) -> Walk:
        """Everything below a folder, but for what is hidden or of the system's own.

        Args:
            folder: absolute; it is walked whatever its own name is.
        """
        found = Walk(is_new=not self._was_walked(folder))
        links: list[str] = []
        self._below(folder, found, links)
        # Links come last: what they lead to is known by its own name where it lies below, too.
        while links:
            found_now = sorted(links)
            links.clear()
            for link in found_now:
                self._follow(link, found, links)
        found.files.sort(key=_by_parts)
        return found

    def _was_walked(self, folder: str) -> bool:
        return os.path.realpath(folder) in self._real

    def _below(self, top: str, found: Walk, links: list[str]) -> None:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            for entry in self._entries(folder, found):
                if not is_text(entry.path):
                    found.problems[printable(entry.path)] = (
                        "its name is not UTF-8 text, which an index cannot hold; rename it"
                    )
                elif entry.is_symlink():
                    links.append(entry.path)
                elif entry.is_file() or entry.name.lower().endswith(FOLDERS_OF_A_RASTER):
                    found.files.append(entry.path)
                elif entry.is_dir():
                    waiting.append(entry.path)
                # Pipes, sockets and devices are no files: opening one may never end.

    def _entries(self, folder: str, found: Walk) -> Iterator["os.DirEntry[str]"]:
        """What lies in a folder; nothing where it was listed before, or cannot be."""
        try:
            stat = os.stat(folder)  # noqa: PTH116  # a million times
            if (stat.st_dev, stat.st_ino) in self._seen:
                return
            self._seen.add((stat.st_dev, stat.st_ino))
            self._real.add(os.path.realpath(folder))
            with os.scandir(folder) as entries:
                yield from [entry for entry in entries if not is_left_alone(entry.name)]
        except OSError as error:
            found.problems[printable(folder)] = f"the folder cannot be read ({error.strerror})"

    def _follow(self, link: str, found: Walk, links: list[str]) -> None:
        """A link to a file that was not found yet, or to a folder that was not walked yet."""
        target = os.path.realpath(link)
        if os.path.isdir(target):  # noqa: PTH112
            self._below(link, found, links)
        elif not os.path.exists(target):  # noqa: PTH110
            found.problems[link] = f"a link to {printable(target)}, which is not there"
        elif os.path.isfile(target) and not self._was_found(target):  # noqa: PTH113
            found.files.append(link)

    def _was_found(self, target: str) -> bool:
        folder, name = os.path.split(target)
        return folder in self._real and not is_left_alone(name)


def _by_parts(path: str) -> list[str]:
    """Sorts folders with what is in them, as `Path` does."""
    return path.split("/")
