"""Embeddings out of tables, and the best of many scores."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Embeddings read at once: 64 MB of float16 at 512.
SCAN_ROWS = 65_536


def embeddings_of(table: Any) -> NDArray[np.float32]:
    """The embeddings (n, E) of a table or batch with that column."""
    column = table["embedding"]
    if hasattr(column, "combine_chunks"):  # of a table, not of a batch
        column = column.combine_chunks()
    flat: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return flat.reshape(len(column), column.type.list_size)


def best_of(
    ids: NDArray[np.int64], scores: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` best of scores (n,) and their ids; equal ones in the order of ids, so that pages fit together."""
    if len(ids) > 4 * k:
        # Everything that ties with the k-th best stays for the sort.
        keep = scores >= np.partition(scores, len(scores) - k)[len(scores) - k]
        ids, scores = ids[keep], scores[keep]
    best = np.lexsort((ids, -scores))[:k]
    return ids[best], scores[best]
