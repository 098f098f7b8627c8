"""Objects as files: reading parts of one by ranges, and writing one whole from a local file."""

import io
from pathlib import Path
from typing import BinaryIO

from harma.errors import MissingFileError, StorageError
from harma.ground.storage.addresses import Address, address_of
from harma.ground.storage.objects import REFUSED, described, listed, object_store, telling

# Read ahead: the directory of an archive, or the footer of a table, mostly in one request.
BUFFER_BYTES = 1 << 20
# Larger files are put in parts, several at once.
PART_BYTES = 16 << 20


class _Ranges(io.RawIOBase):
    """Reads ranges of one object.

    Args:
        address: of it.
        size: bytes.
    """

    def __init__(self, address: Address, size: int) -> None:
        super().__init__()
        self._address = address
        self._size = size
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        origins = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}
        self._place = max(0, origins[whence] + offset)
        return self._place

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        import obstore

        end = min(self._place + len(buffer), self._size)
        if end <= self._place:
            return 0
        store = object_store(self._address)
        with telling(self._address):
            read = obstore.get_range(store, self._address.key, start=self._place, end=end)
        count = len(read)
        buffer[:count] = bytes(read)
        self._place += count
        return count


def open_object(address: str) -> BinaryIO:
    """An object to read and seek in, as a file.

    Raises:
        MissingFileError: it is not there.
        StorageError: it cannot be read.
    """
    parts = address_of(address)
    there = described(parts)
    if there is None:
        raise MissingFileError(f"there is no object {parts}")
    return io.BufferedReader(_Ranges(parts, there.size), BUFFER_BYTES)


def put_file(file: Path, address: str) -> None:
    """Write a local file to an object, whole or not at all, in place of an older one.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: it cannot be written.
    """
    import obstore

    parts = address_of(address)
    with telling(parts):
        obstore.put(object_store(parts), parts.key, file, chunk_size=PART_BYTES)


def check_bucket(address: Address) -> None:
    """Check that a bucket is there, and that somebody is known who asks; nothing is written.

    Raises:
        MissingFileError: there is no such bucket.
        StorageError: there are no credentials, or it cannot be reached.
    """
    try:
        next(listed(address), None)
    except StorageError as error:
        # Who may write need not be allowed to list: that the store itself says in the end.
        if REFUSED.search(str(error.__cause__)) is None:
            raise
