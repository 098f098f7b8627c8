"""Whether an index is whole, and what has become of its sources."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa

from harma.errors import DataError
from harma.index.schema import embeddings_of
from harma.index.store import Store

# Tolerance of an L2 norm in float16.
NORM = 5e-3


def verify(store: Store) -> list[str]:
    """Look for damage.

    Returns:
        What is wrong, a line each; empty if nothing is.
    """
    try:
        with store.reading():
            return _verified(store)
    except DataError as error:
        return [str(error)]


def _verified(store: Store) -> list[str]:
    problems: list[str] = []
    ids: Counter[str] = Counter()
    of_source: Counter[str] = Counter()
    columns = ["id", "source", "embedding", "model"]
    for batch in store.blocks(columns):
        ids.update(batch["id"].to_pylist())
        of_source.update(batch["source"].to_pylist())
        problems += _check_embeddings(batch)
        if set(batch["model"].to_pylist()) != {store.settings.model_id}:
            problems.append("some chips were embedded by another model; run `harma index reembed`")
    twice = [chip for chip, count in ids.items() if count > 1]
    if twice:
        problems.append(f"{len(twice):,} chips are there more than once, such as {twice[0]}")
    sources = store.sources()
    for name, row in sources.items():
        if of_source[name] != row.num_chips:
            problems.append(
                f"{name}: {of_source[name]:,} chips, there should be {row.num_chips:,}; build it"
                " again"
            )
        problems += _check_file(name, row.size, row.mtime_ns)
    unfinished = sorted(of_source.keys() - sources.keys())
    if unfinished:
        problems.append(
            f"{len(unfinished):,} sources are not finished, such as {unfinished[0]}; build them"
            " again"
        )
    return problems


def _check_embeddings(batch: pa.Table) -> list[str]:
    norms = np.linalg.norm(embeddings_of(batch), axis=1)
    broken = ~(np.abs(norms - 1) < NORM)
    if not broken.any():
        return []
    first = batch["id"][int(np.argmax(broken))].as_py()
    return [
        f"{int(broken.sum()):,} embeddings are damaged, such as that of {first}; build the index"
        " again"
    ]


def _check_file(name: str, size: int, mtime_ns: int) -> list[str]:
    if size < 0:
        return []  # an address
    try:
        stat = Path(name).stat()
    except OSError:
        return [f"{name}: is not there any more; `harma index remove` takes it out"]
    return (
        []
        if (stat.st_size, stat.st_mtime_ns) == (size, mtime_ns)
        else [f"{name}: has changed; build it again"]
    )
