"""Stamps: what a store says of the objects of a scene (size, time, ETag), in place of their bytes.

Reading an object to see whether it has changed would cost as much as embedding it. Its ETag is
another one when it was written again; a listing gives it of a thousand objects at once.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from harma.ground.storage.objects import StoredObject

SECOND = 1_000_000_000


class Stamp(NamedTuple):
    """What a store says of the objects of a scene.

    Attributes:
        size: bytes of all.
        mtime_ns: last change of any. Stores tell it in seconds; the further digits tell ETags
            apart, so that what was written twice in a second is seen, too.
        content: fingerprint of their ETags.
    """

    size: int
    mtime_ns: int
    content: str


def stamp_of(objects: Sequence[StoredObject], inner: str = "") -> Stamp:
    """The stamp of some objects.

    Args:
        objects: of a scene, in an order that stays.
        inner: which part of them the scene is, such as a file of an archive.
    """
    digest = hashlib.blake2b(digest_size=16)
    for stored in objects:
        # A store without ETags still says when it was written.
        tag = stored.etag or str(stored.mtime_ns)
        digest.update(f"{tag} {stored.size}\0".encode())
    digest.update(inner.encode())
    digits = int.from_bytes(digest.digest()[:8]) % SECOND
    last = max(stored.mtime_ns for stored in objects)
    size = sum(stored.size for stored in objects)
    return Stamp(size, last // SECOND * SECOND + digits, digest.hexdigest())
