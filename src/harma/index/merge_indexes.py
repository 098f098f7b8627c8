"""Merge of indexes: several of one model and one way of cutting and reading become one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow as pa

from harma.errors import ConfigError, DataError
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Place
from harma.index.contract import StoreReader
from harma.index.copying import Copies, Made, measuring, whole_rows
from harma.index.embedder import QueryEmbedder
from harma.index.hashed_names import Hashes, RepeatedNames, hashes_of
from harma.index.joined_store import JoinedStore
from harma.index.new_indexes import NewIndexes, new_indexes
from harma.index.records import SourceRecord
from harma.index.settings import COMMON_SETTINGS
from harma.index.store import Store
from harma.scenes.ranges import told_ranges

# Of the one index that is made.
MERGED = ""


@dataclass(frozen=True)
class Merged:
    """What a merge made.

    Attributes:
        made: the index.
        num_repeated: sources that several inputs have, the same everywhere, and that it has once.
    """

    made: Made
    num_repeated: int


def merge_indexes(
    places: Sequence[Place],
    output: Place,
    *,
    load: Callable[[], QueryEmbedder] | None = None,
    progress: AdvancePart = not_told,
) -> Merged:
    """Make one index of several, which stay as they are.

    Chips keep their ids, sources their fingerprints. A source that several have, of the same bytes
    and with as many chips, is taken once, from the first. The settings are those of the first.
    Memory is that of some thousand chips, the records of all sources, and eight bytes a chip
    while ids are compared.

    Args:
        places: of the indexes, two or more.
        output: new directory; it is there when the index is whole.
        load: gives the model, with which recall of the ANN index is measured, where the index is
            large enough for one; None measures on chips alone.
        progress: called with (what is done, chips so far, in all).

    Raises:
        MissingFileError: one is no index.
        DataError: one is damaged, a source is in two with other content, or an id means two chips.
        ConfigError: they were made with other settings, one is named twice, or `output` is there.
        ModelMismatchError: they are of several models.
    """
    if len(places) < 2:
        raise ConfigError("a merge needs two indexes or more")
    with new_indexes(output, places) as new:
        # One version of each, whatever is written meanwhile.
        joined = JoinedStore([Store(place).snapshot() for place in places])
        with joined.reading():
            merge = _Merge(joined, progress)
            num_chips = merge.check()
            # Before the work: the model may be gone.
            embedder = measuring(joined.settings, num_chips, load)
            made = merge.write(new, num_chips, embedder)
    return Merged(made, merge.sources.num_repeated)


class _Merge:
    """One merge: what is taken from where, and how far it is.

    Args:
        joined: the indexes.
        progress: told how far it is.

    Attributes:
        sources: of them.
    """

    def __init__(self, joined: JoinedStore, progress: AdvancePart) -> None:
        for store in joined.parts[1:]:
            _check_settings(joined.parts[0], store)
        self.joined = joined
        self.progress = progress
        self.sources = _Sources(joined.parts)

    def check(self) -> int:
        """Check that no two chips have one id, as those of other programs may: they count from 0.

        Returns:
            Chips that are taken.

        Raises:
            DataError: an id is there twice.
        """
        total = self.joined.count()
        # Eight bytes a chip: the ids themselves would not fit.
        met = RepeatedNames(total)
        done = 0
        for _, ids in self._ids():
            met.add(hashes_of(ids))
            done += len(ids)
            self.progress("comparing", done, total)
        doubtful = met.repeated()
        if len(doubtful):
            self._check_doubtful(doubtful)
        return done

    def _ids(self) -> Iterator[tuple[StoreReader, pa.ChunkedArray]]:
        for number, store in enumerate(self.joined.parts):
            for rows in self.sources.taken(number, store.blocks(["id", "source"])):
                yield store, rows["id"]

    def _check_doubtful(self, doubtful: Hashes) -> None:
        """Look at the ids whose hashes are there twice."""
        seen: dict[str, StoreReader] = {}
        for store, ids in self._ids():
            is_doubtful = np.isin(hashes_of(ids), doubtful)
            for chip in ids.filter(pa.array(is_doubtful)).to_pylist():
                if chip in seen:
                    raise DataError(
                        f"the id {chip} means a chip of {seen[chip].home} and another of"
                        f" {store.home}; they were imported with ids of their own. Import one"
                        " of them again, with ids that HarMA makes (--id-column '')"
                    )
                seen[chip] = store

    def write(self, new: NewIndexes, num_chips: int, embedder: QueryEmbedder | None) -> Made:
        """Copy all that is taken into a new index."""
        engines = chain.from_iterable(part.settings.embedded_by for part in self.joined.parts)
        settings = replace(
            self.joined.settings, versions_before=0, embedded_by=tuple(dict.fromkeys(engines))
        )
        copies = Copies(new, [MERGED], settings)
        done = 0
        for number, store in enumerate(self.joined.parts):
            for rows in self.sources.taken(number, whole_rows(store)):
                copies.add(MERGED, rows)
                done += rows.num_rows
                self.progress("copying", done, num_chips)
        return copies.finish(MERGED, self.sources.records.values(), embedder, self.progress)


def _check_settings(first: StoreReader, other: StoreReader) -> None:
    """Check that chips of two indexes were cut and read in one way.

    Raises:
        ConfigError: they were not.
    """
    ranges = told_ranges(first.settings.reading.ranges)
    for kind, shown in told_ranges(other.settings.reading.ranges).items():
        if ranges.get(kind, shown) != shown:
            raise ConfigError(
                f"{first.home} shows {kind} from {ranges[kind]}, {other.home} from"
                f" {shown}; search them as one instead (harma search A TEXT --index B)"
            )
    for name in COMMON_SETTINGS:
        one = getattr(first.settings, name)
        two = getattr(other.settings, name)
        # Kinds that only one knows are taken over.
        if name == "reading":
            two = replace(two, ranges=one.ranges)
        # As text: a nodata value may be NaN, which is not equal to itself.
        if repr(one) != repr(two):
            raise ConfigError(
                f"{first.home} was made with {name} {one}, {other.home} with {two};"
                " search them as one instead (harma search A TEXT --index B)"
            )


class _Sources:
    """Which index each source is taken from.

    Args:
        stores: of the indexes.

    Attributes:
        records: of all sources, as they are taken.
        num_repeated: sources that several have.
    """

    def __init__(self, stores: Sequence[StoreReader]) -> None:
        self.records: dict[str, SourceRecord] = {}
        self.num_repeated = 0
        self._stores = stores
        self._owners: dict[str, int] = {}
        for number, store in enumerate(stores):
            with store.reading():
                records = store.sources()
            for record in records.values():
                self._take(number, record)

    def _take(self, number: int, record: SourceRecord) -> None:
        name = record.source
        before = self.records.get(name)
        if before is not None:
            self.num_repeated += 1
            # What could not be used here may be whole there.
            if before.num_chips and record.num_chips:
                self._check_same(number, before, record)
            if before.num_chips or not record.num_chips:
                return
        self.records[name] = record
        self._owners[name] = number

    def _check_same(self, number: int, before: SourceRecord, record: SourceRecord) -> None:
        """Check that a source of two indexes is the same in both."""
        was = (before.content, before.num_chips)
        if was == (record.content, record.num_chips):
            return
        first = self._stores[self._owners[record.source]].home
        other = self._stores[number].home
        raise DataError(
            f"{record.source} is in {first} with {before.num_chips:,} chips and in {other} with"
            f" {record.num_chips:,}, or of other bytes; take it out of one of them"
            " (harma index remove)"
        )

    def taken(self, number: int, blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """The rows of one index that are taken."""
        # Says which of the indexes cannot be read.
        with self._stores[number].reading():
            for block in blocks:
                coded = block["source"].combine_chunks().dictionary_encode()
                names = coded.dictionary.to_pylist()
                owned = pa.array([self._owns(number, name) for name in names], pa.bool_())
                rows = block.filter(owned.take(coded.indices))
                if rows.num_rows:
                    yield rows

    def _owns(self, number: int, name: str) -> bool:
        # Chips of a build that was killed have no record: the first index that has some keeps them.
        return self._owners.setdefault(name, number) == number
