"""Queries embedded for many callers: each text once, those of one moment in one batch."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from harma.errors import QueryError
from harma.ground.device import usable_cores
from harma.index.embedder import QueryEmbedder
from harma.serve.embedding import SharedEmbedder, share_cores


class Lengths:
    """Embeds a text as its length, when it is let; notes its batches."""

    embed_dim = 2

    def __init__(self):
        self.batches = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.is_inside = threading.Event()
        self.num_inside = 0

    def embed_texts(self, texts):
        self.batches.append(list(texts))
        return self._alone([[len(text), 1] for text in texts], texts)

    def embed_images(self, images):
        return self._alone([[image.size[0], 2] for image in images], ())

    def _alone(self, values, texts):
        self.num_inside += 1
        assert self.num_inside == 1, "two compute at once"
        self.is_inside.set()
        assert self.may_go.wait(10)
        self.num_inside -= 1
        if "bad" in texts:
            raise QueryError("this text is bad")
        return np.array(values, dtype=np.float32)


@pytest.fixture
def model():
    return Lengths()


def test_it_looks_like_the_model(model):
    embedder: QueryEmbedder = SharedEmbedder(model)
    assert embedder.embed_dim == 2
    assert embedder.embed_texts(["abc", "d", "abc"]).tolist() == [[3, 1], [1, 1], [3, 1]]
    assert embedder.embed_texts([]).shape == (0, 2)
    assert embedder.embed_texts(["a"]).dtype == np.float32


def test_a_text_is_embedded_once(model):
    embedder = SharedEmbedder(model)
    first = embedder.embed_texts(["abc", "d"])
    again = embedder.embed_texts(["d", "abc", "ef"])
    assert model.batches == [["abc", "d"], ["ef"]]
    assert np.array_equal(first[0], again[1])
    # What a caller does with it is the caller's.
    first[:] = 0
    assert embedder.embed_texts(["abc"]).tolist() == [[3, 1]]


def test_texts_that_come_meanwhile_are_one_batch(model):
    embedder = SharedEmbedder(model)
    model.may_go.clear()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(embedder.embed_texts, ["first"])
        assert model.is_inside.wait(10)
        others = [pool.submit(embedder.embed_texts, ["x" * n, "both"]) for n in range(1, 6)]
        while len(embedder._waiting) < 5:
            threading.Event().wait(0.01)
        model.may_go.set()
        assert first.result(10).tolist() == [[5, 1]]
        for n, other in enumerate(others, 1):
            assert other.result(10).tolist() == [[n, 1], [4, 1]]
    assert model.batches[0] == ["first"], "who is alone does not wait"
    assert len(model.batches) == 2
    assert sorted(model.batches[1]) == sorted(["both", *("x" * n for n in range(1, 6))])


def test_a_bad_text_is_the_trouble_of_one(model):
    embedder = SharedEmbedder(model)
    model.may_go.clear()
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(embedder.embed_texts, ["first"])
        assert model.is_inside.wait(10)
        bad = pool.submit(embedder.embed_texts, ["bad"])
        good = pool.submit(embedder.embed_texts, ["good"])
        while len(embedder._waiting) < 2:
            threading.Event().wait(0.01)
        model.may_go.set()
        first.result(10)
        assert good.result(10).tolist() == [[4, 1]]
        with pytest.raises(QueryError, match="this text is bad"):
            bad.result(10)
    with pytest.raises(QueryError, match="this text is bad"):
        embedder.embed_texts(["bad"])


def test_one_thread_computes_at_a_time(model):
    class Image:
        size = (7, 3)

    embedder = SharedEmbedder(model)
    with ThreadPoolExecutor(8) as pool:
        texts = [pool.submit(embedder.embed_texts, [str(n)]) for n in range(40)]
        images = [pool.submit(embedder.embed_images, [Image()]) for _ in range(40)]
        assert all(one.result(10).tolist() == [[7, 2]] for one in images)
        assert all(one.result(10).shape == (1, 2) for one in texts)


def test_a_model_is_put_into_evaluation():
    class Module(nn.Module):
        embed_dim = 1

    module = Module()
    assert module.training
    SharedEmbedder(module)
    assert not module.training


def test_cores_are_shared():
    before = torch.get_num_threads()
    try:
        share_cores(1)
        assert torch.get_num_threads() == usable_cores()
        share_cores(1000)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
