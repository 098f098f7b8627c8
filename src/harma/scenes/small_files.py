"""Small files beside scenes, read whole from this machine or a bucket: lists, XML, catalogues."""

from pathlib import Path

from harma.errors import MissingFileError
from harma.ground.storage.addresses import in_bucket
from harma.ground.storage.objects import read_object


def read_small(place: str) -> bytes:
    """The bytes of a file, or of an object of a bucket.

    Raises:
        MissingFileError: there is no such object, or no such bucket.
        StorageError: its bucket cannot be read.
        OSError: the file cannot be read.
    """
    if not in_bucket(place):
        return Path(place).read_bytes()
    found = read_object(place)
    if found is None:
        raise MissingFileError(f"there is no object {place}")
    return found[0]
