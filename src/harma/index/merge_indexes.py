"""Merge of indexes: several of one model and one way of cutting and reading become one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from harma.errors import ConfigError, DataError
from harma.ground.progress import AdvancePart, not_told
from harma.index.archive_ranges import told_ranges
from harma.index.copying import Copies, Made, measuring, new_directory, whole_rows
from harma.index.embedder import QueryEmbedder
from harma.index.joined_store import JoinedStore
from harma.index.records import SourceRecord
from harma.index.settings import COMMON_SETTINGS
from harma.index.store import Store

# Of the one index that is made.
MERGED = "merged"


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
    directories: Sequence[Path],
    output: Path,
    *,
    load: Callable[[], QueryEmbedder] | None = None,
    progress: AdvancePart = not_told,
) -> Merged:
    """Make one index of several, which stay as they are.

    Chips keep their ids, sources their fingerprints. A source that several have, of the same bytes
    and with as many chips, is taken once, from the first. The settings are those of the first.
    Memory is that of some thousand chips, the records of all sources, and 16 bytes a chip while ids
    are compared.

    Args:
        directories: of the indexes, two or more.
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
    if len(directories) < 2:
        raise ConfigError("a merge needs two indexes or more")
    with new_directory(output, directories) as partial:
        # One version of each, whatever is written meanwhile.
        stores = [Store(directory).snapshot() for directory in directories]
        joined = JoinedStore(stores)
        with joined.reading():
            for store in stores[1:]:
                _check_settings(stores[0], store)
            sources = _Sources(stores)
            num_chips = _check_ids(stores, sources, progress)
            embedder = measuring(joined.settings, num_chips, load)
            settings = replace(joined.settings, versions_before=0)
            # Beside the lock of the output nothing else is below it.
            copies = Copies({MERGED: partial}, settings)
            done = 0
            for number, store in enumerate(stores):
                for rows in sources.taken(number, whole_rows(store)):
                    copies.add(MERGED, rows)
                    done += rows.num_rows
                    progress("copying", done, num_chips)
            made = copies.finish(MERGED, sources.records.values(), embedder, progress)
    return Merged(replace(made, directory=output), sources.num_repeated)


def _check_settings(first: Store, other: Store) -> None:
    """Check that chips of two indexes were cut and read in one way.

    Raises:
        ConfigError: they were not.
    """
    ranges = told_ranges(first.settings.reading.ranges)
    for kind, shown in told_ranges(other.settings.reading.ranges).items():
        if ranges.get(kind, shown) != shown:
            raise ConfigError(
                f"{first.directory} shows {kind} from {ranges[kind]}, {other.directory} from"
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
                f"{first.directory} was made with {name} {one}, {other.directory} with {two};"
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

    def __init__(self, stores: Sequence[Store]) -> None:
        self.records: dict[str, SourceRecord] = {}
        self.num_repeated = 0
        self._stores = stores
        self._owners: dict[str, int] = {}
        for number, store in enumerate(stores):
            for record in store.sources().values():
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
        first = self._stores[self._owners[record.source]].directory
        other = self._stores[number].directory
        raise DataError(
            f"{record.source} is in {first} with {before.num_chips:,} chips and in {other} with"
            f" {record.num_chips:,}, or of other bytes; take it out of one of them"
            " (harma index remove)"
        )

    def taken(self, number: int, blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
        """The rows of one index that are taken."""
        for block in blocks:
            coded = block["source"].combine_chunks().dictionary_encode()
            owned = pa.array([self._owns(number, name) for name in coded.dictionary.to_pylist()])
            rows = block.filter(owned.take(coded.indices))
            if rows.num_rows:
                yield rows

    def _owns(self, number: int, name: str) -> bool:
        # Chips of a build that was killed have no record: the first index that has some keeps them.
        return self._owners.setdefault(name, number) == number


def _check_ids(stores: Sequence[Store], sources: _Sources, progress: AdvancePart) -> int:
    """Check that no two chips have one id, as those of other programs may: they count from 0.

    Returns:
        Chips that are taken.
    """
    total = sum(store.count() for store in stores)
    hashes: list[np.ndarray[tuple[int], np.dtype[np.int64]]] = []
    done = 0
    for number, store in enumerate(stores):
        for rows in sources.taken(number, store.blocks(["id", "source"])):
            # Eight bytes a chip: the ids themselves would not fit.
            ids = rows["id"].to_pylist()
            hashes.append(np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids)))
            done += len(ids)
            progress("comparing", done, total)
    if not hashes:
        return 0
    ordered = np.sort(np.concatenate(hashes))
    doubtful = set(ordered[1:][ordered[1:] == ordered[:-1]].tolist())
    if doubtful:
        _check_doubtful(stores, sources, doubtful)
    return len(ordered)


def _check_doubtful(stores: Sequence[Store], sources: _Sources, doubtful: set[int]) -> None:
    """Look at the ids whose hashes are there twice.

    Raises:
        DataError: an id is there twice.
    """
    seen: dict[str, Path] = {}
    for number, store in enumerate(stores):
        for rows in sources.taken(number, store.blocks(["id", "source"])):
            for chip in rows["id"].to_pylist():
                if hash(chip) not in doubtful:
                    continue
                if chip in seen:
                    raise DataError(
                        f"the id {chip} means a chip of {seen[chip]} and another of"
                        f" {store.directory}; they were imported with ids of their own. Import one"
                        " of them again, with ids that HarMA makes (--id-column '')"
                    )
                seen[chip] = store.directory
