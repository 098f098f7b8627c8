"""A home: where an index and its small files lie, a folder of this machine or a bucket.

Small files are written whole or not at all. Tables are LanceDB's affair: it is told an address and
the options of its store.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from harma.errors import ConfigError, DataError
from harma.ground.files import write_text
from harma.ground.outputs import is_address
from harma.ground.storage.addresses import Address, address_of, in_bucket, local_path
from harma.ground.storage.credentials import options_for
from harma.ground.storage.objects import (
    MAX_RETRIES,
    RETRY_SECONDS,
    create_object,
    described,
    first_names,
    listed,
    read_object,
    remove_objects,
    write_object,
)

# Of LanceDB, which by itself gives up after three tries, in two seconds.
RETRIES = {"client_max_retries": str(MAX_RETRIES), "client_retry_timeout": str(RETRY_SECONDS)}


class Home(Protocol):
    """Where an index lies. `str(home)` is what the user gave.

    Attributes:
        is_folder: of this machine; else it is in a bucket.
    """

    is_folder: bool

    @property
    def folder(self) -> Path:
        """Of this machine; a `ConfigError` where it is in a bucket."""

    @property
    def key(self) -> str:
        """One text for one place, however it was named."""

    @property
    def name(self) -> str:
        """The last part of its path."""

    def child(self, name: str) -> "Home":
        """A home below this one."""

    def read_text(self, name: str) -> str | None:
        """A small file; None where there is none."""

    def write_text(self, name: str, text: str) -> None:
        """Write a small file, in place of an older one."""

    def create_text(self, name: str, text: str) -> bool:
        """Write a small file where there is none; False where one is."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def remove_tree(self, name: str) -> None:
        """Remove all below a name, and the file of that name; "" is all there is."""

    def has(self, name: str) -> bool:
        """Whether there is a file of this name, or one below it."""

    def stamp(self, name: str) -> str:
        """Names the content of a small file: another text where it was written again.

        "" where there is none.
        """

    def holds(self, place: "Place") -> bool:
        """Whether a place lies below it, links looked through."""

    def names(self) -> Iterator[str]:
        """Names of the first level; none where it is not there."""

    def num_bytes(self) -> int:
        """How much room it takes."""

    def uri(self, name: str) -> str:
        """What LanceDB is told of what lies below it."""

    def storage_options(self) -> dict[str, str]:
        """What LanceDB is told of the store."""


Place = str | os.PathLike[str] | Home


def home_of(place: Place) -> Home:
    """The home at a place.

    Args:
        place: a path, file://…, s3://BUCKET/…, gs://BUCKET/…, az://CONTAINER/…, or a home.

    Raises:
        ConfigError: it is an address of another kind.
    """
    if not isinstance(place, str | os.PathLike):
        return place
    if in_bucket(place):
        return BucketHome(address_of(place))
    path = local_path(place)
    if path is None or is_address(path):
        # Tells what is allowed.
        address_of(place)
    return FolderHome(Path(path or place))


class FolderHome:
    """A folder of this machine.

    Args:
        folder: need not be there.
    """

    is_folder = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FolderHome) and self._folder == other._folder

    def __hash__(self) -> int:
        return hash(self._folder)

    def __str__(self) -> str:
        return str(self._folder)

    @property
    def folder(self) -> Path:
        """Of this machine."""
        return self._folder

    @property
    def key(self) -> str:
        """Its path without links."""
        return str(self._folder.resolve())

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._folder.absolute().name

    def child(self, name: str) -> "FolderHome":
        """A folder below this one."""
        return FolderHome(self._folder / name)

    def read_text(self, name: str) -> str | None:
        """A small file; None where there is none."""
        path = self._folder / name
        if not path.is_file():
            return None
        return _text(path.read_bytes(), str(path))

    def write_text(self, name: str, text: str) -> None:
        """Write a small file, in place of an older one."""
        write_text(self._folder / name, text)

    def create_text(self, name: str, text: str) -> bool:
        """Write a small file where there is none; False where one is."""
        path = self._folder / name
        if path.exists():
            return False
        write_text(path, text)
        return True

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        (self._folder / name).unlink(missing_ok=True)

    def remove_tree(self, name: str) -> None:
        """Remove all below a name, and the file of that name."""
        path = self._folder / name
        if path.is_file():
            path.unlink()
        shutil.rmtree(path, ignore_errors=True)

    def has(self, name: str) -> bool:
        """Whether there is a file or folder of this name."""
        return (self._folder / name).exists()

    def stamp(self, name: str) -> str:
        """When a small file was written; "" where there is none."""
        path = self._folder / name
        return str(path.stat().st_mtime_ns) if path.is_file() else ""

    def holds(self, place: Place) -> bool:
        """Whether a place lies below it, links looked through."""
        return home_of(place).key.startswith(f"{self.key}/")

    def names(self) -> Iterator[str]:
        """Names of the first level."""
        if self._folder.is_dir():
            yield from sorted(path.name for path in self._folder.iterdir())

    def num_bytes(self) -> int:
        """How much room it takes."""
        return sum(map(_size, self._folder.rglob("*")))

    def uri(self, name: str) -> str:
        """What LanceDB is told of what lies below it."""
        return str(self._folder / name)

    def storage_options(self) -> dict[str, str]:
        """Nothing: it is a folder."""
        return {}


class BucketHome:
    """What lies below an address of a bucket.

    Args:
        address: of it.
    """

    is_folder = False

    def __init__(self, address: Address) -> None:
        self.address = address

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BucketHome) and self.address == other.address

    def __hash__(self) -> int:
        return hash(self.address)

    def __str__(self) -> str:
        return str(self.address)

    @property
    def folder(self) -> Path:
        """There is none.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(f"{self} is in a bucket; this needs a folder of this machine")

    @property
    def key(self) -> str:
        """Its address."""
        return str(self.address)

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.key.rpartition("/")[2]

    def child(self, name: str) -> "BucketHome":
        """An address below this one."""
        return BucketHome(self.address.child(name))

    def read_text(self, name: str) -> str | None:
        """A small file; None where there is none."""
        place = self.address.child(name)
        answer = read_object(place)
        if answer is None:
            return None
        return _text(answer[0], str(place))

    def write_text(self, name: str, text: str) -> None:
        """Write a small file, in place of an older one."""
        write_object(self.address.child(name), text.encode())

    def create_text(self, name: str, text: str) -> bool:
        """Write a small file where there is none; False where one is."""
        return create_object(self.address.child(name), text.encode()) is not None

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        remove_objects(self.address, [name])

    def remove_tree(self, name: str) -> None:
        """Remove all below a name, and the file of that name."""
        place = self.address.child(name)
        names = [entry.name for entry in listed(place)]
        remove_objects(place, names)
        if name:
            self.remove(name)

    def has(self, name: str) -> bool:
        """Whether there is a file of this name, or one below it."""
        place = self.address.child(name)
        return described(place) is not None or next(listed(place), None) is not None

    def stamp(self, name: str) -> str:
        """The ETag of a small file; "" where there is none."""
        facts = described(self.address.child(name))
        return "" if facts is None else facts.etag

    def holds(self, place: Place) -> bool:
        """Whether a place lies below it."""
        return home_of(place).key.startswith(f"{self.key}/")

    def names(self) -> Iterator[str]:
        """Names of the first level."""
        yield from first_names(self.address)

    def num_bytes(self) -> int:
        """How much room it takes."""
        return sum(entry.size for entry in listed(self.address))

    def uri(self, name: str) -> str:
        """What LanceDB is told of what lies below it."""
        return str(self.address.child(name))

    def storage_options(self) -> dict[str, str]:
        """What LanceDB is told of the store, beside the environment, which it reads itself."""
        return {**options_for(self.address), **RETRIES}


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is damaged: it is no text ({error})") from error


def _size(path: Path) -> int:
    """Bytes of a file; 0 of a folder, and of what is gone by now, such as a log of the searches."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0
