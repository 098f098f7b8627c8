"""What a build knows of the sources that an index has: some numbers of each, not their records."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from harma.index.contract import StoreReader
from harma.index.hashed_names import Hashes, KnownNames, hashes_of
from harma.index.records import SourceRecord
from harma.index.source_files import OnDisk
from harma.scenes.addresses import is_address, unsigned

COLUMNS = ("source", "content", "size", "mtime_ns", "problem")
# Of a source that is looked at anew, whatever its file is: it could not be used.
NEVER = -(1 << 62)


def is_signed(name: str) -> bool:
    """Whether the name of a source has a signature in it."""
    return is_address(name) and unsigned(name) != name


class KnownSources:
    """The sources of an index when a build begins; it keeps 32 bytes of each.

    Records are read when they are needed, as the index has them then: a build changes the record of
    a source only after it has looked at it.

    Args:
        store: of the index; None where there is none yet.
    """

    def __init__(self, store: StoreReader | None) -> None:
        self._store = store
        names: list[Hashes] = [np.empty(0, dtype=np.int64)]
        contents: list[Hashes] = [np.empty(0, dtype=np.int64)]
        sizes: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        times: list[NDArray[np.int64]] = [np.empty(0, dtype=np.int64)]
        # Indexes of earlier versions kept signatures in names, a source for each.
        self._signed: dict[str, list[str]] = defaultdict(list)
        for table in () if store is None else store.source_tables(COLUMNS):
            names.append(hashes_of(table["source"]))
            contents.append(hashes_of(table["content"]))
            has_problem = table["problem"].fill_null("").to_numpy() != ""
            sizes.append(table["size"].to_numpy())
            times.append(np.where(has_problem, NEVER, table["mtime_ns"].to_numpy()))
            self._note_signed(table["source"].to_pylist())
        hashes = np.concatenate(names)
        order = np.argsort(hashes)
        self._names = hashes[order]
        self._sizes = np.concatenate(sizes)[order]
        self._times = np.concatenate(times)[order]
        self._contents = KnownNames(np.unique(np.concatenate(contents)))

    def _note_signed(self, names: Iterable[str]) -> None:
        for name in names:
            if is_signed(name):
                self._signed[unsigned(name)].append(name)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: str) -> bool:
        return self._place(name) is not None

    def _place(self, name: str) -> int | None:
        place = int(np.searchsorted(self._names, hash(name)))
        is_there = place < len(self._names) and int(self._names[place]) == hash(name)
        return place if is_there else None

    def is_unchanged(self, name: str, seen: OnDisk) -> bool:
        """Whether a source could be used, and its files are as large and as old as they were."""
        place = self._place(name)
        if place is None:
            return False
        return (int(self._sizes[place]), int(self._times[place])) == (seen.size, seen.mtime_ns)

    def records(self, names: Sequence[str]) -> dict[str, SourceRecord]:
        """The records of some sources, by source."""
        there = [name for name in names if name in self]
        if self._store is None or not there:
            return {}
        return self._store.sources_named(there)

    def knows_content(self, content: str) -> bool:
        """Whether a source seems to have these bytes."""
        return bool(content) and content in self._contents

    def of_contents(self, contents: Sequence[str]) -> dict[str, list[SourceRecord]]:
        """The sources of some bytes, by their fingerprint."""
        records: dict[str, list[SourceRecord]] = defaultdict(list)
        wanted = [content for content in dict.fromkeys(contents) if self.knows_content(content)]
        if self._store is not None and wanted:
            for record in self._store.sources_of(wanted):
                records[record.content].append(record)
        return records

    def has_signed(self, name: str) -> bool:
        """Whether an earlier version kept a source under names with signatures."""
        return name in self._signed

    def signed_names(self, name: str) -> list[str]:
        """Names of an address with signatures in them, each given once."""
        return self._signed.pop(name, [])
