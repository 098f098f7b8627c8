"""Verify: whether an index is whole, and what has become of its sources."""

from collections import Counter

import numpy as np
import pyarrow as pa

from harma.errors import DataError
from harma.index.contract import StoreReader
from harma.index.records import SourceRecord
from harma.index.schema import embeddings_of
from harma.index.source_files import on_disk, source_of

# Tolerance of an L2 norm in float16.
NORM_TOLERANCE = 5e-3


def verify(store: StoreReader) -> list[str]:
    """Look for damage.

    Returns:
        What is wrong, a line each; empty if nothing is.
    """
    try:
        with store.reading():
            return _problems(store)
    except DataError as error:
        return [str(error)]


def _problems(store: StoreReader) -> list[str]:
    problems: list[str] = []
    # All ids are in memory: about a kilobyte a chip while it runs.
    ids: Counter[str] = Counter()
    chips_of: Counter[str] = Counter()
    for block in store.blocks(["id", "source", "embedding", "model"]):
        ids.update(block["id"].to_pylist())
        chips_of.update(block["source"].to_pylist())
        problems += _embedding_problems(block)
        if set(block["model"].to_pylist()) != {store.settings.model_id}:
            problems.append("some chips were embedded by another model; run `harma index reembed`")
    twice = [chip for chip, count in ids.items() if count > 1]
    if twice:
        problems.append(f"{len(twice):,} chips are there more than once, such as {twice[0]}")
    sources = store.sources()
    for record in sources.values():
        problems += _source_problems(record, chips_of[record.source])
    # A build that was killed leaves chips whose source has no record yet.
    unfinished = sorted(chips_of.keys() - sources.keys())
    if unfinished:
        problems.append(
            f"{len(unfinished):,} sources are not finished, such as {unfinished[0]}; build them"
            " again"
        )
    return problems


def _embedding_problems(block: pa.Table) -> list[str]:
    norms = np.linalg.norm(embeddings_of(block), axis=1)
    # NaN is not near to 1 either.
    broken = ~(np.abs(norms - 1) < NORM_TOLERANCE)
    if not broken.any():
        return []
    first = block["id"][int(np.argmax(broken))].as_py()
    return [
        f"{int(broken.sum()):,} embeddings are damaged, such as that of {first}; build the index"
        " again"
    ]


def _source_problems(record: SourceRecord, num_chips: int) -> list[str]:
    """What is wrong with the chips of a source, and with its file."""
    problems: list[str] = []
    name = record.source
    if num_chips != record.num_chips:
        problems.append(
            f"{name}: {num_chips:,} chips, there should be {record.num_chips:,}; build it again"
        )
    if record.size < 0:
        return problems  # an address
    # By size and time alone: what a build looks at first.
    now = on_disk(source_of(record))
    if now.size < 0:
        return [*problems, f"{name}: is not there any more; `harma index remove` takes it out"]
    if now != (record.size, record.mtime_ns):
        problems.append(f"{name}: has changed; build it again")
    return problems
