"""Listings of indexes, of a few versions: pages go on in the version that they began with."""

import threading
from collections import OrderedDict

from harma.errors import GoneError
from harma.index.listing import Listing
from harma.index.snapshot import Snapshot

# Versions of all indexes that are kept for clients that turn pages while an index is written.
KEPT_VERSIONS = 8


class Listings:
    """Keeps listings of the versions that clients read; threads share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int], Listing] = OrderedDict()
        self._lock = threading.Lock()

    def newest(self, index: str, version: int, snapshot: Snapshot) -> Listing:
        """The listing of the version that is served.

        Args:
            index: id of the index.
            version: that is served.
            snapshot: of that version.
        """
        key = (index, version)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = Listing(snapshot)
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT_VERSIONS:
                self._kept.popitem(last=False)
            return self._kept[key]

    def of_version(self, index: str, version: int) -> Listing:
        """The listing of a version that a client began with.

        Raises:
            GoneError: it is kept no longer.
        """
        with self._lock:
            listing = self._kept.get((index, version))
        if listing is None:
            raise GoneError("the index has changed since these pages began; begin again")
        return listing
