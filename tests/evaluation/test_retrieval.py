"""Embedding a split and counting hits in blocks, with adapters and without."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.evaluation import retrieval
from harma.evaluation.retrieval import (
    embed_split,
    evaluate_embeddings,
    evaluate_split,
    summarize_embedded,
    with_baseline,
)
from harma.methods.harma.config import AdapterConfig
from harma.metrics import retrieval_metrics
from harma.model.model import HarMA


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


def test_average_precision_is_left_out_of_large_splits_unless_it_is_asked_for(embed, monkeypatch):
    embedded = embed(1.0)
    pairs = len(embedded.images) * len(embedded.texts)
    assert evaluate_embeddings(embedded).i2t_ap is not None
    assert evaluate_embeddings(embedded, ap=False).i2t_ap is None
    monkeypatch.setattr(retrieval, "AP_ELEMENTS", pairs)
    assert evaluate_embeddings(embedded).t2i_ap is not None
    monkeypatch.setattr(retrieval, "AP_ELEMENTS", pairs - 1)
    assert evaluate_embeddings(embedded).t2i_ap is None
    assert evaluate_embeddings(embedded, ap=True).t2i_ap is not None


def test_each_distinct_caption_is_embedded_once(split, model):
    twice = replace(split, captions=(*split.captions[:-1], split.captions[0]))
    embedded = embed_split(model[0], twice)
    assert list(embedded.distinct) == sorted(set(twice.captions))
    assert len(embedded.texts) == len(embedded.distinct)
    text = embedded.captions.text
    assert text[0] == text[-1]
    assert [embedded.distinct[column] for column in text] == list(twice.captions)


@pytest.fixture(scope="module")
def adapted():
    """A model whose adapters change what it says."""
    torch.manual_seed(0)
    model = HarMA(load_backbone(TINY), AdapterConfig(bottleneck_dim=16, num_heads=2))
    for name, parameter in model.named_parameters():
        # They begin as nothing.
        if parameter.requires_grad and name != "temperature":
            torch.nn.init.normal_(parameter, std=0.5)
    return model.eval()


def test_the_bare_backbone_stands_beside_a_model_with_adapters(split, adapted):
    evaluation = evaluate_split(adapted, split)
    with adapted.without_adapters():
        bare = evaluate_split(adapted, split, compare=False)
    assert evaluation.without_adapters.metrics == bare.metrics
    assert np.abs(evaluation.embedded.images - bare.embedded.images).max() > 1e-3
    assert evaluation.baseline == "without adapters"
    assert evaluate_split(adapted, split, compare=False).without_adapters is None


def test_a_model_without_adapters_has_nothing_beside_it(split, model):
    evaluation = evaluate_split(model[0], split)
    assert evaluation.without_adapters is None
    other = with_baseline(evaluation, evaluation, "before training")
    assert (other.without_adapters, other.baseline) == (evaluation, "before training")
    assert other.metrics == evaluation.metrics
