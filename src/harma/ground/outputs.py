"""Where output may go: local files and folders that can be written, single files to buckets, too.

Looked at before any work: what is found out at the end has cost the time of all of it.
"""

import os
import re
from pathlib import Path

from harma.errors import ConfigError, HarmaError, StorageError
from harma.ground.storage.addresses import address_of, in_bucket

# One letter and a colon is a drive of Windows. A `Path` keeps one of the two slashes.
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
# Names of GDAL for what lies elsewhere or inside of something: /vsis3/, /vsizip/, /vsicurl/.
GDAL_ADDRESS = re.compile(r"/vsi[a-z0-9_]+/", re.IGNORECASE)


def is_address(place: str | os.PathLike[str]) -> bool:
    """Whether a text names something that is no local file: s3://…, https://…, /vsigs/…."""
    text = os.fspath(place)
    return bool(ADDRESS.match(text) or GDAL_ADDRESS.match(text))


def check_no_address(place: str | os.PathLike[str], what: str = "") -> None:
    """Check that output does not go to an address; without it, a folder `s3:` would be made.

    Args:
        place: where it goes.
        what: the argument's name, for the message.

    Raises:
        ConfigError: it is an address.
    """
    if is_address(place):
        raise ConfigError(
            f"{_named(place, what)} is an address; HarMA writes to local files and folders. Name"
            " one of this machine (a mounted bucket is one), and copy it from there"
        )


def check_output_file(place: str | os.PathLike[str], what: str = "") -> None:
    """Check that a file can be written there, on this machine or in a bucket; nothing is made.

    Raises:
        ConfigError: it is another address, a directory, or lies below a file.
        MissingFileError: there is no such bucket.
        StorageError: the folder cannot be written to, or the bucket cannot be reached.
    """
    named = _named(place, what)
    if in_bucket(place):
        _check_in_bucket(place, named)
        return
    if is_address(place):
        raise ConfigError(
            f"{named} is an address; HarMA writes to local files and folders, and single files to"
            " buckets, too (s3://BUCKET/…, gs://BUCKET/…, az://CONTAINER/…). Name one of these"
        )
    path = Path(place)
    if path.is_dir():
        raise ConfigError(f"{named} is a directory; name a file to write to")
    _check_folder(path.absolute().parent, named)


def as_written(place: str | os.PathLike[str]) -> str:
    """A place as a person writes it: a `Path` of an address has lost one of its two slashes."""
    if in_bucket(place):
        return str(address_of(place))
    return os.fspath(place)


def _check_in_bucket(place: str | os.PathLike[str], named: str) -> None:
    from harma.ground.storage.object_files import check_bucket

    address = address_of(place)
    if not address.key or os.fspath(place).endswith("/"):
        raise ConfigError(f"{named} names no object; name one to write to, s3://BUCKET/hits.csv")
    try:
        check_bucket(address)
    except HarmaError as error:
        raise type(error)(f"{named} cannot be written: {error.problem}") from error


def check_output_directory(place: str | os.PathLike[str], what: str = "") -> None:
    """Check that a directory is there, or can be made there; nothing is made.

    Raises:
        ConfigError: it is an address, a file, or lies below a file.
        StorageError: it cannot be written to.
    """
    check_no_address(place, what)
    path = Path(place)
    named = _named(place, what)
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{named} is a file; name a directory to write to")
    _check_folder(path.absolute(), named)


def _check_folder(folder: Path, named: str) -> None:
    """Check the folder, or of what is not there yet the nearest one that is."""
    nearest = folder
    # Links that lead nowhere count as not there; making the folder will say more.
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise ConfigError(f"{named} cannot be written: {nearest} is a file, not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise StorageError(
            f"{named} cannot be written: the folder {nearest} is not yours to write to"
        )


def _named(place: str | os.PathLike[str], what: str) -> str:
    text = as_written(place)
    # Bytes of a name that are no UTF-8 cannot be handed to libraries that write; NUL to nobody.
    if "\0" in text or text.encode("utf-8", "replace").decode() != text:
        raise ConfigError(f"{text!r} is no name of UTF-8 text; name the output otherwise")
    if what:
        return f"{what} is {text}, which"
    return text
