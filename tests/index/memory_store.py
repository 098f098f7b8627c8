"""A second store: rows in memory, compared one by one; it shows what an index asks of its store."""

from contextlib import contextmanager
from dataclasses import asdict

import duckdb
import numpy as np
import pyarrow as pa

from harma.errors import DataError, HarmaError
from harma.ground.storage.home import home_of
from harma.index.contract import DISTANCE_COLUMN, ROW_ID
from harma.index.properties import columns_of, new_columns, property_types
from harma.index.schema import SOURCE_SCHEMA, chip_schema, embeddings_of

BLOCK = 100


class MemoryStore:
    """Chips and sources in memory; SQL by DuckDB."""

    def __init__(self, settings, *, chips=None, sources=None, version=1):
        self.settings = settings
        self.home = home_of("memory")
        self.version = version
        self.sources_version = 1
        self._tuning = ""
        self._origin = self
        self._sources = dict(sources or {})
        self._chips = chips
        if chips is None:
            schema = chip_schema(settings.embed_dim).append(pa.field(ROW_ID, pa.int64()))
            self._chips = schema.empty_table()

    # -- reading ------------------------------------------------------------------------------

    def snapshot(self):
        # Tables of Arrow never change: what is written makes new ones.
        newest = self._origin
        fixed = MemoryStore(
            newest.settings, chips=newest._chips, sources=newest._sources, version=newest.version
        )
        fixed._tuning = newest._tuning
        fixed._origin = newest
        fixed.sources_version = newest.sources_version
        return fixed

    @property
    def versions(self):
        return self.version, self.sources_version

    def _where(self, where):
        if not where:
            return self._chips
        connection = duckdb.connect()
        connection.register("known", self._chips.drop_columns(["embedding"]))
        connection.execute("SET TimeZone = 'UTC'")
        try:
            sql = f"SELECT {ROW_ID} FROM known WHERE {where}"
            admitted = connection.execute(sql).fetchnumpy()[ROW_ID]
        except duckdb.Error as error:
            raise ValueError(str(error)) from error
        return self._chips.filter(pa.array(np.isin(self._chips[ROW_ID].to_numpy(), admitted)))

    def property_types(self):
        own = chip_schema(self.settings.embed_dim).names
        return property_types(self._chips.schema, [*own, ROW_ID])

    def count(self, where=""):
        return self._where(where).num_rows

    def rows(self, columns, where=""):
        return self._where(where).select([*columns, ROW_ID])

    def blocks(self, columns, where="", num_rows=BLOCK):
        rows = self.rows(columns, where)
        for start in range(0, rows.num_rows, num_rows):
            yield rows.slice(start, num_rows)

    def take(self, ids, columns):
        places = {row_id: place for place, row_id in enumerate(self._chips[ROW_ID].to_pylist())}
        taken = self._chips.take([places[row_id] for row_id in ids.tolist()])
        return taken.select(list(columns)).combine_chunks()

    def at(self, offsets, columns):
        return self._chips.take(list(offsets)).select([*columns, ROW_ID])

    def vectors(self, ids):
        return embeddings_of(self.take(ids, ["embedding"]))

    def nearest(self, vector, k, *, num_probes, where=""):
        table = self._where(where)
        distances = 1 - embeddings_of(table) @ vector
        order = np.argsort(distances, kind="stable")[:k]
        near = table.take(order).select([ROW_ID])
        return near.append_column(DISTANCE_COLUMN, pa.array(distances[order]))

    def sources(self):
        return dict(self._sources)

    def sources_named(self, names):
        return {name: self._sources[name] for name in names if name in self._sources}

    def sources_of(self, contents):
        return (record for record in self._sources.values() if record.content in contents)

    def source_tables(self, columns):
        rows = [vars(record) for record in self._sources.values()]
        yield pa.Table.from_pylist(rows, schema=SOURCE_SCHEMA).select(list(columns))

    def source_blocks(self):
        records = list(self._sources.values())
        for start in range(0, len(records), 2):
            yield records[start : start + 2]

    def chip_ids(self, sources):
        ids = {name: set() for name in sources}
        for row in self.rows(["id", "source"]).to_pylist():
            if row["source"] in ids:
                ids[row["source"]].add(row["id"])
        return ids

    def tuning(self):
        return self._tuning

    def num_bytes(self):
        return self._chips.nbytes

    @contextmanager
    def reading(self):
        try:
            yield
        except HarmaError:
            raise
        except (OSError, RuntimeError) as error:
            raise DataError(f"the index in memory cannot be read ({error})") from error

    # -- writing ------------------------------------------------------------------------------

    def add_chips(self, chips, embeddings):
        next_id = max([-1, *self._chips[ROW_ID].to_pylist()]) + 1
        vectors = embeddings.astype(np.float16)
        rows = [
            {
                **asdict(chip),
                "embedding": vector,
                "model": self.settings.model_id,
                ROW_ID: next_id + i,
            }
            for i, (chip, vector) in enumerate(zip(chips, vectors, strict=True))
        ]
        known = self.property_types()
        types = known | new_columns(chips, known)
        new = pa.Table.from_pylist(rows, schema=self._chips.schema.remove_metadata())
        for name, column in columns_of(chips, types).items():
            place = new.schema.get_field_index(name)
            if place >= 0:
                new = new.set_column(place, name, column)
            else:
                new = new.append_column(name, column)
        self._change(pa.concat_tables([self._chips, new], promote_options="default"))

    def _change(self, chips):
        self._chips = chips
        self.version += 1

    def put_settings(self, settings):
        self.settings = settings

    def put_sources(self, sources):
        self._sources = {**self._sources, **{record.source: record for record in sources}}
        self.sources_version += 1

    def drop_chips(self, sources):
        stays = [name not in sources for name in self._chips["source"].to_pylist()]
        self._change(self._chips.filter(pa.array(stays, pa.bool_())))

    def drop_other_chips(self, contents):
        pairs = self._chips.select(["source", "content"]).to_pylist()
        stays = [contents.get(row["source"], row["content"]) == row["content"] for row in pairs]
        self._change(self._chips.filter(pa.array(stays, pa.bool_())))

    def drop_sources(self, sources):
        self.drop_chips(sources)
        self.sources_version += 1
        self._sources = {
            name: record for name, record in self._sources.items() if name not in sources
        }

    def write_tuning(self, text):
        self._tuning = text

    def create_ann(self, kind, num_bits, num_partitions=None, *, num_workers=1):
        pass

    def drop_ann(self):
        pass

    def num_unindexed(self):
        return 0

    def index_sources(self):
        pass

    def num_segments(self):
        return 0

    def merge_segments(self):
        return False

    def num_files(self):
        return 1

    def compact(self):
        pass
