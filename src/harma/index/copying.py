"""Chips copied into new indexes as they are (split, merge): nothing is read or embedded again.

The rows of an index come in one order, so what a new index has is the beginning of what it gets: a
copy that was interrupted goes on after so many rows as are there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import DataError
from harma.ground.progress import AdvancePart
from harma.index.ann import PAYS
from harma.index.compaction import keep_quick
from harma.index.contract import ROW_ID, StoreReader
from harma.index.embedder import QueryEmbedder
from harma.index.hashed_names import hashes_of
from harma.index.new_indexes import NewIndexes
from harma.index.orphans import drop_orphans
from harma.index.owners import NOBODY, Numbers, Owners
from harma.index.records import SourceRecord
from harma.index.schema import chip_schema
from harma.index.settings import FOREIGN, Settings
from harma.index.store import Store
from harma.index.writer import FILES_BETWEEN, write_problems

# Chips that are read at once, with their thumbnails about 50 MB.
READ_ROWS = 8192
# What waits to be written, of all new indexes together.
WAITING_ROWS = 32_768
WAITING_BYTES = 128 << 20
WAITING_RECORDS = 50_000

Item = TypeVar("Item")


@dataclass(frozen=True)
class Made:
    """An index that was made of others.

    Attributes:
        directory: of it; an address where it is in a bucket.
        num_chips: in it.
        num_sources: in it, without those that are not finished.
        num_unfinished: sources of which chips are missing: the next `harma index add` of them
            completes them.
        search: how it is searched, in words.
    """

    directory: Path | str
    num_chips: int
    num_sources: int
    num_unfinished: int
    search: str


class _Waiting(Generic[Item]):
    """What waits to be written to each of several indexes, with how much room it takes."""

    def __init__(self, names: Iterable[str]) -> None:
        self._items: dict[str, list[Item]] = {name: [] for name in names}
        self._sizes: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """Room of all."""
        return self._sizes.total()

    def add(self, name: str, item: Item, size: int) -> None:
        """Let an item wait."""
        self._items[name].append(item)
        self._sizes[name] += size

    def fullest(self) -> str:
        """The index that most waits for."""
        return self._sizes.most_common(1)[0][0]

    def take(self, name: str) -> list[Item]:
        """What waits for an index."""
        items = self._items[name]
        self._items[name] = []
        del self._sizes[name]
        return items


class _Beginning:
    """The rows that a new index has of an interrupted copy, as they come by again.

    Args:
        store: of the new index.
    """

    def __init__(self, store: Store) -> None:
        self._place = store.home
        self.num_left = store.count()
        self.is_empty = not self.num_left
        # Of the rows that have not come by yet, so that nothing grows with them.
        self._sum = 0
        if self.num_left:
            for block in store.blocks(["id"]):
                self._sum += int(hashes_of(block["id"]).sum())

    def pass_by(self, rows: pa.Table) -> pa.Table:
        """Take those of some rows that are there already; what is left is new.

        Raises:
            DataError: they are not what is there.
        """
        num_there = min(self.num_left, rows.num_rows)
        if not num_there:
            return rows
        self._sum -= int(hashes_of(rows["id"].slice(0, num_there)).sum())
        self.num_left -= num_there
        # Sums of hashes run over at 64 bits.
        if not self.num_left and self._sum % (1 << 64):
            raise self.error()
        return rows.slice(num_there)

    def error(self) -> DataError:
        """What is wrong where it has other rows."""
        return DataError(
            f"{self._place}, which an interrupted run began, holds other chips than are to be"
            " written there; give the command again with --anew"
        )


class Copies:
    """Writes chips to new indexes, of which few wait in memory.

    Args:
        new: makes the indexes.
        names: of them; "" is one that lies at the output itself.
        settings: of all of them.
    """

    def __init__(self, new: NewIndexes, names: Iterable[str], settings: Settings) -> None:
        self._new = new
        self.names = list(names)
        self.stores = {name: new.create(name, settings) for name in self.names}
        self._there = {name: _Beginning(store) for name, store in self.stores.items()}
        self._rows: _Waiting[pa.Table] = _Waiting(self.names)
        self._bytes: Counter[str] = Counter()
        self._records: _Waiting[SourceRecord] = _Waiting(self.names)
        self._num_sources: Counter[str] = Counter()
        self._num_unfinished: Counter[str] = Counter()

    def copy(
        self, store: Store, targets: Callable[[pa.Table], Numbers], advance: Callable[[int], None]
    ) -> None:
        """Copy chips of an index, after those that are there already.

        Args:
            store: of one version.
            targets: for each of some rows, with a source, the place of its index among the names;
                `NOBODY` where it goes to none.
            advance: called with further rows that are done.
        """
        first = self._pass_by(store, targets)
        advance(first)
        for rows in whole_rows(store, first):
            of_rows = targets(rows)
            for number in np.unique(of_rows[of_rows != NOBODY]).tolist():
                self.add(self.names[number], rows.filter(pa.array(of_rows == number)))
            advance(rows.num_rows)

    def _pass_by(self, store: Store, targets: Callable[[pa.Table], Numbers]) -> int:
        """Let rows come by that all are there, their names alone; how many these are."""
        num_passed = 0
        if not any(there.num_left for there in self._there.values()):
            return 0
        for rows in store.blocks(["id", "source"], num_rows=READ_ROWS):
            of_rows = targets(rows)
            if not self._are_there(of_rows):
                break
            for number in np.unique(of_rows[of_rows != NOBODY]).tolist():
                own = rows.filter(pa.array(of_rows == number))
                self._there[self.names[number]].pass_by(own)
            num_passed += rows.num_rows
        return num_passed

    def _are_there(self, of_rows: Numbers) -> bool:
        """Whether all of some rows are in their indexes."""
        numbers, counts = np.unique(of_rows[of_rows != NOBODY], return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if self._there[self.names[number]].num_left < count:
                return False
        return True

    def add(self, name: str, rows: pa.Table) -> None:
        """Bring rows of all columns into one of the indexes, now or soon."""
        rows = self._there[name].pass_by(rows)
        if not rows.num_rows:
            return
        self._rows.add(name, rows, rows.num_rows)
        self._bytes[name] += rows.nbytes
        # The fullest, so that few small files are written.
        while self._rows.total > WAITING_ROWS or self._bytes.total() > WAITING_BYTES:
            self._write(self._rows.fullest())

    def _write(self, name: str) -> None:
        tables = self._rows.take(name)
        del self._bytes[name]
        if not tables:
            return
        store = self.stores[name]
        store.add_rows(pa.concat_tables(tables, promote_options="default"))
        # Searches of what is made look into each file; a writer slows down with them too.
        if store.num_files() > FILES_BETWEEN:
            store.compact()

    def add_sources(
        self, records: Iterable[SourceRecord], targets: Numbers, num_chips: NDArray[np.int64]
    ) -> None:
        """Bring records of sources into their indexes, now or soon, if all their chips come.

        Args:
            records: n of them.
            targets: place of the index of each among the names (n,), or `NOBODY`.
            num_chips: of each that come (n,).
        """
        for record, number, count in zip(
            records, targets.tolist(), num_chips.tolist(), strict=True
        ):
            if number == NOBODY:
                continue
            name = self.names[number]
            # A record says that all chips are there: without it the next build looks again.
            if count != record.num_chips:
                self._num_unfinished[name] += 1
                continue
            self._num_sources[name] += 1
            self._records.add(name, record, 1)
        # After the chips of all indexes, as a build has it.
        while self._records.total > WAITING_RECORDS:
            self._write_sources(self._records.fullest())

    def _write_sources(self, name: str) -> None:
        self._write(name)
        records = self._records.take(name)
        if records:
            self.stores[name].put_sources(records)

    def finish(self, name: str, embedder: QueryEmbedder | None, progress: AdvancePart) -> Made:
        """Write what waits of one index, and make it quick to search.

        Args:
            name: of the index.
            embedder: embeds texts that recall is measured on; None measures on chips alone.
            progress: told of what takes long.

        Raises:
            DataError: it has rows that are not to be there.
        """
        self._write_sources(name)
        store = self.stores[name]
        if self._there[name].num_left:
            raise self._there[name].error()
        if not self._there[name].is_empty:
            # Of a write that was cut off nothing else remains; nobody else writes.
            drop_orphans(store.chips_address(), timedelta())
        write_problems(store)
        search = keep_quick(store, embedder, progress)
        return Made(
            self._new.place(name),
            store.count(),
            self._num_sources[name],
            self._num_unfinished[name],
            search,
        )


def copied_columns(store: StoreReader) -> list[str]:
    """All columns of the chips of an index."""
    return [*chip_schema(store.settings.embed_dim).names, *store.property_types()]


def whole_rows(store: Store, first: int = 0) -> Iterator[pa.Table]:
    """All chips of an index after so many, some thousand at a time, with all columns."""
    names = copied_columns(store)
    for block in store.blocks(names, num_rows=READ_ROWS, first=first):
        yield block.drop_columns([ROW_ID])


def copy_sources(copies: Copies, store: Store, owners: Owners, others: int = NOBODY) -> None:
    """Copy the records of those sources of an index that a part admits.

    Args:
        copies: gets them.
        store: of the index.
        owners: what each belongs to, and how many chips of it come.
        others: what a source belongs to of which nothing is known.
    """
    for records in store.source_blocks():
        names = [record.source for record in records]
        targets = owners.of(names)
        targets[(targets == NOBODY) & owners.part.admits(names)] = others
        copies.add_sources(records, targets, owners.counts_of(names))


def measuring(
    settings: Settings, num_chips: int, load: Callable[[], QueryEmbedder] | None
) -> QueryEmbedder | None:
    """The model that recall of an ANN index is measured with, where one will be made.

    Args:
        settings: of the index.
        num_chips: in it.
        load: gives the model; None measures on chips alone.
    """
    is_foreign = settings.model_id.startswith(FOREIGN)
    if load is None or is_foreign or num_chips < PAYS:
        return None
    return load()
