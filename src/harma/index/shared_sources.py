"""Sources that several indexes have (merge): from which each is taken, and whether they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from harma.errors import DataError
from harma.index.hashed_names import Hashes, hashes_of
from harma.index.owners import Numbers, OwnerCounts, Owners, SourcePart, first_of_each
from harma.index.records import SourceRecord
from harma.index.store import Store


@dataclass(frozen=True, eq=False)
class _Records:
    """Records of the sources of a part, in all indexes (n,): by name, those with chips first.

    Attributes:
        hashes: of the names, ascending.
        numbers: of the indexes.
        facts: hashes of name, bytes and number of chips.
        has_chips: whether a record says that there are any.
    """

    hashes: Hashes
    numbers: Numbers
    facts: Hashes
    has_chips: NDArray[np.bool_]


def owners_of(stores: Sequence[Store], part: SourcePart) -> tuple[Owners, int]:
    """The index that each source of a part is taken from.

    It is the first that has chips of it; what could not be used here may be whole there. Chips of a
    build that was killed have no record: the first index that has some keeps them.

    Args:
        stores: of the indexes.
        part: which sources are looked at.

    Returns:
        The owners, with the chips that each source has there, and how many records are left over.

    Raises:
        DataError: a source is in two with other content.
    """
    records = _records(stores, part)
    first = first_of_each(records.hashes)
    differing = _differing(records, first)
    if len(differing):
        raise _difference(stores, part, differing)
    recorded = records.hashes[first]
    hashes, numbers, counts = _counted(stores, part)
    # Without a record: pairs are ascending, so that the first is of the first index.
    is_unfinished = ~np.isin(hashes, recorded)
    unfinished = hashes[is_unfinished]
    first_unfinished = first_of_each(unfinished)
    names = np.concatenate([recorded, unfinished[first_unfinished]])
    owners = np.concatenate(
        [records.numbers[first], numbers[is_unfinished][first_unfinished]]
    ).astype(np.int32)
    order = np.argsort(names)
    taken = Owners(part, names[order], owners[order], np.zeros(len(order), dtype=np.int64))
    places = np.searchsorted(taken.hashes, hashes)
    is_owner = taken.owners[places] == numbers
    taken.counts[places[is_owner]] = counts[is_owner]
    return taken, len(records.hashes) - len(first)


def _records(stores: Sequence[Store], part: SourcePart) -> _Records:
    hashes: list[Hashes] = [np.empty(0, dtype=np.int64)]
    facts: list[Hashes] = [np.empty(0, dtype=np.int64)]
    has_chips: list[NDArray[np.bool_]] = [np.empty(0, dtype=bool)]
    numbers: list[Numbers] = [np.empty(0, dtype=np.int32)]
    for number, store in enumerate(stores):
        # Says which of the indexes cannot be read.
        with store.reading():
            for block in store.source_blocks():
                is_own = part.admits([record.source for record in block])
                own = [block[place] for place in np.flatnonzero(is_own).tolist()]
                names = pa.array([record.source for record in own], pa.string())
                hashes.append(hashes_of(names))
                facts.append(np.array([hash(_facts(record)) for record in own], dtype=np.int64))
                has_chips.append(np.array([record.num_chips > 0 for record in own], dtype=bool))
                numbers.append(np.full(len(own), number, dtype=np.int32))
    found = _Records(
        np.concatenate(hashes),
        np.concatenate(numbers),
        np.concatenate(facts),
        np.concatenate(has_chips),
    )
    order = np.lexsort((found.numbers, ~found.has_chips, found.hashes))
    return _Records(
        found.hashes[order], found.numbers[order], found.facts[order], found.has_chips[order]
    )


def _facts(record: SourceRecord) -> tuple[str, str, int]:
    """What is the same where a source is the same."""
    return record.source, record.content, record.num_chips


def _differing(records: _Records, first: NDArray[np.int64]) -> Hashes:
    """Hashes of sources of which two records with chips differ."""
    if not len(first):
        return records.hashes
    # Of each record, that which comes first of its name.
    lengths = np.diff(np.append(first, len(records.hashes)))
    leaders = np.repeat(first, lengths)
    differs = records.has_chips & (records.facts != records.facts[leaders])
    return np.unique(records.hashes[differs])


def _difference(stores: Sequence[Store], part: SourcePart, differing: Hashes) -> DataError:
    """What is wrong with the first source that differs."""
    seen: dict[str, tuple[Store, SourceRecord]] = {}
    for store in stores:
        for block in store.source_blocks():
            names = [record.source for record in block]
            is_one = np.isin(hashes_of(pa.array(names, pa.string())), differing)
            is_one &= part.admits(names)
            for place in np.flatnonzero(is_one).tolist():
                record = block[place]
                first, before = seen.setdefault(record.source, (store, record))
                if not before.num_chips:
                    seen[record.source] = (store, record)
                elif record.num_chips and _facts(before) != _facts(record):
                    return DataError(
                        f"{record.source} is in {first.home} with {before.num_chips:,} chips and in"
                        f" {store.home} with {record.num_chips:,}, or of other bytes; take it out"
                        " of one of them (harma index remove)"
                    )
    # Hashes are others in every process.
    return DataError("two sources seem to be one, by a chance of one in a million; try again")


def _counted(
    stores: Sequence[Store], part: SourcePart
) -> tuple[Hashes, Numbers, NDArray[np.int64]]:
    """Hashes of sources with chips, the indexes these lie in, and how many."""
    counts = OwnerCounts(part)
    for number, store in enumerate(stores):
        with store.reading():
            for block in store.blocks(["source"]):
                counted = block["source"].value_counts()
                names = counted.field("values").to_pylist()
                numbers = np.full(len(names), number, dtype=np.int32)
                counts.add(names, numbers, counted.field("counts").to_numpy())
    return counts.sums()
