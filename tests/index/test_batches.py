"""Embedding in full batches."""

import pytest
import torch
from tests.index.made import chip
from tests.index.parts import FACTS, MeanColor, block

from harma.index import batches
from harma.index.batches import embed_batches
from harma.index.reading import ChipPixels


def read_of(first, count, *, skipped=0, problem=""):
    """What was read for a task: `count` chips whose colours are their numbers."""
    task = block(numbers=range(first, first + count)).task
    chips = [chip(id=str(number)) for number in range(first, first + count)]
    pixels = None
    if count:
        pixels = torch.arange(first, first + count).float()[:, None, None, None]
        pixels = pixels.expand(count, 3, 10, 10)
    return ChipPixels(task, chips, pixels, skipped, FACTS, problem)


def test_batches_are_full_and_every_chip_gets_its_own_embedding():
    model = MeanColor()
    counts = [3, 5, 0, 1, 14, 2]
    starts = [sum(counts[:n]) for n in range(len(counts))]
    reads = [read_of(*each) for each in zip(starts, counts, strict=True)]
    blocks = list(embed_batches(reads, model, 4))
    assert model.batches == [4] * 6 + [1]
    assert [item.task for item in blocks] == [item.task for item in reads]
    for start, count, item in zip(starts, counts, blocks, strict=True):
        assert item.embeddings.shape == (count, 3)
        assert item.embeddings[:, 0].tolist() == list(range(start, start + count))
        assert [int(record.id) for record in item.chips] == list(range(start, start + count))


def test_a_block_comes_as_soon_as_its_chips_are_embedded():
    taken = []

    def reads():
        for number in range(6):
            taken.append(number)
            yield read_of(2 * number, 2)

    blocks = embed_batches(reads(), MeanColor(), 4)
    assert next(blocks).embeddings[0, 0] == 0
    assert len(taken) == 2
    next(blocks)
    assert len(taken) == 2
    next(blocks)
    assert len(taken) == 4


def test_what_failed_or_was_left_out_goes_its_way_in_order():
    reads = [read_of(0, 1), read_of(1, 0, problem="it is damaged"), read_of(2, 0, skipped=7)]
    blocks = list(embed_batches(reads, MeanColor(), 4))
    assert [item.problem for item in blocks] == ["", "it is damaged", ""]
    assert [item.num_skipped for item in blocks] == [0, 0, 7]
    assert [len(item.chips) for item in blocks] == [1, 0, 0]
    assert blocks[2].facts is FACTS


@pytest.mark.parametrize(("patience", "expected"), [(0.0, [1, 1, 1]), (60.0, [3])])
def test_chips_that_come_slowly_do_not_wait_for_a_full_batch(monkeypatch, patience, expected):
    monkeypatch.setattr(batches, "PATIENCE", patience)
    model = MeanColor()
    list(embed_batches([read_of(number, 1) for number in range(3)], model, 64))
    assert model.batches == expected
