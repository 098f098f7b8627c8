"""Merge of indexes: several of one model and one way of cutting and reading become one."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow as pa

from harma.errors import ConfigError, DataError
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Place
from harma.index.contract import StoreReader
from harma.index.copying import Copies, Made, copy_sources, measuring
from harma.index.embedder import QueryEmbedder
from harma.index.hashed_names import Hashes, RepeatedNames, hashes_of, parts_of
from harma.index.joined_store import JoinedStore
from harma.index.new_indexes import NewIndexes, made_of, new_indexes
from harma.index.owners import NOBODY, Owners, SourcePart, source_parts
from harma.index.settings import COMMON_SETTINGS
from harma.index.shared_sources import owners_of
from harma.index.store import Store
from harma.index.verify import IDS_AT_ONCE
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
    anew: bool = False,
    progress: AdvancePart = not_told,
) -> Merged:
    """Make one index of several, which stay as they are.

    Chips keep their ids, sources their fingerprints. A source that several have, of the same bytes
    and with as many chips, is taken once, from the first. The settings are those of the first.
    What an interrupted merge has written is taken as it is, if it is of the same versions. Memory
    is that of some thousand chips, and while it is compared eight bytes of 32 million ids and a
    hundred of a million sources at most.

    Args:
        places: of the indexes, two or more.
        output: new directory; it is there when the index is whole.
        load: gives the model, with which recall of the ANN index is measured, where the index is
            large enough for one; None measures on chips alone.
        anew: remove what an interrupted run has left.
        progress: called with (what is done, chips so far, in all).

    Raises:
        MissingFileError: one is no index.
        DataError: one is damaged, a source is in two with other content, or an id means two chips.
        ConfigError: they were made with other settings, one is named twice, `output` is there, or
            something else was begun there.
        ModelMismatchError: they are of several models.
    """
    if len(places) < 2:
        raise ConfigError("a merge needs two indexes or more")
    # One version of each, whatever is written meanwhile.
    stores = [Store(place).snapshot() for place in places]
    joined = JoinedStore(stores)
    with (
        new_indexes(output, places, made_of("merge", stores, {}), anew=anew) as new,
        joined.reading(),
    ):
        merge = _Merge(stores, progress)
        num_chips = merge.check()
        # Before the work: the model may be gone.
        embedder = measuring(joined.settings, num_chips, load)
        made = merge.write(new, num_chips, embedder)
    return Merged(made, merge.num_repeated)


class _Merge:
    """One merge: what is taken from where, and how far it is.

    Args:
        stores: of the indexes, each of one version.
        progress: told how far it is.
    """

    def __init__(self, stores: Sequence[Store], progress: AdvancePart) -> None:
        for store in stores[1:]:
            _check_settings(stores[0], store)
        self.stores = stores
        self.progress = progress
        self.parts = list(source_parts(sum(store.num_sources() for store in stores)))
        # Sources that several have, of each part.
        self._num_repeated: Counter[int] = Counter()
        # Of the one part, where all sources fit into it.
        self._only: Owners | None = None

    @property
    def num_repeated(self) -> int:
        """Sources that several have."""
        return self._num_repeated.total()

    def check(self) -> int:
        """Check that no source differs, and that no two chips have one id.

        Ids of other programs may: they count from 0.

        Returns:
            Chips that are taken.

        Raises:
            DataError: a source differs, or an id is there twice.
        """
        total = sum(store.count() for store in self.stores)
        # Eight bytes a chip: the ids themselves would not fit.
        num_passes = max(1, -(-total // IDS_AT_ONCE))
        num_taken = 0
        done = 0
        for number in range(num_passes):
            num_taken = 0
            met = RepeatedNames(int(1.01 * total / num_passes) + 1000)
            for _, ids in self._ids():
                hashes = hashes_of(ids)
                met.add(hashes[parts_of(hashes, num_passes) == number])
                num_taken += len(ids)
                done += len(ids)
                self.progress("comparing", done // num_passes, total)
            doubtful = met.repeated()
            if len(doubtful):
                self._check_doubtful(doubtful)
        return num_taken

    def _ids(self) -> Iterator[tuple[Store, pa.ChunkedArray]]:
        """Ids of all chips that are taken."""
        for part in self.parts:
            owners = self._owners(part)
            for number, store in enumerate(self.stores):
                # Says which of the indexes cannot be read.
                with store.reading():
                    for rows in store.blocks(["id", "source"]):
                        is_taken = owners.of_rows(rows) == number
                        yield store, rows["id"].filter(pa.array(is_taken))

    def _owners(self, part: SourcePart) -> Owners:
        """The index that each source of a part is taken from.

        Raises:
            DataError: one differs.
        """
        if self._only is not None:
            return self._only
        owners, num_repeated = owners_of(self.stores, part)
        if len(self.parts) == 1:
            self._only = owners
        self._num_repeated[part.number] = num_repeated
        return owners

    def _check_doubtful(self, doubtful: Hashes) -> None:
        """Look at the ids whose hashes are there twice."""
        seen: dict[str, Store] = {}
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
        engines = chain.from_iterable(store.settings.embedded_by for store in self.stores)
        settings = replace(
            JoinedStore(self.stores).settings,
            versions_before=0,
            embedded_by=tuple(dict.fromkeys(engines)),
            thumbnails=any(store.settings.thumbnails for store in self.stores),
        )
        copies = Copies(new, [MERGED], settings)
        done = 0

        def advance(num_rows: int) -> None:
            nonlocal done
            done += num_rows
            self.progress("copying", done, num_chips)

        for part in self.parts:
            owners = self._owners(part)
            for number, store in enumerate(self.stores):
                taken = replace(owners, owners=np.where(owners.owners == number, 0, NOBODY))
                with store.reading():
                    copies.copy(store, taken.of_rows, advance)
                    copy_sources(copies, store, taken)
        return copies.finish(MERGED, embedder, self.progress)


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
