"""Split: one index becomes several (shards), by year, by region, or by names of sources.

A source is never divided: each shard knows its sources as a whole, so that it can be added to.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harma.errors import ConfigError, DataError
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Place
from harma.index.copying import Copies, Made, measuring, whole_rows
from harma.index.embedder import QueryEmbedder
from harma.index.new_indexes import NewIndexes, new_indexes
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
    progress: AdvancePart = not_told,
) -> list[Made]:
    """Make shards of an index: indexes of the same model and settings. The index stays as it is.

    Chips keep their ids. Memory grows with sources, not with chips.

    Args:
        place: of the index.
        output: new directory, in which each shard gets its own; it is there when all are whole.
        split: which source comes into which shard.
        load: gives the model, with which recall of ANN indexes is measured, where shards are large
            enough for them; None measures on chips alone.
        progress: called with (what is done, chips so far, in all).

    Raises:
        MissingFileError: there is no index.
        DataError: it is damaged, or has no chips.
        ConfigError: `output` is there, or there would be too many shards.
    """
    with new_indexes(output, [place]) as new:
        # One version, whatever is written meanwhile.
        store = Store(place).snapshot()
        with store.reading():
            counts = _counts(store, split)
            shards = _largest(counts)
            made = _copied(store, new, shards, _measurer(store, counts, shards, load), progress)
    return made


def _measurer(
    store: Store,
    counts: Mapping[str, Counter[str]],
    shards: Mapping[str, str],
    load: Callable[[], QueryEmbedder] | None,
) -> QueryEmbedder | None:
    """The model, if any shard is large enough to need it: before the work, as it may be gone."""
    sizes: Counter[str] = Counter()
    for source, counted in counts.items():
        sizes[shards[source]] += counted.total()
    return measuring(store.settings, max(sizes.values()), load)


def _copied(
    store: Store,
    new: NewIndexes,
    shards: Mapping[str, str],
    embedder: QueryEmbedder | None,
    progress: AdvancePart,
) -> list[Made]:
    """The shards, whole, below a directory."""
    records = store.sources()
    # What has no chips goes where sources are of which nothing is known, or to the first.
    names = sorted(set(shards.values()))
    leftover = next((name for name in (UNDATED, UNPLACED, REST) if name in names), names[0])
    copies = Copies(new, names, replace(store.settings, versions_before=0))
    done = 0
    total = store.count()
    for rows in whole_rows(store):
        of_rows = _shards_of(rows, shards)
        for name in np.unique(of_rows).tolist():
            copies.add(name, rows.filter(pa.array(of_rows == name)))
        done += rows.num_rows
        progress("copying", done, total)
    by_shard: dict[str, list[str]] = {name: [] for name in names}
    for source in records:
        by_shard[shards.get(source, leftover)].append(source)
    made = []
    for name, sources in by_shard.items():
        of_shard = [records[source] for source in sources]
        made.append(copies.finish(name, of_shard, embedder, progress))
    return made


def _shards_of(rows: pa.Table, shards: Mapping[str, str]) -> NDArray[np.str_]:
    """The shard of each of some rows (n,)."""
    coded = rows["source"].combine_chunks().dictionary_encode()
    names = np.array([shards[source] for source in coded.dictionary.to_pylist()], dtype=np.str_)
    of_rows: NDArray[np.str_] = names[coded.indices.to_numpy()]
    return of_rows


def _largest(counts: Mapping[str, Counter[str]]) -> dict[str, str]:
    """Source → the shard of most of its chips; of equal ones the first by name.

    Raises:
        DataError: there is no source with chips.
        ConfigError: there are too many shards.
    """
    if not counts:
        raise DataError("the index has no chips; there is nothing to split")
    shards = {}
    for source, counted in counts.items():
        shards[source] = min(counted, key=lambda name: (-counted[name], name))
    num_shards = len(set(shards.values()))
    if num_shards > MOST_SHARDS:
        raise ConfigError(
            f"there would be {num_shards:,} shards, and {MOST_SHARDS:,} are the most; take larger"
            " cells (--degrees)"
        )
    return shards


def _counts(store: Store, split: Sharding) -> dict[str, Counter[str]]:
    """Source → shard → chips."""
    counts: dict[str, Counter[str]] = {}
    for block in store.blocks(["source", "datetime", *BOX_COLUMNS]):
        keyed = pa.table({"source": block["source"], "shard": _names(block, split)})
        grouped = keyed.group_by(["source", "shard"]).aggregate([([], "count_all")])
        for row in grouped.to_pylist():
            of_source = counts.setdefault(row["source"], Counter())
            of_source[row["shard"]] += row["count_all"]
    return counts


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
