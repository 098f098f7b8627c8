"""Caption memory: distinct captions, found by their words, of the model that keeps them."""

import copy

import numpy as np
import pytest
import torch

from harma.backbones import load_backbone
from harma.errors import DataError, ModelMismatchError
from harma.methods.harma.config import AdapterConfig
from harma.model import caption_memory
from harma.model.caption_memory import CaptionMemory, captions_to_save, remember
from harma.model.fingerprint import model_id
from harma.model.model import HarMA

CAPTIONS = (
    "two storage tanks beside a road",
    "a storage tank",
    "many tanks are on the roads",
    "storage of 20 boats",
)


@pytest.fixture
def model(tiny_config):
    torch.manual_seed(0)
    return HarMA(load_backbone(tiny_config), AdapterConfig(bottleneck_dim=16, num_heads=2)).eval()


def memory(captions=CAPTIONS):
    return CaptionMemory(tuple(captions), np.eye(len(captions), 5, dtype=np.float32), "a model")


@pytest.mark.parametrize(
    ("words", "rows"),
    [
        (["tank"], [0, 1, 2]),
        (["tanks"], [0, 1, 2]),
        (["storage", "tanks"], [0, 1]),
        (["roads", "tank"], [0, 2]),
        (["two", "tank"], [0]),
        (["20", "of"], [3]),
        (["boat", "road"], []),
        (["bridge"], []),
        (["tank", "bridge"], []),
        (["two", "boat"], []),
        ([], []),
    ],
)
def test_captions_are_found_by_all_of_their_words_in_either_number(words, rows):
    assert memory().holding(words).tolist() == rows


def test_what_all_captions_have_in_common():
    assert memory().mean == pytest.approx([0.25, 0.25, 0.25, 0.25, 0])


def test_a_caption_as_it_was_annotated_is_found_by_its_words_too():
    kept = memory(["Two Storage-tanks, beside a road!", "the road's end"])
    assert kept.holding(["storage", "road"]).tolist() == [0]
    assert kept.holding(iter(["tank"])).tolist() == [0]


@pytest.mark.parametrize(
    ("captions", "embeddings", "message"),
    [
        ((), np.empty((0, 2)), "there is no caption to keep"),
        (("a", "a"), np.eye(2), "a caption is there twice"),
        (("a", " "), np.eye(2), "a caption is empty"),
        (("a", "b"), np.eye(3), r"embeddings of shape \(3, 3\) do not fit 2 captions"),
        (("a",), np.ones(1), r"embeddings of shape \(1,\) do not fit 1 captions"),
        (("a", "b"), np.array([[1, 0], [np.nan, 1]]), "are not numbers, or not of length 1"),
        (("a", "b"), np.array([[1, 0], [0, 0.99]]), "are not numbers, or not of length 1"),
    ],
)
def test_what_is_no_memory_is_named(captions, embeddings, message):
    with pytest.raises(DataError, match=message):
        CaptionMemory(captions, embeddings.astype(np.float32), "a model")


def test_distinct_captions_are_embedded_in_the_order_of_their_first_use(model):
    kept = remember(model, ["a road", "a tank", "a road", "  ", "a boat", "a tank"])
    assert kept.captions == ("a road", "a tank", "a boat")
    assert len(kept) == 3
    assert "tank" not in repr(kept)
    assert kept.embeddings.dtype == np.float32
    assert kept.embeddings == pytest.approx(model.embed_texts(list(kept.captions)), abs=1e-3)
    assert (kept.embeddings == kept.embeddings.astype(np.float16)).all()
    assert kept.model_id == model_id(model)
    with pytest.raises(DataError, match="there is no caption to keep"):
        remember(model, ["", " "])


def test_of_too_many_captions_those_are_kept_that_lie_evenly(model, caplog):
    words = [f"road number {i}" for i in range(10)]
    kept = remember(model, [*words, *words], most=4)
    assert kept.captions == tuple(words[i] for i in (0, 2, 5, 7))
    assert "4 of 10 distinct captions are kept, evenly spread" in caplog.text
    caplog.clear()
    assert len(remember(model, words, most=10)) == 10
    assert not caplog.records
    assert caption_memory.MOST_CAPTIONS == 100_000


def test_a_model_keeps_captions_of_its_own_weights_alone(model, tiny_config, caplog):
    assert model.captions is None
    assert captions_to_save(model) is None
    kept = remember(model, CAPTIONS)
    model.captions = kept
    assert model.captions is kept
    assert copy.deepcopy(model).captions.captions == CAPTIONS
    with model.without_adapters():
        assert model.captions is None
    other = HarMA(load_backbone(tiny_config), AdapterConfig(bottleneck_dim=16, num_heads=4))
    with pytest.raises(ModelMismatchError, match="embedded by the model .*Embed them with it"):
        other.captions = kept
    assert captions_to_save(model) is kept
    assert "without" not in caplog.text
    next(iter(model.trained_parameters().values())).data.add_(1)
    assert captions_to_save(model) is None
    assert "saved without its 4 captions: they were embedded before its weights" in caplog.text
    model.load_adapter_state(model.adapter_state())
    assert model.captions is None
    model.captions = remember(model, CAPTIONS)
    model.captions = None
    assert model.captions is None
