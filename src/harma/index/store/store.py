"""The tables of an index: made, read and written."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import ConfigError, StorageError
from harma.ground.leftovers import remove_leftovers
from harma.ground.lock import LOCK_FILE
from harma.ground.storage.home import Home, Place, home_of
from harma.ground.storage.lease import LEASE_FILE, Guard, unguarded
from harma.ground.storage.probe import SINGLE_WRITER_FILE
from harma.index.ann_segments import AnnPlan, make_in_parts, merge_latest
from harma.index.contract import ROW_ID
from harma.index.fragments import CommitMark, TableAddress, commit_fragments, take_over
from harma.index.properties import new_columns, property_types
from harma.index.records import ChipRecord, SourceRecord
from harma.index.rows import chip_rows
from harma.index.schema import CHIPS_TABLE, SOURCE_SCHEMA, SOURCES_TABLE, chip_schema, quoted
from harma.index.settings import SETTINGS_FILE, Settings, write_settings
from harma.index.store.reads import StoreReads
from harma.index.store.tables import (
    NAMES_AT_ONCE,
    TABLES,
    age_kept,
    complete,
    connect,
    named,
    tables_name,
)
from harma.index.unreadable import reason_of_store, told_as

# What may lie where an index is to be made.
OWN_NAMES = {TABLES, LOCK_FILE, LEASE_FILE, SINGLE_WRITER_FILE}
# What the one that holds the lock is doing.
WRITING_INDEX = "writing the index"
# Vectors of each partition that the partitions are found from, and rounds of that: a tenth of the
# products of Lance's own (256 and 50).
TRAINED_ON = 64
TRAINING_ROUNDS = 20


class Store(StoreReads):
    """An opened index: reads and writes; see `harma.index.contract`."""

    @classmethod
    def create(
        cls,
        place: Place,
        settings: Settings,
        *,
        tables: Home | None = None,
        guard: Guard = unguarded,
    ) -> "Store":
        """Make an empty index; the arguments are those of the class.

        Raises:
            ConfigError: the place holds something else.
        """
        home = home_of(place)
        if home.is_folder:
            home.folder.mkdir(parents=True, exist_ok=True)
            # Settings half written by a build that was killed here.
            remove_leftovers(home.folder / SETTINGS_FILE)
        foreign = [name for name in home.names() if name not in OWN_NAMES]
        if foreign:
            raise ConfigError(
                f"{home} holds files that are no index ({', '.join(foreign[:3])}); choose another"
            )
        guard()
        of_tables = tables or home
        # What a killed build left.
        of_tables.remove_tree(tables_name(settings))
        database = connect(of_tables, settings)
        with told_as(partial(_unwritable, home)):
            database.create_table(CHIPS_TABLE, schema=chip_schema(settings.embed_dim))
            database.create_table(SOURCES_TABLE, schema=SOURCE_SCHEMA)
        # The settings come last: where they are, there is an index.
        write_settings(home, settings)
        return cls(home, tables=tables, guard=guard)

    # -- writing ------------------------------------------------------------------------------

    def add_chips(self, chips: Sequence[ChipRecord], embeddings: NDArray[np.float32]) -> None:
        """Append chips, all of them or none.

        Args:
            chips: n of them.
            embeddings: (n, E).
        """
        new = new_columns(chips, self.property_types())
        with self._writing():
            complete(self._chips, chip_schema(self.settings.embed_dim))
            self._add_columns(new)
            self._chips.add(
                chip_rows(chips, embeddings, self.settings.model_id, self._chips.schema)
            )

    def _add_columns(self, types: Mapping[str, pa.DataType]) -> None:
        if types:
            self._chips.add_columns(pa.schema(list(types.items())))

    def prepare_columns(self, types: Mapping[str, pa.DataType]) -> None:
        """Make the columns of properties that are missing, before others write rows with them."""
        known = self.property_types()
        with self._writing():
            complete(self._chips, chip_schema(self.settings.embed_dim))
            self._add_columns({name: kind for name, kind in types.items() if name not in known})

    def chips_address(self) -> TableAddress:
        """Where the table of chips is, for those who write fragments of it."""
        return TableAddress(self._tables.uri(self._chips_name()))

    def admit_writers(self, build: str) -> None:
        """Let others write fragments of the chips; a build by this name alone commits them."""
        with self._writing():
            take_over(self.chips_address(), build)
            self._chips.checkout_latest()

    def add_fragments(self, fragments: Sequence[str], mark: CommitMark) -> None:
        """Commit chips that others have written, all of them or none, and once."""
        with self._writing():
            commit_fragments(self.chips_address(), fragments, mark, self._guard)
            self._chips.checkout_latest()

    def add_rows(self, rows: pa.Table) -> None:
        """Append chips as another store gave them, all of them or none.

        Args:
            rows: with all columns of this one, in any order; a property that is new gets a column.
        """
        own = chip_schema(self.settings.embed_dim).names
        known = self.property_types()
        found = property_types(rows.schema, [*own, ROW_ID])
        new = {name: kind for name, kind in found.items() if name not in known}
        with self._writing():
            self._add_columns(new)
            schema = self._chips.schema
            self._chips.add(rows.select(schema.names).cast(schema))

    def put_settings(self, settings: Settings) -> None:
        """Write what the index was made with anew."""
        write_settings(self.home, settings)
        self.settings = settings

    def put_sources(self, sources: Sequence[SourceRecord]) -> None:
        """Write records of sources, in place of older ones."""
        table = pa.Table.from_pylist([vars(source) for source in sources], schema=SOURCE_SCHEMA)
        with self._writing():
            complete(self._sources, SOURCE_SCHEMA)
            merge = self._sources.merge_insert("source")
            merge.when_matched_update_all().when_not_matched_insert_all().execute(table)

    def drop_chips(self, sources: Sequence[str]) -> None:
        """Remove all chips of sources."""
        with self._writing():
            for where in named(sources):
                self._chips.delete(where)

    def drop_other_chips(self, contents: Mapping[str, str]) -> None:
        """Remove chips of sources that are of other bytes than these (source → content)."""
        items = list(contents.items())
        with self._writing():
            for start in range(0, len(items), NAMES_AT_ONCE):
                pairs = [
                    f"(source = {quoted(source)} AND content != {quoted(content)})"
                    for source, content in items[start : start + NAMES_AT_ONCE]
                ]
                self._chips.delete(" OR ".join(pairs))

    def drop_sources(self, sources: Sequence[str]) -> None:
        """Remove sources and all their chips."""
        # The chips go first: what is left of a killed removal is removed again.
        self.drop_chips(sources)
        with self._writing():
            for where in named(sources):
                self._sources.delete(where)

    def write_tuning(self, text: str) -> None:
        """Keep how the ANN index is searched; "" forgets it, and searches are exact."""
        if text:
            self._tables.write_text(self._tuning_file(), text)
        else:
            self._tables.remove(self._tuning_file())

    def create_ann(
        self,
        kind: str,
        num_bits: int,
        num_partitions: int | None = None,
        *,
        num_workers: int = 1,
    ) -> None:
        """Make the ANN index, in place of an older one.

        Args:
            kind: "IVF_RQ" or "IVF_FLAT".
            num_bits: of each dimension, with IVF_RQ.
            num_partitions: that the chips are parted into; None as Lance has it.
            num_workers: processes; more than one take the number of partitions, and pylance.
        """
        if num_workers > 1 and num_partitions is not None:
            plan = AnnPlan(kind, num_bits, num_partitions, TRAINED_ON, TRAINING_ROUNDS)
            self.drop_ann()
            with self._writing():
                make_in_parts(self.chips_address(), plan, num_workers)
                self._chips.checkout_latest()
            return
        from lancedb.index import IvfFlat, IvfRq

        training: dict[str, Any] = {
            "distance_type": "cosine",
            "num_partitions": num_partitions,
            "sample_rate": TRAINED_ON,
            "max_iterations": TRAINING_ROUNDS,
        }
        config: Any = IvfFlat(**training)
        if kind == "IVF_RQ":
            config = IvfRq(num_bits=num_bits, **training)
        with self._writing():
            self._chips.create_index("embedding", config=config, replace=True)

    def drop_ann(self) -> None:
        """Remove the ANN index, if there is one."""
        with self._writing():
            for index in self._indices_of("embedding"):
                self._chips.drop_index(index.name)

    def merge_segments(self) -> bool:
        """Make one piece of all that the ANN index was extended by; False where nothing can."""
        merged = False
        with self._writing():
            for index in self._indices_of("embedding"):
                merged = merge_latest(self.chips_address(), index.name, index.num_segments - 1)
            self._chips.checkout_latest()
        return merged

    def index_sources(self) -> None:
        """Make the index of the names of sources, where there is none: it finds the chips of one.

        Without it every name is looked at. Chips that are added later are known after `compact`.
        """
        from lancedb.index import BTree

        if not self._indices_of("source"):
            with self._writing():
                self._chips.create_index("source", config=BTree())

    def compact(self) -> None:
        """Join the small files that many writes leave, and drop old versions.

        The ANN index learns of new chips.
        """
        with self._writing():
            for table in (self._chips, self._sources):
                table.optimize(cleanup_older_than=age_kept(table))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._guard()
        with told_as(partial(_unwritable, self.home)):
            yield


def _unwritable(home: Home, error: BaseException) -> StorageError:
    return StorageError(
        f"the index {home} cannot be written ({reason_of_store(error)}). What was written before is"
        " kept; make room, or make it writable, and give the command again"
    )
