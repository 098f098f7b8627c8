"""Doubles: scenes and ids of chips that are in two of several indexes searched as one (shards)."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from harma.index.hashed_names import Hashes, RepeatedNames, hashes_of
from harma.index.joined_store import JoinedStore


@dataclass(frozen=True)
class Double:
    """What is in two indexes.

    Attributes:
        what: "scene" or "chip".
        name: of the scene, or id of the chip.
        numbers: of the first two indexes that have it.
    """

    what: str
    name: str
    numbers: tuple[int, int]


def find_double(store: JoinedStore) -> Double | None:
    """A scene or a chip that is in two indexes; None where each is in one.

    Ids that HarMA makes hold the name of the scene, so that where no scene is in two indexes no id
    is. Only where some came from another program are all of them compared, 8 bytes each.
    """
    owners: dict[str, int] = {}
    are_foreign = False
    for number, part in enumerate(store.parts):
        for name, record in part.sources().items():
            if not record.num_chips:
                continue
            if name in owners:
                return Double("scene", name, (owners[name], number))
            owners[name] = number
            # Nothing but an import leaves it out.
            are_foreign |= not record.content
    return _repeated_chip(store) if are_foreign else None


def _repeated_chip(store: JoinedStore) -> Double | None:
    met = RepeatedNames(store.count())
    for _, ids in _ids(store):
        met.add(hashes_of(ids))
    doubtful = met.repeated()
    return _first_of(store, doubtful) if len(doubtful) else None


def _first_of(store: JoinedStore, doubtful: Hashes) -> Double | None:
    """The first id that comes twice among those whose hashes do."""
    owners: dict[str, int] = {}
    for number, ids in _ids(store):
        is_doubtful = np.isin(hashes_of(ids), doubtful)
        for chip in ids.filter(pa.array(is_doubtful)).to_pylist():
            if owners.setdefault(chip, number) != number:
                return Double("chip", chip, (owners[chip], number))
    return None


def _ids(store: JoinedStore) -> Iterator[tuple[int, pa.ChunkedArray]]:
    for number, part in enumerate(store.parts):
        for block in part.blocks(["id"]):
            yield number, block["id"]
