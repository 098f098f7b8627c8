"""Files inside tar archives, read in place: `shards/00000.tar/000000017.jpg` names one.

Data sets of webdataset and img2dataset are such archives ("shards"). Nothing is unpacked: where a
member lies in its archive is looked up once, and its bytes are read from there.
"""

import os
import posixpath
import tarfile
from functools import lru_cache
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import NamedTuple

from harma.errors import DataError

TAR = ".tar"
# Archives whose members are remembered. A list takes some 200 bytes a member.
MOST_ARCHIVES = 256
# What a path says that leads through a file: on Windows the file is just not there.
NO_SUCH_PATH = (NotADirectoryError, FileNotFoundError)


class Member(NamedTuple):
    """Where a file lies in its archive."""

    offset: int
    size: int


def open_binary(path: Path) -> BufferedReader | BytesIO:
    """Open a file to be read, or a member of a tar archive.

    Raises:
        OSError: it is not there, or cannot be read.
        DataError: the archive is damaged.
    """
    try:
        return path.open("rb")
    except NO_SUCH_PATH:
        archive = _archive_of(path)
        if archive is None:
            raise
    return BytesIO(_member_bytes(archive, path))


def is_there(path: Path) -> bool:
    """Whether a path is that of a file, or of a member of a tar archive.

    Raises:
        DataError: the archive is damaged.
    """
    if path.is_file():
        return True
    archive = _archive_of(path)
    return archive is not None and _name_in(archive, path) in members_of(archive)


def stat_of(path: Path) -> os.stat_result:
    """Size and time of a file; of a member those of its archive.

    Raises:
        OSError: it is not there.
    """
    try:
        return path.stat()
    except NO_SUCH_PATH:
        archive = _archive_of(path)
        if archive is None:
            raise
        return archive.stat()


def gdal_name(path: Path) -> str:
    """What GDAL calls a file: its path, or of a member the part of the archive that it is.

    Raises:
        DataError: the archive is damaged.
    """
    if not path.is_file():
        archive = _archive_of(path)
        member = members_of(archive).get(_name_in(archive, path)) if archive is not None else None
        if member is not None:
            return f"/vsisubfile/{member.offset}_{member.size},{archive}"
    return str(path)


def members_of(archive: Path) -> dict[str, Member]:
    """The files in a tar archive by their names, in its order.

    Raises:
        OSError: it cannot be read.
        DataError: it is no tar archive, or damaged.
    """
    stat = archive.stat()
    # Another size or time is another archive.
    return _members(str(archive), stat.st_size, stat.st_mtime_ns)


@lru_cache(MOST_ARCHIVES)
def _members(archive: str, size: int, time: int) -> dict[str, Member]:
    members: dict[str, Member] = {}
    try:
        with tarfile.open(archive, "r:") as opened:
            for member in opened:
                # Links and sparse files do not lie there as they are.
                if member.isreg() and member.sparse is None:
                    name = posixpath.normpath(member.name)
                    members[name] = Member(member.offset_data, member.size)
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise DataError(
            f"{archive} is not a tar archive, or damaged ({error}); of a compressed one (.tar.gz)"
            " take the compression away first, and copy a damaged one again"
        ) from error
    last = max(members.values(), default=Member(0, 0))
    # Archives are made of whole blocks.
    if last.offset + last.size > size or size % tarfile.BLOCKSIZE:
        raise DataError(f"{archive} is cut off; copy it again")
    return members


def _archive_of(path: Path) -> Path | None:
    """The tar archive that a path leads into."""
    for parent in path.parents:
        if parent.suffix.lower() == TAR and parent.is_file():
            return parent
    return None


def _name_in(archive: Path, path: Path) -> str:
    return path.relative_to(archive).as_posix()


def _member_bytes(archive: Path, path: Path) -> bytes:
    member = members_of(archive).get(_name_in(archive, path))
    if member is None:
        raise FileNotFoundError(2, "No such member of the archive", str(path))
    with archive.open("rb") as file:
        file.seek(member.offset)
        return file.read(member.size)
