"""Outputs of frozen towers: computed once, found again, and those of other inputs not taken."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from harma.backbones import load_backbone
from harma.data.cache import ImageCache
from harma.evaluation.retrieval import embed_split
from harma.methods.table import make_config
from harma.model.model import HarMA
from harma.training import frozen_outputs
from harma.training.build import load_splits
from harma.training.frozen import frozen_towers
from harma.training.frozen_cache import FrozenCache
from harma.training.frozen_outputs import FrozenOutputs, FrozenSplit, OutputMaker, sorted_captions
from harma.training.recipe import DataConfig
from harma.training.step import Batch


@pytest.fixture
def maker(tiny_config, tmp_path):
    torch.manual_seed(0)
    model = HarMA(load_backbone(tiny_config), make_config("linear", {}))
    return OutputMaker(
        fabric=Fabric(accelerator="cpu", devices=1),
        model=model,
        made_from=("sha256:a", "float32"),
        cache=FrozenCache(tmp_path / "cache", 10**9),
        pictures=ImageCache("none"),
        batch_size=3,
        num_workers=0,
    )


@pytest.fixture
def computed(monkeypatch):
    """How many inputs were computed."""
    counts = []
    original = frozen_outputs.outputs_of

    def counting(model, tower, stage, inputs):
        counts.append(len(inputs))
        return original(model, tower, stage, inputs)

    monkeypatch.setattr(frozen_outputs, "outputs_of", counting)
    return counts


@pytest.fixture
def split(tiny_data):
    return load_splits(DataConfig(name=str(tiny_data / "data.yaml")), "val")["val"]


def test_captions_are_computed_once_and_found_again(maker, computed):
    texts = ["a red roof", "field", "a red roof, number 1, and a green field", "roof"]
    token_ids = maker.model.tokenize(texts)
    outputs = maker.of_captions("projection", token_ids)
    assert computed == [4]
    assert torch.equal(maker.of_captions("projection", token_ids), outputs)
    assert computed == [4]
    # In the order of the captions, though they are computed by length.
    for row, ids in enumerate(token_ids):
        alone = frozen_outputs.outputs_of(maker.model, "text", "projection", ids[None])
        torch.testing.assert_close(outputs[row : row + 1], alone)


def test_other_inputs_weights_and_stages_are_computed_anew(maker, computed, split):
    token_ids = maker.model.tokenize(["a red roof", "field"])
    maker.of_captions("projection", token_ids)
    maker.of_captions("embedding", token_ids)
    maker.of_captions("projection", token_ids.flip(0))
    replace(maker, made_from=("sha256:b", "float32")).of_captions("projection", token_ids)
    replace(maker, made_from=("sha256:a", "bf16")).of_captions("projection", token_ids)
    assert computed == [2] * 5
    maker.of_captions("projection", token_ids)
    assert computed == [2] * 5


def test_an_image_that_changed_is_computed_anew(maker, computed, split, tmp_path):
    images = [tmp_path / path.name for path in split.images[:4]]
    for copy, path in zip(images, split.images, strict=False):
        copy.write_bytes(path.read_bytes())
    outputs = maker.of_images("projection", images)
    assert computed == [3, 1]
    assert torch.equal(maker.of_images("projection", images), outputs)
    assert computed == [3, 1]
    images[2].write_bytes(split.images[7].read_bytes())
    os.utime(images[2], (0, 0))
    changed = maker.of_images("projection", images)
    assert [torch.equal(changed[i], outputs[i]) for i in range(4)] == [True, True, False, True]


def test_without_a_cache_all_is_computed_each_time(maker, computed, tmp_path):
    maker = replace(maker, cache=None)
    token_ids = maker.model.tokenize(["field"])
    maker.of_captions("projection", token_ids)
    maker.of_captions("projection", token_ids)
    assert computed == [1, 1]
    assert not (tmp_path / "cache").exists()


def test_outputs_take_the_place_of_what_they_were_made_from():
    batch = Batch(
        torch.empty(2, 0),
        torch.zeros(2, 2, 77),
        torch.tensor([3, 1]),
        torch.tensor([-1, -1]),
        torch.tensor([[0, 2], [2, 1]]),
    )
    assert FrozenOutputs().put_into(batch) is batch
    outputs = FrozenOutputs(torch.arange(4.0)[:, None], torch.arange(10.0, 13.0)[:, None])
    changed = outputs.put_into(batch)
    assert changed.pixels.tolist() == [[3.0], [1.0]]
    assert changed.token_ids.tolist() == [[[10.0], [12.0]], [[12.0], [11.0]]]
    assert changed.caption_index is batch.caption_index


def test_a_split_is_embedded_as_by_the_model(maker, split):
    model = maker.model
    frozen = frozen_towers(model.train())
    distinct, _ = sorted_captions(split)
    kept = FrozenSplit(
        split,
        frozen,
        maker.of_images("projection", split.images),
        maker.of_captions("projection", model.tokenize(distinct)),
    )
    for parameter in model.trained_parameters().values():
        torch.nn.init.normal_(parameter, std=0.3)
    assert model.training
    ours = kept.embedded(model)
    assert model.training
    direct = embed_split(model, split)
    assert ours.distinct == direct.distinct
    np.testing.assert_allclose(ours.images, direct.images, atol=1e-5)
    np.testing.assert_allclose(ours.texts, direct.texts, atol=1e-5)
    assert np.array_equal(ours.captions.text, direct.captions.text)
