"""Probe of a store: whether it refuses a second conditional put, as two writers need.

LanceDB writes each version of a table by a put that must fail where one is there already. A store
that lets it through loses what was acknowledged: of four writers on such a store, two thirds.
"""

import uuid

from harma.errors import StorageError
from harma.ground.storage.home import BucketHome, Home
from harma.ground.storage.objects import create_object, exchange_object, remove_objects

# Says that whoever writes here sees to it that nobody else does.
SINGLE_WRITER_FILE = ".single-writer"


def check_store(home: Home) -> None:
    """Check that a store refuses what it must; a folder of this machine does.

    Raises:
        StorageError: it lets a second writer through, or cannot be written.
    """
    if not isinstance(home, BucketHome):
        return
    name = f".probe-{uuid.uuid4().hex[:12]}"
    place = home.address.child(name)
    try:
        first = create_object(place, b"first")
        if first is None or create_object(place, b"second") is not None:
            raise _refusal(home, "lets a second conditional put through (If-None-Match)")
        second = exchange_object(place, b"third", first)
        if second is None or exchange_object(place, b"fourth", first) is not None:
            raise _refusal(home, "does not compare ETags when an object is replaced (If-Match)")
    finally:
        remove_objects(home.address, [name])


def _refusal(home: Home, why: str) -> StorageError:
    return StorageError(
        f"the store of {home} {why}: of two writers at once, one would lose what it was told is"
        " written. Use a store that refuses it (S3, Google, Azure, MinIO, R2), or insist that there"
        " is never a second writer (--single-writer)"
    )


def insist(home: Home) -> None:
    """Keep beside an index that there is one writer, whatever its store does."""
    home.write_text(SINGLE_WRITER_FILE, "one writer\n")


def is_insisted(home: Home) -> bool:
    """Whether somebody has said so."""
    return home.read_text(SINGLE_WRITER_FILE) is not None
