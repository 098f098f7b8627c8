"""Chips copied into new indexes as they are (split, merge): nothing is read or embedded again."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from harma.ground.progress import AdvancePart
from harma.index.ann import PAYS
from harma.index.compaction import keep_quick
from harma.index.contract import ROW_ID, StoreReader
from harma.index.embedder import QueryEmbedder
from harma.index.new_indexes import NewIndexes
from harma.index.records import SourceRecord
from harma.index.schema import chip_schema
from harma.index.settings import FOREIGN, Settings
from harma.index.writer import FILES_BETWEEN, write_problems

# Chips that are read at once, with their thumbnails about 50 MB.
READ_ROWS = 8192
# Chips that wait to be written, of all new indexes together.
WAITING_ROWS = 32_768
# Records of sources that are written at once.
SOURCES_AT_ONCE = 10_000


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


class Copies:
    """Writes chips to new indexes, of which few wait in memory.

    Args:
        new: makes the indexes.
        names: of them; "" is one that lies at the output itself.
        settings: of all of them.
    """

    def __init__(self, new: NewIndexes, names: Iterable[str], settings: Settings) -> None:
        self._new = new
        self.stores = {name: new.create(name, settings) for name in names}
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in self.stores}
        self._num_waiting: Counter[str] = Counter()
        # Chips by source, for all new indexes: a source is in one of them.
        self._counts: Counter[str] = Counter()

    def add(self, name: str, rows: pa.Table) -> None:
        """Bring rows of all columns into one of the indexes, now or soon."""
        if not rows.num_rows:
            return
        counted = pc.value_counts(rows["source"]).to_pylist()
        self._counts.update({entry["values"]: entry["counts"] for entry in counted})
        self._waiting[name].append(rows)
        self._num_waiting[name] += rows.num_rows
        # The fullest, so that few small files are written.
        while self._num_waiting.total() > WAITING_ROWS:
            self._write(self._num_waiting.most_common(1)[0][0])

    def _write(self, name: str) -> None:
        tables = self._waiting[name]
        if not tables:
            return
        store = self.stores[name]
        store.add_rows(pa.concat_tables(tables, promote_options="default"))
        self._waiting[name] = []
        del self._num_waiting[name]
        # Searches of what is made look into each file; a writer slows down with them too.
        if store.num_files() > FILES_BETWEEN:
            store.compact()

    def finish(
        self,
        name: str,
        records: Iterable[SourceRecord],
        embedder: QueryEmbedder | None,
        progress: AdvancePart,
    ) -> Made:
        """Write what waits and the sources of one index, and make it quick to search.

        Args:
            name: of the index.
            records: of its sources.
            embedder: embeds texts that recall is measured on; None measures on chips alone.
            progress: told of what takes long.
        """
        self._write(name)
        store = self.stores[name]
        whole: list[SourceRecord] = []
        num_unfinished = 0
        for record in records:
            # A record says that all chips are there: without it the next build looks again.
            if self._counts[record.source] == record.num_chips:
                whole.append(record)
            else:
                num_unfinished += 1
        for start in range(0, len(whole), SOURCES_AT_ONCE):
            store.put_sources(whole[start : start + SOURCES_AT_ONCE])
        write_problems(store)
        search = keep_quick(store, embedder, progress)
        return Made(self._new.place(name), store.count(), len(whole), num_unfinished, search)


def copied_columns(store: StoreReader) -> list[str]:
    """All columns of the chips of an index."""
    return [*chip_schema(store.settings.embed_dim).names, *store.property_types()]


def whole_rows(store: StoreReader) -> Iterator[pa.Table]:
    """All chips of an index, some thousand at a time, with all columns."""
    names = copied_columns(store)
    for block in store.blocks(names, num_rows=READ_ROWS):
        yield block.drop_columns([ROW_ID])


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
