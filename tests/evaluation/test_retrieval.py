"""Embedding a split and counting hits: in blocks, in shares, with metrics of one's own."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from harma.backbones import load_backbone
from harma.errors import ConfigError
from harma.evaluation import evaluate, retrieval
from harma.evaluation.distributed import Share
from harma.evaluation.retrieval import embed_split, evaluate_embeddings, summarize_embedded
from harma.evaluation.user_metrics import compute_metrics, find_metrics
from harma.metrics import retrieval_metrics
from harma.model.model import HarMA


@pytest.fixture(scope="module")
def model(tiny_module_config):
    return HarMA(load_backbone(tiny_module_config)).eval()


@pytest.fixture(scope="module")
def tiny_module_config():
    from tests.conftest import TINY

    return TINY


def test_blocks_give_the_figures_of_the_whole_matrix(split, embed, monkeypatch):
    embedded = embed(1.0)
    whole = retrieval_metrics(
        embedded.images @ embedded.texts[embedded.captions.text].T,
        split.caption_to_image,
        caption_ids=embedded.captions.text,
    )
    for elements in (1, 40, 10_000):
        monkeypatch.setattr(retrieval, "BLOCK_ELEMENTS", elements)
        metrics = summarize_embedded(embedded, split).metrics
        assert {key: metrics[key] for key in whole} == pytest.approx(whole)


def test_no_block_is_larger_than_allowed(embed, monkeypatch):
    embedded, seen = embed(1.0), []
    monkeypatch.setattr(retrieval, "BLOCK_ELEMENTS", 60)
    original = retrieval.count_hits

    def watching(captions, by_image, by_text, **options):
        seen.extend(scores.size for blocks in (by_image, by_text) for _, scores in blocks())
        return original(captions, by_image, by_text, **options)

    monkeypatch.setattr(retrieval, "count_hits", watching)
    evaluate_embeddings(embedded)
    assert 0 < max(seen) <= 60


@pytest.mark.parametrize("processes", [1, 2, 5])
def test_shares_make_the_whole(split, model, processes):
    """Threads stand for processes: each embeds its share, all get everything."""
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


def mean_cosine(images, captions, caption_to_image):
    """A metric of one's own: a number."""
    return float((images[caption_to_image] * captions).sum(axis=1).mean())


def two_figures(images, captions, caption_to_image):
    """A metric of one's own: several numbers."""
    return {"first": 1.0, "second": np.float32(2.0)}


def test_own_metrics_stand_beside_ours(split, model):
    functions = find_metrics([f"{__name__}.mean_cosine", f"{__name__}.two_figures"])
    metrics = evaluate(model, split, metrics=functions).metrics
    assert -1 <= metrics["mean_cosine"] <= 1
    assert (metrics["first"], metrics["second"]) == (1.0, 2.0)
    embedded = embed_split(model, split)
    expected = mean_cosine(
        embedded.images, model.embed_texts(split.captions), split.caption_to_image
    )
    assert metrics["mean_cosine"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda *_: "good", "the metric mine returned 'good' for mine; it must return a number"),
        (lambda *_: {"mR": 1.0}, "the metric mine returned mR, a name that is in use"),
        (lambda *_: True, "returned True"),
    ],
)
def test_own_metrics_that_return_something_else(function, message):
    empty = np.empty((0, 2), dtype=np.float32)
    with pytest.raises(ConfigError, match=message):
        compute_metrics({"mine": function}, empty, empty, np.empty(0, dtype=np.int64), {"mR": 3.0})


def test_own_metrics_that_cannot_be_found():
    with pytest.raises(
        ConfigError, match=r"train\.metrics is 'nowhere\.at_all', which cannot be imported"
    ):
        find_metrics(["nowhere.at_all"])
    with pytest.raises(ConfigError, match="names two functions called mean_cosine"):
        find_metrics([f"{__name__}.mean_cosine"] * 2)
