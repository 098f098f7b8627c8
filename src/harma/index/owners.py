"""Which index each source belongs to (split, merge): hashes of names, a part of them at a time."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.index.hashed_names import WAITING, Counts, Hashes, hashes_of

Numbers = NDArray[np.int32]

# Sources of which something is known at once: 100 MB, whatever the archive. Of more sources all
# is read several times.
SOURCES_AT_ONCE = 1_000_000
NOBODY = -1


@dataclass(frozen=True)
class SourcePart:
    """The sources whose names fall into one of several parts, the same in every process.

    Attributes:
        number: from 0.
        num_parts: that there are.
    """

    number: int
    num_parts: int

    def admits(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """Which of some names fall into it (n,)."""
        if self.num_parts == 1:
            return np.ones(len(names), dtype=bool)
        sums = (zlib.crc32(name.encode("utf-8", "surrogatepass")) for name in names)
        numbers = np.fromiter(sums, np.int64, len(names)) % self.num_parts
        is_own: NDArray[np.bool_] = numbers == self.number
        return is_own


def source_parts(num_sources: int) -> Iterator[SourcePart]:
    """The parts that so many sources are looked at in."""
    num_parts = max(1, -(-num_sources // SOURCES_AT_ONCE))
    for number in range(num_parts):
        yield SourcePart(number, num_parts)


@dataclass(frozen=True, eq=False)
class Owners:
    """What the sources of a part belong to.

    Attributes:
        part: which sources it knows.
        hashes: of their names (n,), ascending, each once.
        owners: number of the index that each belongs to (n,).
        counts: chips of each there (n,).
    """

    part: SourcePart
    hashes: Hashes
    owners: Numbers
    counts: Counts

    def of(self, names: Sequence[str]) -> Numbers:
        """Owners of sources (n,); `NOBODY` where none is known."""
        places, is_known = self._places(names)
        if not len(self.hashes):
            return np.full(len(names), NOBODY, dtype=np.int32)
        owners: Numbers = np.where(is_known, self.owners[places], NOBODY)
        return owners

    def counts_of(self, names: Sequence[str]) -> Counts:
        """Chips of sources (n,); 0 where none is known."""
        places, is_known = self._places(names)
        if not len(self.hashes):
            return np.zeros(len(names), dtype=np.int64)
        counts: Counts = np.where(is_known, self.counts[places], 0)
        return counts

    def of_rows(self, rows: pa.Table) -> Numbers:
        """Owners of chips (n,), by their sources."""
        coded = rows["source"].combine_chunks().dictionary_encode()
        owners: Numbers = self.of(coded.dictionary.to_pylist())[coded.indices.to_numpy()]
        return owners

    def _places(self, names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where names are, and whether they are there."""
        hashes = hashes_of(pa.array(names, pa.string()))
        if not len(self.hashes):
            return np.zeros(len(names), dtype=np.int64), np.zeros(len(names), dtype=bool)
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        is_known = (self.hashes[places] == hashes) & self.part.admits(names)
        return places, is_known


class OwnerCounts:
    """How many chips of each source lie in each index, by hashes: 20 bytes of each pair."""

    def __init__(self, part: SourcePart) -> None:
        self.part = part
        self._hashes: list[Hashes] = [np.empty(0, dtype=np.int64)]
        self._owners: list[Numbers] = [np.empty(0, dtype=np.int32)]
        self._counts: list[Counts] = [np.empty(0, dtype=np.int64)]
        self._num_waiting = 0

    def add(self, names: Sequence[str], owners: Numbers, counts: Counts) -> None:
        """Take in sources (n,), the index of each, and how many chips of it were met there."""
        is_own = self.part.admits(names)
        self._hashes.append(hashes_of(pa.array(names, pa.string()))[is_own])
        self._owners.append(owners[is_own])
        self._counts.append(counts[is_own])
        self._num_waiting += int(is_own.sum())
        if self._num_waiting > WAITING:
            self.sums()

    def sums(self) -> tuple[Hashes, Numbers, Counts]:
        """Hashes of sources and their indexes, each pair once and ascending, and their chips."""
        hashes = np.concatenate(self._hashes)
        owners = np.concatenate(self._owners)
        counts = np.concatenate(self._counts)
        if len(self._hashes) > 1:
            order = np.lexsort((owners, hashes))
            hashes = hashes[order]
            owners = owners[order]
            is_first = np.ones(len(hashes), dtype=bool)
            is_first[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
            starts = np.flatnonzero(is_first)
            if len(starts):
                counts = np.add.reduceat(counts[order], starts)
            hashes = hashes[starts]
            owners = owners[starts]
        self._hashes = [hashes]
        self._owners = [owners]
        self._counts = [counts]
        self._num_waiting = 0
        return hashes, owners, counts


def first_of_each(hashes: Hashes) -> NDArray[np.int64]:
    """Where each of some sorted hashes begins."""
    is_first = np.ones(len(hashes), dtype=bool)
    is_first[1:] = hashes[1:] != hashes[:-1]
    return np.flatnonzero(is_first)
