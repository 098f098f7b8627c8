"""Split: one index becomes several (shards), by year, by region, or by names of sources.

A source is never divided: each shard knows its sources as a whole, so that it can be added to.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harma.errors import ConfigError, DataError
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Place
from harma.index.copying import Copies, Made, copy_sources, measuring
from harma.index.embedder import QueryEmbedder
from harma.index.new_indexes import MadeOf, NewIndexes, made_of, new_indexes
from harma.index.owners import (
    NOBODY,
    OwnerCounts,
    Owners,
    SourcePart,
    first_of_each,
    source_parts,
)
from harma.index.schema import BOX_COLUMNS
from harma.index.store import Store

BY = ("year", "region", "source")
# Shards of sources without a date, without a place, and of no pattern.
UNDATED = "undated"
UNPLACED = "unplaced"
REST = "rest"
# Sides of the cells of `region`, degrees.
DEGREES = 10
MOST_DEGREES = 90
# More shards than these are a mistake: all are written at once, and all are searched.
MOST_SHARDS = 1000
SHARD_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
# Boxes wider than this cross the 180th meridian.
HALF_ROUND = 180.0


@dataclass(frozen=True)
class Sharding:
    """How an index is split.

    Attributes:
        by: "year" (of the first moment of a scene), "region" (a cell of a grid of degrees, that
            which most chips of a scene have their middle in), or "source" (a name).
        degrees: sides of the cells.
        patterns: shard → names of its sources, with * and ?; of several that match, the first.

    Raises:
        ConfigError: a value is not usable.
    """

    by: str
    degrees: int = DEGREES
    patterns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.by not in BY:
            raise ConfigError(f"an index is split by {', '.join(BY)}, not by {self.by!r}")
        if not 1 <= self.degrees <= MOST_DEGREES:
            raise ConfigError(f"degrees is {self.degrees}; give 1 to {MOST_DEGREES}")
        if (self.by == "source") != bool(self.patterns):
            raise ConfigError(
                "a split by source needs patterns, and no other takes them: NAME=PATTERN for each"
                " shard, such as naip='*/naip_*.tif'"
            )
        for name in self.patterns:
            if not SHARD_NAME.fullmatch(name):
                raise ConfigError(
                    f"{name!r} is no name of a shard; take letters, digits, '.', '_' and '-'"
                )


def split_index(
    place: Place,
    output: Place,
    split: Sharding,
    *,
    load: Callable[[], QueryEmbedder] | None = None,
    anew: bool = False,
    progress: AdvancePart = not_told,
) -> list[Made]:
    """Make shards of an index: indexes of the same model and settings. The index stays as it is.

    Chips keep their ids. What an interrupted split has written is taken as it is, if it is of the
    same version and arguments. Memory is that of some thousand chips and of a hundred bytes of a
    million sources at most.

    Args:
        place: of the index.
        output: new directory, in which each shard gets its own; it is there when all are whole.
        split: which source comes into which shard.
        load: gives the model, with which recall of ANN indexes is measured, where shards are large
            enough for them; None measures on chips alone.
        anew: remove what an interrupted run has left.
        progress: called with (what is done, chips so far, in all).

    Raises:
        MissingFileError: there is no index.
        DataError: it is damaged, or has no chips.
        ConfigError: `output` is there, something else was begun there, or there would be too many
            shards.
    """
    # One version, whatever is written meanwhile.
    store = Store(place).snapshot()
    with new_indexes(output, [place], _asked(store, split), anew=anew) as new, store.reading():
        return _Split(store, split, progress).write(new, load)


def _asked(store: Store, split: Sharding) -> MadeOf:
    arguments: dict[str, object] = {"by": split.by}
    if split.by == "region":
        arguments["degrees"] = split.degrees
    if split.patterns:
        # Of several patterns that match the first one counts.
        arguments["shards"] = [f"{name}={pattern}" for name, pattern in split.patterns.items()]
    return made_of("split", [store], arguments)


class _Split:
    """One split: which shards there are, and which source goes where.

    Args:
        store: of the index.
        split: which source comes into which shard.
        progress: told how far it is.
    """

    def __init__(self, store: Store, split: Sharding, progress: AdvancePart) -> None:
        self.store = store
        self.split = split
        self.progress = progress
        self.total = store.count()
        self.parts = list(source_parts(store.num_sources()))
        # Of the one part, where all sources fit into it.
        self._only: tuple[list[str], Owners] | None = None

    def write(self, new: NewIndexes, load: Callable[[], QueryEmbedder] | None) -> list[Made]:
        """Write all shards, whole."""
        sizes = self._sizes()
        # Before the work: the model may be gone.
        embedder = measuring(self.store.settings, max(sizes.values()), load)
        names = sorted(sizes)
        copies = Copies(new, names, replace(self.store.settings, versions_before=0))
        # What has no chips goes where sources are of which nothing is known, or to the first.
        leftover = next((name for name in (UNDATED, UNPLACED, REST) if name in names), names[0])
        done = 0

        def advance(num_rows: int) -> None:
            nonlocal done
            done += num_rows
            # Of several parts each reads all chips.
            self.progress("copying", done // len(self.parts), self.total)

        for part in self.parts:
            owners = self._owners(part, names)
            copies.copy(self.store, owners.of_rows, advance)
            copy_sources(copies, self.store, owners, names.index(leftover))
        return [copies.finish(name, embedder, self.progress) for name in names]

    def _sizes(self) -> Counter[str]:
        """Chips of each shard that has any.

        Raises:
            DataError: there is no source with chips.
            ConfigError: there are too many shards.
        """
        sizes: Counter[str] = Counter()
        for part in self.parts:
            names, owners = self._largest(part)
            numbers, places = np.unique(owners.owners, return_inverse=True)
            sums = np.zeros(len(numbers), dtype=np.int64)
            np.add.at(sums, places, owners.counts)
            for number, size in zip(numbers.tolist(), sums.tolist(), strict=True):
                sizes[names[number]] += size
        if len(sizes) > MOST_SHARDS:
            raise ConfigError(
                f"there would be {len(sizes):,} shards, and {MOST_SHARDS:,} are the most; take"
                " larger cells (--degrees)"
            )
        if not sizes:
            raise DataError("the index has no chips; there is nothing to split")
        return sizes

    def _owners(self, part: SourcePart, names: Sequence[str]) -> Owners:
        """The shard of each source of a part, by its place among the names of all."""
        own_names, owners = self._largest(part)
        places = {name: place for place, name in enumerate(names)}
        # Names that no source ends up in have no place.
        numbers = np.array([places.get(name, NOBODY) for name in own_names], dtype=np.int32)
        return replace(owners, owners=numbers[owners.owners])

    def _largest(self, part: SourcePart) -> tuple[list[str], Owners]:
        """Names of shards, and which of them holds most chips of each source of a part.

        Of shards that hold as many it is the first by name.
        """
        if self._only is not None:
            return self._only
        names: dict[str, int] = {}
        counts = OwnerCounts(part)
        for block in self.store.blocks(["source", "datetime", *BOX_COLUMNS]):
            keyed = pa.table({"source": block["source"], "shard": _names(block, self.split)})
            grouped = keyed.group_by(["source", "shard"]).aggregate([([], "count_all")])
            shards = grouped["shard"].to_pylist()
            numbers = [names.setdefault(shard, len(names)) for shard in shards]
            counts.add(
                grouped["source"].to_pylist(),
                np.array(numbers, dtype=np.int32),
                grouped["count_all"].to_numpy(),
            )
        hashes, owners, chips = counts.sums()
        ranks = np.argsort(np.argsort(np.array(list(names), dtype=np.str_)))
        order = np.lexsort((ranks[owners], -chips, hashes))
        first = first_of_each(hashes)
        largest = owners[order][first]
        totals = np.add.reduceat(chips, first) if len(first) else chips
        found = (list(names), Owners(part, hashes[first], largest, totals))
        if len(self.parts) == 1:
            self._only = found
        return found


def _names(block: pa.Table, split: Sharding) -> pa.Array:
    """The name of a shard for each of some chips."""
    if split.by == "year":
        return pc.coalesce(pc.year(block["datetime"]).cast(pa.string()), UNDATED)
    if split.by == "region":
        return pa.array(_cells(block, split.degrees), pa.string())
    coded = block["source"].combine_chunks().dictionary_encode()
    names = [_of_pattern(source, split.patterns) for source in coded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(coded.indices)


def _of_pattern(source: str, patterns: Mapping[str, str]) -> str:
    for name, pattern in patterns.items():
        # Brackets mean themselves, as where sources are removed.
        if source == pattern or fnmatchcase(source, pattern.replace("[", "[[]")):
            return name
    return REST


def _cells(block: pa.Table, degrees: int) -> Iterator[str]:
    """Cells of chips, each called by its south-western corner: n50e000, s10w070."""
    sides = [block[side].to_numpy() for side in BOX_COLUMNS]
    west, south, east, north = (side.astype(np.float64) for side in sides)
    x = (west + east) / 2
    # Such a box goes all around: one of its sides is the meridian.
    x = np.where(east - west > HALF_ROUND, west, x)
    y = (south + north) / 2
    columns = np.floor(x / degrees) * degrees
    rows = np.floor(y / degrees) * degrees
    for column, row in zip(columns.tolist(), rows.tolist(), strict=True):
        yield _cell(column, row)


def _cell(column: float, row: float) -> str:
    # NaN of a chip without a place.
    if np.isnan(column):
        return UNPLACED
    northern = "n" if row >= 0 else "s"
    eastern = "e" if column >= 0 else "w"
    return f"{northern}{abs(int(row)):02d}{eastern}{abs(int(column)):03d}"
