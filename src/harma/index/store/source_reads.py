"""What is read of the sources of an index: which there are, and what is known of each."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from harma.index.records import SourceRecord
from harma.index.schema import SOURCE_SCHEMA
from harma.index.store.tables import named, tables_of
from harma.index.unreadable import telling

# Sources read at once: as rows of Python they take a kilobyte each.
SOURCES_AT_ONCE = 4096
# Of some columns alone; Lance reads a dozen of such blocks ahead.
ROWS_OF_SOURCES = 8192
# Of sources, what many have in common.
REPEATED = {"bands", "bands_reason", "stretch", "sensor", "date_from", "placed_by"}

# What reads the table, and tells where it is damaged.
READS = (
    "sources",
    "sources_named",
    "sources_of",
    "source_tables",
    "source_blocks",
    "num_sources",
)


@telling(*READS)
class SourceReads:
    """Reads the table of sources; a part of `harma.index.store.reads`."""

    _sources: Any

    def sources(self) -> dict[str, SourceRecord]:
        """The records of all sources, by source."""
        records = {}
        for block in self.source_blocks():
            records.update({record.source: record for record in block})
        return records

    def sources_named(self, names: Sequence[str]) -> dict[str, SourceRecord]:
        """The records of some sources, by source; of those that have one."""
        records = {}
        for where in named(names):
            for block in self.source_blocks(where):
                records.update({record.source: record for record in block})
        return records

    def sources_of(self, contents: Sequence[str]) -> Iterator[SourceRecord]:
        """The records of the sources that have some bytes, by their fingerprints."""
        for where in named(contents, "content"):
            for block in self.source_blocks(where):
                yield from block

    def source_tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Columns of the records of all sources, `ROWS_OF_SOURCES` at a time.

        What an earlier version did not know is null.
        """
        names = set(self._sources.schema.names)
        query = self._sources.search().select([name for name in columns if name in names])
        missing = [SOURCE_SCHEMA.field(name) for name in columns if name not in names]
        for block in tables_of(query, ROWS_OF_SOURCES):
            table = block
            for field in missing:
                table = table.append_column(field, pa.nulls(len(block), field.type))
            yield table.select(list(columns))

    def source_blocks(self, where: str = "") -> Iterator[list[SourceRecord]]:
        """The records of sources, `SOURCES_AT_ONCE` at a time.

        Args:
            where: SQL that they fulfil, or "" for all.
        """
        query = self._sources.search()
        if where:
            query = query.where(where)
        for table in tables_of(query, SOURCES_AT_ONCE):
            # One text for all of a block: most sources say the same of their bands and dates.
            shared: dict[str, str] = {}
            records = []
            for row in table.to_pylist():
                # Empty is what an earlier version did not know.
                known = {name: value for name, value in row.items() if value is not None}
                for name in REPEATED & known.keys():
                    known[name] = shared.setdefault(known[name], known[name])
                records.append(SourceRecord(**known))
            yield records

    def num_sources(self) -> int:
        """Sources that have a record."""
        return int(self._sources.count_rows())
