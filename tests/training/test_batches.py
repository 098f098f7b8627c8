"""The order of batches."""

import numpy as np

from harma.training.batches import EpochBatches


def test_spread_labels_gives_every_batch_the_shares_of_the_data():
    labels = np.array([0] * 40 + [1] * 20 + [2] * 4)
    batches = EpochBatches(64, 16, seed=1, labels=labels)
    orders = []
    for epoch in (1, 2):
        batches.start(epoch)
        made = list(batches)
        assert sorted(i for batch in made for i in batch) == list(range(64))
        for batch in made:
            counts = np.bincount(labels[batch], minlength=3)
            assert abs(counts - [10, 5, 1]).max() <= 1
        orders.append(made)
    assert orders[0] != orders[1]
    batches.start(1)
    assert list(batches) == orders[0]


def test_processes_share_the_spread_batches():
    labels = np.arange(32) % 4
    whole = EpochBatches(32, 8, seed=3, labels=labels)
    halves = [
        EpochBatches(32, 4, rank=rank, world_size=2, seed=3, labels=labels) for rank in (0, 1)
    ]
    for batches in (whole, *halves):
        batches.start(5)
    assert [a + b for a, b in zip(*halves, strict=True)] == list(whole)
