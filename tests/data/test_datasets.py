import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from harma.data.annotations import load_split
from harma.data.cache import ImageCache
from harma.data.datasets import CaptionPairs, seeded
from harma.data.transforms import eval_transform, train_transform
from harma.errors import ConfigError, DataError

MEAN, STD = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)


def tokenize(texts):
    """Letters as numbers, six of them."""
    return torch.tensor([[ord(letter) for letter in text.ljust(6)[:6]] for text in texts])


@pytest.fixture
def split(small, harma):
    return load_split(harma, "train", small.path)


def make(split, transform=None, **options):
    return CaptionPairs(
        split,
        transform or train_transform((8, 8), MEAN, STD),
        tokenize,
        cache=ImageCache(),
        **{"seed": 3, **options},
    )


def test_items(split):
    pairs = make(split, eval_transform((4, 6), MEAN, STD))
    assert len(pairs) == 3
    item = pairs[2]
    assert set(item) == {"pixels", "token_ids", "image_index", "label", "caption_index"}
    assert (item["pixels"].shape, item["pixels"].dtype) == ((3, 4, 6), torch.float32)
    assert torch.equal(item["token_ids"], tokenize(["two houses"]))
    assert item["token_ids"].dtype == torch.int64
    assert (item["image_index"], item["label"]) == (1, -1)
    assert [pairs[i]["image_index"] for i in range(3)] == [0, 0, 1]
    assert len(list(pairs)) == 3, "a plain loop ends"
    for index in (-1, 3):
        with pytest.raises(IndexError, match=f"item {index} of 3"):
            pairs[index]


def test_labels(small, harma, row):
    small.json("train.json", [row("a.png", 1, "x", label=4), row("b.png", 2, "y", label=2)])
    pairs = make(load_split(harma, "train", small.path))
    assert [item["label"] for item in pairs] == [4, 2]


def test_distinct_captions_are_tokenized_once(small, harma, row):
    small.json(
        "train.json", [row("a.png", 1, "same"), row("b.png", 2, "Same!"), row("b.png", 2, "other")]
    )
    calls = []
    pairs = CaptionPairs(
        load_split(harma, "train", small.path),
        lambda image: image,
        lambda texts: calls.append(texts) or tokenize(texts),
    )
    assert calls == [["same", "other"]]
    assert torch.equal(pairs[0]["token_ids"], pairs[1]["token_ids"])


def test_sampling_images_draws_one_of_each_images_captions(split):
    pairs = make(split, sampling="images")
    assert len(pairs) == 2
    drawn = set()
    for epoch in range(30):
        pairs.set_epoch(epoch)
        items = list(pairs)
        assert [item["image_index"] for item in items] == [0, 1]
        assert torch.equal(items[1]["token_ids"], tokenize(["two houses"]))
        drawn.add(bytes(items[0]["token_ids"][0].to(torch.uint8).tolist()))
    assert drawn == {b"a rive", b"a wide"}


def test_an_image_comes_with_several_of_its_captions(split):
    pairs = make(split, sampling="images", captions_per_image=3)
    firsts = set()
    repeats = set()
    for epoch in range(30):
        pairs.set_epoch(epoch)
        first, second = list(pairs)
        texts = [bytes(row.to(torch.uint8).tolist()) for row in first["token_ids"]]
        assert texts[0] != texts[1]
        repeats.add(texts[2] == texts[0])
        assert set(texts) == {b"a rive", b"a wide"}, "every caption once before any comes again"
        firsts.add(texts[0])
        assert len(set(first["caption_index"].tolist())) == 2
        assert torch.equal(second["token_ids"], tokenize(["two houses"]).expand(3, -1))
        assert second["caption_index"].tolist() == [2, 2, 2]
    assert firsts == {b"a rive", b"a wide"}, "which comes first is drawn"
    assert repeats == {True, False}, "which comes again is drawn anew"


def test_several_captions_need_images_as_items(split):
    with pytest.raises(
        ConfigError, match="captions_per_image is 2 with data.sampling captions; it must be 1"
    ):
        make(split, captions_per_image=2)
    for number in (0, -1):
        with pytest.raises(ConfigError, match=f"captions_per_image is {number} with"):
            make(split, sampling="images", captions_per_image=number)


def test_bad_sampling(split):
    with pytest.raises(ConfigError, match="data.sampling is 'pairs'; allowed are captions, images"):
        make(split, sampling="pairs")


def test_an_image_that_breaks_later_is_named(split):
    pairs = make(split)
    split.images[0].write_bytes(b"")
    with pytest.raises(DataError, match="a.png is empty"):
        pairs[0]
    with pytest.raises(DataError, match="a.png is empty"):
        next(iter(DataLoader(pairs, num_workers=1)))


# -- randomness


def epoch_of(pairs, epoch, loader=None):
    pairs.set_epoch(epoch)
    batches = loader or DataLoader(pairs, batch_size=1)
    return torch.cat([batch["pixels"] for batch in batches])


def test_an_item_depends_on_seed_epoch_and_index_alone(split):
    pairs = make(split)
    first = epoch_of(pairs, 5)
    torch.manual_seed(99)
    assert torch.equal(torch.stack([pairs[i]["pixels"] for i in (2, 0, 1)]), first[[2, 0, 1]])
    assert torch.equal(epoch_of(make(split), 5), first)
    assert not torch.equal(epoch_of(pairs, 6), first)
    assert not torch.equal(epoch_of(make(split, seed=4), 5), first)
    assert not torch.equal(first[0], first[1]), "two captions of one image see two crops"


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_change_nothing_and_see_the_epoch(split, workers):
    pairs = make(split)
    expected = [epoch_of(pairs, epoch) for epoch in range(3)]
    loader = DataLoader(pairs, batch_size=1, num_workers=workers, persistent_workers=True)
    for epoch in range(3):
        assert torch.equal(epoch_of(pairs, epoch, loader), expected[epoch])


def noisy(image):
    """A transform of a user's own, with three kinds of random numbers."""
    return torch.tensor([random.random(), np.random.rand(), float(torch.rand(()))])


def test_transforms_may_draw_from_numpy_and_random(split):
    pairs = make(split, noisy)
    assert torch.equal(pairs[0]["pixels"], pairs[0]["pixels"])
    assert not (pairs[0]["pixels"] == pairs[1]["pixels"]).any()


def test_the_callers_random_numbers_are_left_alone(split):
    def draw():
        return random.random(), np.random.rand(), float(torch.rand(()))

    def seed():
        random.seed(1), np.random.seed(1), torch.manual_seed(1)

    seed()
    expected = [draw(), draw()]
    seed()
    found = [draw()]
    make(split)[0]
    found.append(draw())
    assert found == expected


def test_seeded_does_not_touch_the_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("seeded the GPU"))
    with seeded(1, 2):
        pass


def test_random_numbers_come_back_after_an_error():
    torch.manual_seed(0)
    expected = torch.rand(())
    torch.manual_seed(0)
    with pytest.raises(ValueError, match="oops"), seeded(1):
        raise ValueError("oops")
    assert torch.equal(torch.rand(()), expected)


@pytest.mark.parametrize(("number", "rounds"), [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)])
def test_captions_come_again_when_all_have_come(split, number, rounds):
    item = make(split, sampling="images", captions_per_image=number)[0]
    drawn = item["caption_index"].tolist()
    assert len(drawn) == number
    for start in range(0, number - 1, 2):
        assert sorted(drawn[start : start + 2]) == [0, 1]
    assert drawn.count(drawn[-1]) <= rounds
