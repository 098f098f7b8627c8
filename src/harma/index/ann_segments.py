"""Segments of the ANN index: what it was extended by is merged, by pylance where it is there."""


def merge_latest(uri: str, name: str, count: int) -> bool:
    """Merge the latest segments of an ANN index into one; those before stay as they are.

    LanceDB extends an ANN index by a segment at a time and merges none of them.

    Args:
        uri: of the table.
        name: of the ANN index.
        count: segments to merge.

    Returns:
        Whether it was done: it takes pylance (`pip install 'harma[cluster]'`).
    """
    try:
        import lance
    except ImportError:
        return False
    lance.dataset(uri).optimize.optimize_indices(num_indices_to_merge=count, index_names=[name])
    return True
