"""Runs whose towers are frozen: as without the cache, quicker, resumed, told."""

import logging

import pytest
import torch
from tests.training.runs import adapter_weights, last_state, logged, stopped, trained

from harma.backbones.open_clip_backbone import OpenClipBackbone
from harma.errors import ConfigError
from harma.training.feed import PLAIN

METHODS = ("linear", "clip-adapter")


@pytest.fixture
def recipe(make_recipe):
    def make(method, name="run", *, transform=PLAIN, cache="disk", **train):
        return make_recipe(
            name,
            method=method,
            data={"transform": transform, "sampling": "images", "captions_per_image": 2},
            train={"frozen_cache": cache, **train},
        )

    return make


@pytest.fixture
def encoded(monkeypatch):
    """How many images and captions the towers have embedded."""
    counts = {"image": 0, "text": 0}
    for tower in counts:
        name = f"_encode_{tower}"
        original = getattr(OpenClipBackbone, name)

        def counting(self, inputs, tower=tower, original=original):
            counts[tower] += len(inputs)
            return original(self, inputs)

        monkeypatch.setattr(OpenClipBackbone, name, counting)
    return counts


@pytest.mark.parametrize("transform", [PLAIN, None])
@pytest.mark.parametrize("method", METHODS)
def test_a_run_ends_as_without_the_cache(recipe, method, transform):
    without = trained(recipe(method, "without", transform=transform, cache="none"))
    kept = trained(recipe(method, "kept", transform=transform))
    expected = last_state(without)["model"]
    state = last_state(kept)["model"]
    assert expected.keys() == state.keys()
    for name, value in expected.items():
        torch.testing.assert_close(state[name], value, rtol=1e-4, atol=1e-5)
    losses = [[line["loss"] for line in logged(run, "step")] for run in (without, kept)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    figures = [[line["dup_mR"] for line in logged(run, "validation")] for run in (without, kept)]
    assert figures[1] == pytest.approx(figures[0])


@pytest.mark.parametrize("method", METHODS)
def test_towers_compute_no_more_in_more_epochs(recipe, encoded, method):
    counts = []
    for epochs in (1, 4):
        encoded.update(image=0, text=0)
        trained(recipe(method, f"of_{epochs}", epochs=epochs, cache="memory"))
        counts.append(dict(encoded))
    assert counts[0] == counts[1]
    encoded.update(image=0, text=0)
    trained(recipe(method, "none", cache="none"))
    assert encoded["image"] > counts[0]["image"]
    assert encoded["text"] > counts[0]["text"]


def test_a_later_run_finds_what_an_earlier_one_kept(recipe, encoded, own_frozen_cache):
    first = trained(recipe("linear", "first"))
    files = sorted(own_frozen_cache.iterdir())
    assert len(files) == 4, "images and captions, of training and of validation"
    before = dict(encoded)
    encoded.update(image=0, text=0)
    second = trained(recipe("linear", "second"))
    assert before["image"] - encoded["image"] == 24 + 8
    assert sorted(own_frozen_cache.iterdir()) == files
    weights = [adapter_weights(run) for run in (first, second)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize("deleted", [False, True])
def test_resumed_it_ends_as_if_undisturbed(recipe, monkeypatch, own_frozen_cache, deleted):
    whole = last_state(trained(recipe("clip-adapter", "whole")))["model"]
    with stopped(monkeypatch):
        trained(recipe("clip-adapter", "cut"))
    if deleted:
        for file in own_frozen_cache.iterdir():
            file.unlink()
    state = last_state(trained(recipe("clip-adapter", "cut"), resume=True))["model"]
    assert all(torch.equal(whole[name], state[name]) for name in whole)


def test_where_it_is_kept_and_how_large_is_told(recipe, caplog, own_frozen_cache):
    with caplog.at_level(logging.INFO, logger="harma"):
        trained(recipe("linear", epochs=1))
    message = next(text for text in caplog.messages if "frozen towers" in text)
    assert f"kept in {own_frozen_cache}" in message
    assert "of images and captions is computed once" in message
    assert "0.0 MB of at most 2 GB" in message


def test_images_that_are_augmented_are_not_kept(recipe, caplog, own_frozen_cache):
    with caplog.at_level(logging.INFO, logger="harma"):
        trained(recipe("linear", transform=None, epochs=1))
    message = next(text for text in caplog.messages if "frozen towers" in text)
    assert "make of captions is computed" in message
    assert len(list(own_frozen_cache.iterdir())) == 3, "those of validation are"


def test_harma_and_second_views_keep_nothing(make_recipe, own_frozen_cache):
    trained(make_recipe("harma", train={"epochs": 1}))
    terms = {"contrastive": 1.0, "intra_modal_triplet": 0.1}
    trained(make_recipe("views", method="linear", loss={"terms": terms}, train={"epochs": 1}))
    assert not own_frozen_cache.exists()


def test_outputs_that_do_not_fit_are_computed_in_every_step(recipe, encoded, caplog):
    # 24 images of 16 numbers take 1,536 bytes, 48 captions twice as many.
    counts = []
    for epochs in (1, 2):
        encoded.update(image=0, text=0)
        options = {"cache": "memory", "epochs": epochs, "frozen_cache_gb": 2e-6}
        trained(recipe("clip-adapter", f"of_{epochs}", **options))
        counts.append(dict(encoded))
    assert "the frozen text tower makes of the training data takes 0.0 GB, more than" in caplog.text
    assert counts[1]["text"] - counts[0]["text"] == 48
    assert counts[1]["image"] == counts[0]["image"]


def test_a_cache_of_no_size(recipe):
    with pytest.raises(ConfigError, match="frozen_cache_gb is 0.0; it must be greater than 0"):
        recipe("linear", frozen_cache_gb=0.0)
