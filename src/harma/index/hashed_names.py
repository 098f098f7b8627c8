"""Ids and names counted in bounded memory: hashes of eight bytes each in place of the strings."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

# Names that are kept before equal ones are added up.
WAITING = 1 << 20

Hashes = NDArray[np.int64]
Counts = NDArray[np.int64]


def hashes_of(names: pa.Array | pa.ChunkedArray) -> Hashes:
    """Hashes (n,) of strings, the same within one process."""
    return np.fromiter(map(hash, names.to_pylist()), np.int64, len(names))


def parts_of(hashes: Hashes, num_parts: int) -> NDArray[np.uint64]:
    """In which of some parts, of about the same size, a name is: (n,), from 0."""
    return hashes.view(np.uint64) % np.uint64(num_parts)


class KnownNames:
    """Names that were met; it keeps eight bytes of each.

    One of ten thousand million others may seem to be among a million.

    Args:
        hashes: of the names, ascending, each once.
    """

    def __init__(self, hashes: Hashes) -> None:
        self._hashes = hashes

    def __contains__(self, name: str) -> bool:
        place = int(np.searchsorted(self._hashes, hash(name)))
        return place < len(self._hashes) and int(self._hashes[place]) == hash(name)


class RepeatedNames:
    """Which of many names come more than once; it keeps eight bytes of each.

    Args:
        room: names that are expected.
    """

    def __init__(self, room: int) -> None:
        self._hashes: Hashes = np.empty(room, dtype=np.int64)
        self._count = 0
        self._repeated: Hashes = np.empty(0, dtype=np.int64)

    def add(self, hashes: Hashes) -> None:
        """Take in hashes of names."""
        if self._count + len(hashes) > len(self._hashes):
            self._settle()
        missing = self._count + len(hashes) - len(self._hashes)
        if missing > 0:
            further = np.empty(max(missing, len(self._hashes)), dtype=np.int64)
            self._hashes = np.append(self._hashes, further)
        self._hashes[self._count : self._count + len(hashes)] = hashes
        self._count += len(hashes)

    def repeated(self) -> Hashes:
        """Hashes of the names that came more than once, ascending, each once."""
        self._settle()
        return self._repeated

    def _settle(self) -> None:
        """Keep each name once; in place, as this is what takes memory."""
        hashes = self._hashes[: self._count]
        hashes.sort()
        is_again = np.zeros(len(hashes), dtype=bool)
        is_again[1:] = hashes[1:] == hashes[:-1]
        if not is_again.any():
            return
        self._repeated = np.union1d(self._repeated, hashes[is_again])
        once = hashes[~is_again]
        self._hashes[: len(once)] = once
        self._count = len(once)


class NameCounts:
    """How often each of some names comes, by their hashes; it keeps sixteen bytes of each."""

    def __init__(self) -> None:
        self._hashes: list[Hashes] = [np.empty(0, dtype=np.int64)]
        self._counts: list[Counts] = [np.empty(0, dtype=np.int64)]
        self._num_waiting = 0

    def add(self, hashes: Hashes, counts: Counts) -> None:
        """Take in hashes of names, each once (n,), and how often each came now (n,)."""
        self._hashes.append(hashes)
        self._counts.append(counts)
        self._num_waiting += len(hashes)
        if self._num_waiting > WAITING:
            self.sums()

    def add_all(self, names: pa.ChunkedArray) -> None:
        """Take in names."""
        # By Arrow first: chips of a source lie together, and a block has few sources.
        counted = names.value_counts()
        self.add(hashes_of(counted.field("values")), counted.field("counts").to_numpy())

    def of(self, hashes: Hashes) -> Counts:
        """How often each of some names came, 0 where it never did."""
        names, counts = self.sums()
        if not len(names):
            return np.zeros(len(hashes), dtype=np.int64)
        places = np.minimum(np.searchsorted(names, hashes), len(names) - 1)
        return np.where(names[places] == hashes, counts[places], 0)

    def sums(self) -> tuple[Hashes, Counts]:
        """Hashes of the names, ascending, each once, and how often each came."""
        if len(self._hashes) == 1:
            return self._hashes[0], self._counts[0]
        names, places = np.unique(np.concatenate(self._hashes), return_inverse=True)
        counts = np.zeros(len(names), dtype=np.int64)
        np.add.at(counts, places, np.concatenate(self._counts))
        self._hashes = [names]
        self._counts = [counts]
        self._num_waiting = 0
        return names, counts
