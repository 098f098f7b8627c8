"""Reading ahead: the same batches wherever reading began, and the next epoch's before it begins."""

import time

import numpy as np
import pytest
import torch

from harma.data.cache import ImageCache
from harma.training.batches import EpochBatches
from harma.training.build import load_splits
from harma.training.feed import make_pairs
from harma.training.read_ahead import ReadAhead
from harma.training.recipe import DataConfig


@pytest.fixture
def make(tiny_data, tiny_config, model):
    """A reader of three epochs of the small data: 24 images, batches of 8."""

    def make(num_workers=0, **options):
        data = DataConfig(name=str(tiny_data / "data.yaml"), sampling="images", **options)
        split = load_splits(data, "train")["train"]
        pairs = make_pairs(data, split, model[0].backbone, ImageCache("none"), seed=3)
        batches = EpochBatches(len(pairs), 8, seed=3)
        return ReadAhead(pairs, batches, epochs=3, num_workers=num_workers)

    return make


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def halved(size, mean, std):
    """A train transform of one's own."""
    side = size[0] // 2
    return lambda pixels: torch.full((3, side, side), float(mean[0]))


def test_batches_are_stacked_items(make):
    reader = make(captions_per_image=2, transform=f"{__name__}.halved")
    split = reader._pairs.split
    order = list(reader._batches.of(1))
    for indices, batch in zip(order, reader.rest_of(1), strict=True):
        assert batch.pixels.shape == (8, 3, 16, 16)
        assert batch.image_index.tolist() == indices
        assert batch.labels.tolist() == [index % 4 for index in indices]
        assert batch.token_ids.shape == (8, 2, 77)
        # Both captions are of the image, and told apart by their texts.
        texts = [[split.captions[int(row)] for row in rows] for rows in batch.caption_index]
        for index, pair in zip(indices, texts, strict=True):
            owned = {split.captions[i] for i in np.flatnonzero(split.caption_to_image == index)}
            assert set(pair) == owned


@pytest.mark.parametrize("num_workers", [0, 2])
def test_batches_depend_on_epoch_and_number_alone(make, num_workers):
    whole = [list(make().rest_of(epoch)) for epoch in (1, 2, 3)]
    assert [len(batches) for batches in whole] == [3, 3, 3]
    assert not same(whole[0][0], whole[1][0])
    # One stream through all epochs; then one that begins inside of an epoch; then a leap back.
    reader = make(num_workers)
    reader.begin()
    for epoch in (1, 2, 3):
        for batch, expected in zip(reader.rest_of(epoch), whole[epoch - 1], strict=True):
            assert same(batch, expected)
    for batch, expected in zip(reader.rest_of(2, 2), whole[1][2:], strict=True):
        assert same(batch, expected)
    assert same(next(reader.rest_of(1)), whole[0][0])
    reader.end()


def test_the_next_epoch_is_read_before_it_is_asked_for(make, tmp_path, monkeypatch):
    reader = make(num_workers=1)
    read = tmp_path / "read"
    original = reader._pairs.item

    def noted(index, epoch):
        with read.open("a") as file:
            file.write(f"{epoch}\n")
        return original(index, epoch)

    monkeypatch.setattr(reader._pairs, "item", noted)
    list(reader.rest_of(1))
    until = time.monotonic() + 30
    # A worker has two batches in work beside the one that it gave.
    while read.read_text().count("2") < 16:
        assert time.monotonic() < until
        time.sleep(0.01)
    list(reader.rest_of(2))
    list(reader.rest_of(3))
    assert sorted(set(read.read_text().split())) == ["1", "2", "3"], "and nothing after the last"
    reader.end()


def test_workers_are_stopped(make):
    reader = make(num_workers=2)
    reader.begin()
    workers = list(reader._stream._workers)
    assert all(worker.is_alive() for worker in workers)
    reader.end()
    assert not any(worker.is_alive() for worker in workers)


def test_beginning_leaves_the_random_numbers_of_the_model_alone(make):
    reader = make()
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    reader.begin()
    next(reader.rest_of(1))
    assert torch.equal(torch.rand(3), expected)
