"""Several indexes of one model read as one (shards): a store whose chips are those of all of them.

The chips of the first index come first, as they would in an index that `harma index merge` makes of
them: what is read by place, such as the sample that standings are judged by, is the same.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError, HarmaError, ModelMismatchError
from harma.ground.storage.home import Home
from harma.index.contract import BLOCK_ROWS, DISTANCE_COLUMN, READ_ERRORS, ROW_ID, StoreReader
from harma.index.filters import Filter
from harma.index.properties import WORDS
from harma.index.records import SourceRecord
from harma.index.schema import quoted
from harma.index.settings import Settings
from harma.index.unreadable import DamagedOutlineError

# Row ids have 63 bits: the upper ones say which index a chip is in.
BITS = 63
# Ids in one SQL expression.
IDS_AT_ONCE = 500
# A text in SQL, in which names of columns are no columns.
SQL_TEXT = r"'(?:[^']|'')*'"
# Types of properties in SQL.
SQL_TYPES = {"number": "DOUBLE", "text": "STRING", "yes or no": "BOOLEAN"}


class JoinedStore:
    """Reads several indexes as one; see `harma.index.contract`.

    Args:
        parts: their stores, two or more.

    Attributes:
        parts: the same.
        home: of the first.
        settings: of the first, with the ranges of kinds of scenes that others know.

    Raises:
        ConfigError: an index is there twice, or a property is of two types.
        ModelMismatchError: they are of several models.
    """

    def __init__(self, parts: Sequence[StoreReader]) -> None:
        _check_distinct(parts)
        for part in parts[1:]:
            check_same_model(parts[0], part)
        self.parts = list(parts)
        self.home: Home = parts[0].home
        self.settings: Settings = with_all_ranges([part.settings for part in parts])
        self._shift = BITS - (len(parts) - 1).bit_length()
        self._types = joined_types(parts)

    def snapshot(self) -> "JoinedStore":
        """A store of the newest versions of all."""
        return JoinedStore([part.snapshot() for part in self.parts])

    @property
    def version(self) -> int:
        """Grows with each version of the chips of any."""
        return self.versions[0]

    @property
    def versions(self) -> tuple[int, int]:
        """Sums of the numbers of versions: they never become less."""
        versions = [part.versions for part in self.parts]
        return sum(chips for chips, _ in versions), sum(sources for _, sources in versions)

    def property_types(self) -> dict[str, pa.DataType]:
        """The further columns of chips of any."""
        return dict(self._types)

    def count(self, where: str = "") -> int:
        """Chips of all, or those that a condition admits."""
        return sum(self._counts(where))

    def _counts(self, where: str = "") -> list[int]:
        counts = []
        for part in self.parts:
            with _named(part):
                counts.append(part.count(self._fitted(part, where)))
        return counts

    def blocks(
        self, columns: Sequence[str], where: str = "", num_rows: int = BLOCK_ROWS
    ) -> Iterator[pa.Table]:
        """Chips in blocks that fit into memory, one index after the other."""
        for number, part in enumerate(self.parts):
            with _named(part):
                for block in part.blocks(columns, self._fitted(part, where), num_rows):
                    yield self._numbered(block, number)

    def rows(self, columns: Sequence[str], where: str = "") -> pa.Table:
        """All chips that fulfil a condition, at once."""
        return self._all(lambda part: part.rows(columns, self._fitted(part, where)))

    def _all(self, read: Callable[[StoreReader], pa.Table]) -> pa.Table:
        """What is read of each, below each other."""
        tables = []
        for number, part in enumerate(self.parts):
            with _named(part):
                tables.append(self._numbered(read(part), number))
        return _below(tables)

    def _numbered(self, table: pa.Table, number: int) -> pa.Table:
        """A table of one index, its row ids those of all."""
        ids = table[ROW_ID].to_numpy()
        if len(ids) and int(ids.max()) >> self._shift:
            raise DataError(
                f"the index {self.parts[number].home} is in too many pieces to be searched"
                f" with {len(self.parts) - 1:,} others; run `harma index optimize` on it"
            )
        place = table.schema.get_field_index(ROW_ID)
        return table.set_column(place, ROW_ID, pa.array(ids | (number << self._shift)))

    def take(self, ids: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
        """Chips by their row ids (n,), each once, in this order."""
        numbers = ids >> self._shift
        inner = ids & ((1 << self._shift) - 1)
        tables = []
        places = []
        for number in np.unique(numbers).tolist():
            chosen = np.flatnonzero(numbers == number)
            part = self.parts[number]
            with _named(part):
                tables.append(part.take(inner[chosen], columns))
            places.append(chosen)
        if not tables:
            return self.parts[0].take(ids, columns)
        order = np.argsort(np.concatenate(places))
        return _below(tables).take(order).combine_chunks()

    def vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Embeddings (n, E) of chips by their row ids (n,), each once, in this order."""
        vectors = np.empty((len(ids), self.settings.embed_dim), dtype=np.float32)
        numbers = ids >> self._shift
        inner = ids & ((1 << self._shift) - 1)
        for number in np.unique(numbers).tolist():
            chosen = np.flatnonzero(numbers == number)
            with _named(self.parts[number]):
                vectors[chosen] = self.parts[number].vectors(inner[chosen])
        return vectors

    def at(self, offsets: Sequence[int], columns: Sequence[str]) -> pa.Table:
        """Chips by their places in the tables, as if these lay below each other."""
        wanted = np.asarray(offsets, dtype=np.int64)
        tables = []
        start = 0
        for number, (part, count) in enumerate(zip(self.parts, self._counts(), strict=True)):
            inside = wanted[(wanted >= start) & (wanted < start + count)] - start
            if len(inside):
                with _named(part):
                    tables.append(self._numbered(part.at(inside.tolist(), columns), number))
            start += count
        if not tables:
            return self._numbered(self.parts[0].at([], columns), 0)
        return _below(tables)

    def sources(self) -> dict[str, SourceRecord]:
        """The records of all sources; of one that several have, that of the first with chips."""
        return {name: record for name, (_, record) in self.owned_sources().items()}

    def owned_sources(self) -> dict[str, tuple[int, SourceRecord]]:
        """As `sources`, each record with the number of its index."""
        owned: dict[str, tuple[int, SourceRecord]] = {}
        for number, part in enumerate(self.parts):
            with _named(part):
                known = part.sources()
            for name, record in known.items():
                if name not in owned or not owned[name][1].num_chips:
                    owned[name] = (number, record)
        return owned

    def sources_named(self, names: Sequence[str]) -> dict[str, SourceRecord]:
        """The records of some sources; of one that several have, that of the first with chips."""
        records: dict[str, SourceRecord] = {}
        for part in self.parts:
            with _named(part):
                for name, record in part.sources_named(names).items():
                    if name not in records or not records[name].num_chips:
                        records[name] = record
        return records

    def sources_of(self, contents: Sequence[str]) -> Iterator[SourceRecord]:
        """The records of the sources that have some bytes, of each index."""
        for part in self.parts:
            with _named(part):
                yield from part.sources_of(contents)

    def source_tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Columns of the records of all sources of each index."""
        for part in self.parts:
            with _named(part):
                yield from part.source_tables(columns)

    def source_blocks(self) -> Iterator[list[SourceRecord]]:
        """The records of all sources, at once: one that several have is told once."""
        yield list(self.sources().values())

    def chip_ids(self, sources: Sequence[str]) -> dict[str, set[str]]:
        """Which chips of sources are there, in any."""
        ids: dict[str, set[str]] = {name: set() for name in sources}
        for part in self.parts:
            with _named(part):
                for name, chips in part.chip_ids(sources).items():
                    ids[name] |= chips
        return ids

    def nearest(
        self,
        vector: NDArray[np.float32],
        k: int,
        *,
        num_probes: int,
        where: str = "",
    ) -> pa.Table:
        """The nearest by the ANN indexes of all."""
        table = self._all(
            lambda part: part.nearest(
                vector, k, num_probes=num_probes, where=self._fitted(part, where)
            )
        )
        return table.take(pc.sort_indices(table[DISTANCE_COLUMN])[:k])

    def tuning(self) -> str:
        """Nothing: each index is searched in its own way (`harma.index.search`)."""
        return ""

    def num_bytes(self) -> int:
        """How much room all take."""
        return sum(part.num_bytes() for part in self.parts)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turns what goes wrong inside into a `DataError` that says which index it is."""
        try:
            yield
        except DamagedOutlineError as error:
            # Which of them it lies in, nothing says.
            homes = ", ".join(str(part.home) for part in self.parts)
            raise DamagedOutlineError(error.problem, source=homes) from error
        except HarmaError:
            raise
        except (OSError, RuntimeError) as error:
            notes = getattr(error, "__notes__", [])
            for part in self.parts:
                if _note(part) in notes:
                    with part.reading():
                        raise
            raise

    # -- of several -------------------------------------------------------------------------------

    def joined_ids(self, ids: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """Row ids of each index (n,) as those of all, one index after the other."""
        numbered = [own | (number << self._shift) for number, own in enumerate(ids)]
        return np.concatenate(numbered)

    def fitted(self, number: int, condition: Filter) -> Filter:
        """A filter for one of the indexes, whose chips may lack properties of others."""
        where = self._fitted(self.parts[number], condition.where)
        return condition if where == condition.where else replace(condition, where=where)

    def _fitted(self, part: StoreReader, where: str) -> str:
        """A condition in which properties that an index lacks are empty, as in a merged one."""
        own = part.property_types() if where else self._types
        for name in self._types.keys() - own.keys():
            empty = f"CAST(NULL AS {SQL_TYPES[WORDS[self._types[name]]]})"
            where = _replaced(where, name, empty)
        return where

    def numbers_of(self, chips: Sequence[str]) -> dict[str, int]:
        """Which index each of some chips is in, by the chips' ids."""
        numbers: dict[str, int] = {}
        for start in range(0, len(chips), IDS_AT_ONCE):
            listed = ", ".join(map(quoted, chips[start : start + IDS_AT_ONCE]))
            rows = self.rows(["id"], f"id IN ({listed})")
            of_ids = (rows[ROW_ID].to_numpy() >> self._shift).tolist()
            numbers |= dict(zip(rows["id"].to_pylist(), of_ids, strict=True))
        return numbers


def _check_distinct(parts: Sequence[StoreReader]) -> None:
    """Check that no index is there twice."""
    seen: set[str] = set()
    for part in parts:
        if part.home.key in seen:
            raise ConfigError(f"the index {part.home} is named twice; name each once")
        seen.add(part.home.key)


def check_same_model(first: StoreReader, other: StoreReader) -> None:
    """Check that the embeddings of two indexes compare.

    Raises:
        ModelMismatchError: they are of different models, or see different tiles.
    """
    check_same_settings(str(first.home), first.settings, str(other.home), other.settings)


def check_same_settings(first: str, one: Settings, other: str, two: Settings) -> None:
    """Check that the embeddings of two indexes, by their places, compare.

    Raises:
        ModelMismatchError: they are of different models, or see different tiles.
    """
    if (one.embedding_id, one.embed_dim) != (two.embedding_id, two.embed_dim):
        raise ModelMismatchError(
            f"the index {first} is of the model {one.model} ({one.embedding_id},"
            f" {one.embed_dim} numbers), {other} of {two.model} ({two.embedding_id},"
            f" {two.embed_dim} numbers); their scores do not compare. `harma index reembed` gives"
            " one of them the other's model or tiles"
        )


def with_all_ranges(settings: Sequence[Settings]) -> Settings:
    """The first of some settings, with the ranges of kinds of scenes that only others know."""
    reading = settings[0].reading
    for other in settings[1:]:
        kinds = {known.kind for known in reading.ranges}
        new = [known for known in other.reading.ranges if known.kind not in kinds]
        reading = replace(reading, ranges=(*reading.ranges, *new))
    return replace(settings[0], reading=reading)


def joined_types(parts: Sequence[StoreReader]) -> dict[str, pa.DataType]:
    """The properties of chips of several indexes.

    Raises:
        ConfigError: one is of two types.
    """
    types: dict[str, pa.DataType] = {}
    origins: dict[str, Home] = {}
    for part in parts:
        for name, kind in part.property_types().items():
            if types.setdefault(name, kind) != kind:
                raise ConfigError(
                    f"the property {name} is a {WORDS[types[name]]} in {origins[name]} and a"
                    f" {WORDS[kind]} in {part.home}; build one of them again without it, or"
                    " keep them apart"
                )
            origins.setdefault(name, part.home)
    return types


def _replaced(where: str, name: str, by: str) -> str:
    """A condition with something in place of a column, but not inside of texts."""
    pattern = re.compile(rf"{SQL_TEXT}|\b{re.escape(name)}\b", re.IGNORECASE)
    return pattern.sub(lambda match: match[0] if match[0].startswith("'") else by, where)


def _below(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables below each other; a column that one has no value of is of no type there."""
    return pa.concat_tables(tables, promote_options="default")


@contextmanager
def _named(part: StoreReader) -> Iterator[None]:
    """Note on an error which index could not be read."""
    try:
        yield
    except READ_ERRORS as error:
        error.add_note(_note(part))
        raise


def _note(part: StoreReader) -> str:
    return f"while reading the index {part.home}"
