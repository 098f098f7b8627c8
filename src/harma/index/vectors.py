"""Embeddings out of tables, and the best of many scores."""

import numpy as np
from numpy.typing import NDArray


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
