"""Several threads use one model at once: each embeds as if it were alone (HOUSE, fault 1)."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Barrier

import pytest
import torch
from tests.methods.adapted import adapted, perturbed

from harma.backbones import load_backbone
from harma.methods.table import METHODS

THREADS = 4
CALLS = 50  # of each thread, an image and a text each: 400 embeddings
WORDS = ["red", "roof", "field", "green", "a", "white", "train", "blue", "number", "test"]
# BERT normalises after its MLP, which mrs-adapter refuses.
CASES = [("clip", method) for method in METHODS]
CASES += [("dual", method) for method in METHODS if method != "mrs-adapter"]
every_case = pytest.mark.parametrize("model", CASES, indirect=True, ids="-".join)


@pytest.fixture(autouse=True)
def _often_switched():
    """Threads take turns within microseconds, as they do on a busy server now and then."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def model(request, tiny_config, tiny_dual):
    kind, method = request.param
    torch.manual_seed(0)
    return perturbed(adapted(load_backbone({"clip": tiny_config, "dual": tiny_dual}[kind]), method))


@pytest.fixture
def batches(model):
    """An image and a padded text of another length for every thread."""
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randn(THREADS, 1, 3, 32, 32, generator=generator)
    texts = [" ".join(WORDS[: 2 + 2 * i]) for i in range(THREADS)]
    # A longer one beside each, or nothing would be padded.
    token_ids = [
        model.tokenize([text, " ".join(WORDS[: 4 + 2 * i])]) for i, text in enumerate(texts)
    ]
    return list(zip(pixels, token_ids, strict=True))


def embed(model, batch):
    with torch.no_grad():
        return model.encode_image(batch[0]), model.encode_text(batch[1])


def count_wrong(model, batches, expected, context_of=lambda i: nullcontext()):
    """How many embeddings of all threads are not those expected, an error counting as two."""
    start = Barrier(THREADS)

    def wrong_in_thread(i):
        wrong = 0
        start.wait()
        for _ in range(CALLS):
            try:
                with context_of(i):
                    embedded = embed(model, batches[i])
            except (AssertionError, RuntimeError, TypeError):
                wrong += 2
                continue
            for x, y in zip(embedded, expected[i], strict=True):
                wrong += not torch.allclose(x, y, atol=1e-6)
        return wrong

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(wrong_in_thread, range(THREADS)))


@every_case
def test_threads_embed_what_one_does(model, batches):
    expected = [embed(model, batch) for batch in batches]
    before = model.backbone.weights_hash()
    assert count_wrong(model, batches, expected) == 0
    assert model.backbone.weights_hash() == before


@every_case
def test_one_thread_without_adapters_leaves_them_to_the_others(model, batches):
    expected = [embed(model, batch) for batch in batches]
    with model.without_adapters():
        bare = embed(model, batches[0])
    assert not torch.allclose(bare[0], expected[0][0], atol=1e-4)
    expected[0] = bare

    def context_of(i):
        return model.without_adapters() if i == 0 else nullcontext()

    assert count_wrong(model, batches, expected, context_of) == 0


@pytest.mark.parametrize("model", CASES[:1], indirect=True)
def test_second_views_of_one_thread_leave_the_others_their_tokens(model, batches):
    expected = [embed(model, batch) for batch in batches]

    class Viewing:
        """A model whose embeddings are those beside second views."""

        encode_text = model.encode_text

        def encode_image(self, pixels):
            images, *_ = model(pixels, batches[0][1], view_dropout=0.9)
            return images

    start = Barrier(2)

    def wrong_with(viewing):
        start.wait()
        wrong = 0
        for _ in range(CALLS):
            images, _ = embed(viewing, batches[0])
            wrong += not torch.allclose(images, expected[0][0], atol=1e-6)
        return wrong

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(wrong_with, (model, Viewing()))) == 0
