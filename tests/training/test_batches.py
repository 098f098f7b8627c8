"""The order of batches."""

import numpy as np
import pytest

from harma.errors import ConfigError
from harma.training.batches import EpochBatches


def batches_of(epoch, *args, first_batch=0, **options):
    made = EpochBatches(*args, **options)
    batches = list(made.of(epoch, first_batch))
    assert made.batches_per_epoch == first_batch + len(batches)
    return batches


def test_an_epoch_is_every_item_once_but_for_an_incomplete_last_batch():
    batches = batches_of(1, 23, 5, seed=1)
    assert [len(batch) for batch in batches] == [5, 5, 5, 5]
    assert len({index for batch in batches for index in batch}) == 20


def test_each_epoch_and_each_seed_has_an_order_of_its_own():
    orders = [batches_of(epoch, 64, 16, seed=seed) for epoch, seed in ((1, 1), (2, 1), (1, 2))]
    assert orders[0] == batches_of(1, 64, 16, seed=1)
    assert all(orders[i] != orders[j] for i, j in ((0, 1), (0, 2), (1, 2)))
    # Neither is one that another epoch and seed have together.
    assert batches_of(1, 64, 16, seed=2) != batches_of(2, 64, 16, seed=1)


@pytest.mark.parametrize("labels", [None, np.arange(40) % 3])
def test_an_epoch_goes_on_where_it_was_left(labels):
    whole = batches_of(3, 40, 8, labels=labels)
    assert batches_of(3, 40, 8, labels=labels, first_batch=2) == whole[2:]


@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_together_see_what_one_sees(world_size):
    whole = batches_of(5, 41, 4 * world_size, seed=3)
    parts = [
        batches_of(5, 41, 4, rank=rank, world_size=world_size, seed=3) for rank in range(world_size)
    ]
    assert [np.concatenate(pieces).tolist() for pieces in zip(*parts, strict=True)] == whole


def test_a_batch_that_cannot_be_filled_is_named_with_one_that_can():
    message = "7 items, fewer than one batch of 4 × 2 processes; set data.batch_size to 3 or less"
    with pytest.raises(ConfigError, match=message):
        EpochBatches(7, 4, world_size=2)
    assert EpochBatches(8, 4, world_size=2).batches_per_epoch == 1


def test_spread_labels_gives_every_batch_the_shares_of_the_data():
    labels = np.array([0] * 40 + [1] * 20 + [2] * 4)
    orders = []
    for epoch in (1, 2):
        made = batches_of(epoch, 64, 16, seed=1, labels=labels)
        assert sorted(i for batch in made for i in batch) == list(range(64))
        for batch in made:
            counts = np.bincount(labels[batch], minlength=3)
            assert abs(counts - [10, 5, 1]).max() <= 1
        orders.append(made)
    assert orders[0] != orders[1]
    assert batches_of(1, 64, 16, seed=1, labels=labels) == orders[0]


def test_processes_share_the_spread_batches():
    labels = np.arange(32) % 4
    whole = batches_of(5, 32, 8, seed=3, labels=labels)
    halves = [
        batches_of(5, 32, 4, rank=rank, world_size=2, seed=3, labels=labels) for rank in (0, 1)
    ]
    assert [a + b for a, b in zip(*halves, strict=True)] == whole
