"""Ids and titles of sources for people elsewhere: neither names a folder of this machine."""

import hashlib
from collections.abc import Iterable

from harma.ground.messages import sendable

# Hexadecimal digits: of a million sources two share an id once in 37 million indexes.
ID_LENGTH = 16


def source_id(name: str) -> str:
    """The id of a source: the same on every machine that knows the source by this name."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:ID_LENGTH]


def source_title(name: str) -> str:
    """The name of a source's file, without the folders or the address that it lies in."""
    # By hand: a path of pathlib takes twenty times as long, and lists have many thousands.
    title = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return title or name


def shown_name(name: str) -> str:
    """The title of a source as it can be sent; see `harma.ground.messages.sendable`."""
    return sendable(source_title(name))


def sources_by_id(names: Iterable[str]) -> dict[str, str]:
    """Id → name of sources."""
    return {source_id(name): name for name in names}
