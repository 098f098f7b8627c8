"""Folders of buckets: listing a prefix (s3://bucket/scenes/) once, by the rules of local folders.

A bucket has no folders: a listing gives the names of all objects below a prefix, a thousand with
each request, and with each its size, time and ETag.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from harma.ground.storage.addresses import address_of
from harma.ground.storage.objects import StoredObject, described, listed
from harma.scenes.folders import is_left_alone
from harma.scenes.formats import FOLDERS_OF_A_RASTER

MAGIC = re.compile(r"[*?\[]")


@dataclass
class BucketWalk:
    """What lies in buckets, as far as they were asked.

    Attributes:
        objects: address → what the listing says of it; of a folder that is a raster (Zarr) what it
            says of all objects in it.
    """

    objects: dict[str, list[StoredObject]] = field(default_factory=dict)
    _walked: dict[str, list[str]] = field(default_factory=dict)

    def below(self, folder: str) -> list[str]:
        """The files below a prefix, but for what is hidden or of the system's own.

        What lies below one that was walked is not asked for again.

        Args:
            folder: address; it is walked whatever its own name is.

        Raises:
            MissingFileError: there is no such bucket.
            StorageError: it cannot be listed.
        """
        folder = str(address_of(folder))
        for walked, files in self._walked.items():
            if folder == walked:
                return files
            if folder.startswith(f"{walked}/") and not _is_left_out(folder, walked):
                return [file for file in files if file.startswith(f"{folder}/")]
        # Once each, in their order: of a Zarr there are many objects.
        found: dict[str, None] = {}
        for stored in listed(folder):
            name = _file_of(stored.name)
            if name and not any(map(is_left_alone, name.split("/"))):
                self._add(f"{folder}/{name}", stored)
                found[f"{folder}/{name}"] = None
        self._walked[folder] = sorted(found, key=_by_parts)
        return self._walked[folder]

    def has(self, address: str) -> bool:
        """Whether there is an object of this name; it is asked for, if it was not listed."""
        if address in self.objects:
            return True
        stored = described(address)
        if stored is None:
            return False
        self.objects[address] = [stored]
        return True

    def join(self, folder: str) -> None:
        """Take all objects below a folder, which was walked, as one raster."""
        below = [self.objects[file] for file in self.below(folder)]
        self.objects[folder] = list(chain.from_iterable(below))

    def _add(self, address: str, stored: StoredObject) -> None:
        if address.endswith(FOLDERS_OF_A_RASTER):
            self.objects.setdefault(address, []).append(stored)
        else:
            self.objects[address] = [stored]

    def matching(self, pattern: str) -> list[str]:
        """The files whose addresses match a glob, `**` for any folders too; in their order.

        Raises:
            MissingFileError: there is no such bucket.
            StorageError: it cannot be listed.
        """
        plain = pattern[: _magic_at(pattern)].rpartition("/")[0]
        expression = re.compile(_expression(pattern))
        return [file for file in self.below(plain) if expression.fullmatch(file)]


def is_bucket_glob(address: str) -> bool:
    """Whether an address names several objects by signs: s3://bucket/2024/**/*.tif."""
    return MAGIC.search(address) is not None


def _magic_at(pattern: str) -> int:
    match = MAGIC.search(pattern)
    assert match is not None
    return match.start()


def _expression(pattern: str) -> str:
    """A glob as a regular expression: what stands for no slash, but for `**`."""
    return "".join(_expressions(pattern))


def _expressions(pattern: str) -> Iterator[str]:
    sign = re.compile(r"\*\*/|\*+|\?|\[!?\]?[^\]]*\]|.", re.DOTALL)
    for match in sign.finditer(pattern):
        text = match.group()
        if text == "**/":
            yield "(?:[^/]+/)*"
        elif text == "**":
            yield ".*"
        elif text.startswith("*"):
            yield "[^/]*"
        elif text == "?":
            yield "[^/]"
        elif text.startswith("[") and len(text) > 1:
            yield _set_of_signs(text[1:-1])
        else:
            yield re.escape(text)


def _set_of_signs(text: str) -> str:
    is_not = text.startswith("!")
    # A sign of regular expressions is none here; what stands between two others is a range.
    signs = re.sub(r"([\\\[\]&~|^])", r"\\\1", text.removeprefix("!"))
    return f"[{'^' if is_not else ''}{signs}]"


def _is_left_out(folder: str, walked: str) -> bool:
    """Whether a folder lies below what a walk has left alone."""
    return any(map(is_left_alone, folder.removeprefix(f"{walked}/").split("/")))


def _file_of(name: str) -> str:
    """The name of a file; of an object in a folder that is a raster, that of the folder."""
    for end in FOLDERS_OF_A_RASTER:
        place = name.lower().find(f"{end}/")
        if place >= 0:
            return name[: place + len(end)]
    return name


def _by_parts(path: str) -> list[str]:
    return path.split("/")
