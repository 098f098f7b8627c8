"""Shares of a split, brought together."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numpy as np
import pytest

from harma.evaluation.distributed import Share
from harma.evaluation.retrieval import embed_split


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_shares_make_the_whole(split, model, processes):
    """Threads stand for processes: each embeds its share, all get everything."""
    model = model[0]
    whole, slots, barrier = embed_split(model, split), {}, threading.Barrier(processes)

    def embed(number):
        def gather(part):
            slots[number] = part
            barrier.wait()
            together = np.stack([slots[i] for i in range(processes)])
            barrier.wait()
            return together

        return embed_split(model, split, share=Share(number, processes, gather))

    with ThreadPoolExecutor(processes) as pool:
        for together in pool.map(embed, range(processes)):
            np.testing.assert_allclose(together.images, whole.images, atol=1e-5)
            np.testing.assert_allclose(together.texts, whole.texts, atol=1e-5)


@pytest.mark.parametrize(("of", "total"), [(1, 5), (2, 5), (3, 7), (4, 2)])
def test_items_come_back_in_order(of, total):
    items = list(range(total))
    shares = [Share(number, of, lambda part: part) for number in range(of)]
    parts = [share.items(items) for share in shares]
    assert sorted(chain.from_iterable(parts)) == items
    longest = -(-total // of)
    padded = np.full((of, longest, 1), -1, dtype=np.float32)
    for number, part in enumerate(parts):
        padded[number, : len(part), 0] = part
    whole = Share(0, of, lambda _: padded).join(np.zeros((len(parts[0]), 1), np.float32), total)
    assert whole[:, 0].tolist() == items
