"""Segments of the ANN index by pylance: made by several processes, and merged where it grew.

The partitions are found once; then each process compares the chips of some files with them and
compresses their embeddings, which is what takes long. LanceDB searches and extends what comes of
it as it does its own, but makes an ANN index in one process alone, and merges nothing.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from harma.errors import MissingDependencyError
from harma.index.fragments import TableAddress

COLUMN = "embedding"
# As LanceDB names it.
NAME = "embedding_idx"


@dataclass(frozen=True)
class AnnPlan:
    """How an ANN index is made.

    Attributes:
        kind: "IVF_RQ" or "IVF_FLAT".
        num_bits: of each dimension, with IVF_RQ.
        num_partitions: that the chips are parted into.
        sample_rate: vectors of each partition that the partitions are found from.
        rounds: of finding them.
    """

    kind: str
    num_bits: int
    num_partitions: int
    sample_rate: int
    rounds: int


def merge_latest(table: TableAddress, name: str, count: int) -> bool:
    """Merge the latest segments of an ANN index into one; those before stay as they are.

    Args:
        table: of the chips.
        name: of the ANN index.
        count: segments to merge.

    Returns:
        Whether it was done: it takes pylance (`pip install 'harma[cluster]'`).
    """
    try:
        import lance
    except ImportError:
        return False
    dataset = lance.dataset(table.uri, storage_options=table.storage_options())
    dataset.optimize.optimize_indices(num_indices_to_merge=count, index_names=[name])
    return True


def make_in_parts(table: TableAddress, plan: AnnPlan, num_workers: int) -> None:
    """Make the ANN index of a table that has none, in several processes; one commit at the end.

    Args:
        table: of the chips.
        plan: how.
        num_workers: processes, at most; each takes whole files.

    Raises:
        MissingDependencyError: pylance is not installed.
    """
    try:
        import lance
        from lance.indices import IndicesBuilder
        from lance.lance import indices
    except ImportError as error:
        raise MissingDependencyError(
            "an ANN index in several processes needs pylance: pip install 'harma[cluster]'"
        ) from error
    dataset = lance.dataset(table.uri, storage_options=table.storage_options())
    builder = IndicesBuilder(dataset, COLUMN)
    partitions = builder.train_ivf(
        plan.num_partitions,
        distance_type="cosine",
        sample_rate=plan.sample_rate,
        max_iters=plan.rounds,
    )
    # One rotation for all: else their compressed embeddings do not compare.
    rotation = None
    if plan.kind == "IVF_RQ":
        rotation = indices.build_rq_model(dimension=builder.dimension, num_bits=plan.num_bits)
    sizes = {part.fragment_id: part.count_rows() for part in dataset.get_fragments()}
    made = (table, dataset.version, plan, partitions.centroids, rotation)
    shares = shared_out(sizes, num_workers)
    with ProcessPoolExecutor(len(shares), mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_made_segment, *made, files) for files in shares]
        segments = [future.result() for future in waiting]
    if len(segments) > 1:
        segments = [dataset.merge_existing_index_segments(segments)]
    dataset.commit_existing_index_segments(NAME, COLUMN, segments)


def shared_out(sizes: dict[int, int], num_shares: int) -> list[list[int]]:
    """Files for each of some processes, about as many rows each; none gets nothing.

    Args:
        sizes: number of a file → its rows.
        num_shares: processes.
    """
    shares: list[list[int]] = [[] for _ in range(max(1, min(num_shares, len(sizes))))]
    rows = [0] * len(shares)
    # The largest first, always to the one that has least.
    for number in sorted(sizes, key=lambda number: -sizes[number]):
        least = rows.index(min(rows))
        shares[least].append(number)
        rows[least] += sizes[number]
    return shares


def _made_segment(
    table: TableAddress,
    version: int,
    plan: AnnPlan,
    centroids: Any,
    rotation: str | None,
    files: Sequence[int],
) -> Any:
    """In a process of its own: the segment of some files, written but not yet part of the table."""
    import lance

    further: dict[str, Any] = {}
    if rotation is not None:
        further = {"rabitq_model": rotation, "num_bits": plan.num_bits}
    options = table.storage_options()
    dataset = lance.dataset(table.uri, version=version, storage_options=options)
    return dataset.create_index_uncommitted(
        COLUMN,
        plan.kind,
        name=NAME,
        metric="cosine",
        num_partitions=plan.num_partitions,
        ivf_centroids=centroids,
        fragment_ids=list(files),
        **further,
    )
