"""What no embedding depends on does not train."""

import torch
from tests.backbones.coca import coca_config

from harma.backbones import load_backbone
from harma.model.model import HarMA
from harma.model.reached import freeze_unreached, graph_leaves


def test_a_decoder_is_frozen_and_nothing_that_an_embedding_takes(tiny_config):
    model = HarMA(load_backbone(coca_config(tiny_config)))
    model.train_backbone()
    model.train()
    torch.manual_seed(0)
    state = torch.get_rng_state()
    frozen = freeze_unreached(model)
    assert torch.equal(torch.get_rng_state(), state), "nothing random is drawn"
    assert model.training
    assert frozen
    assert all("text_decoder" in name for name in frozen)
    assert not any("text_decoder" in name for name in model.trained_parameters())
    # What is left has a gradient, each of them.
    pixels = torch.randn(2, 3, *model.preprocess.size)
    images, texts, temperature = model(pixels, model.tokenize(["a roof", "a field"]))
    ((images @ texts.T).square().sum() / temperature).backward()
    assert all(p.grad is not None for p in model.trained_parameters().values())


def test_where_all_is_reached_nothing_changes(tiny_config):
    model = HarMA(load_backbone(tiny_config))
    model.train_backbone()
    before = set(model.trained_parameters())
    assert freeze_unreached(model) == []
    assert set(model.trained_parameters()) == before


def test_leaves_are_found_through_views_and_shared_nodes():
    used, twice, beside = (torch.nn.Parameter(torch.ones(3)) for _ in range(3))
    hidden = (used * 2)[1:].exp()
    outputs = (hidden.sum() + twice.sum(), (hidden * twice[0]).detach() * twice.mean())
    assert graph_leaves(outputs) == {used, twice}
    assert beside not in graph_leaves(outputs)
    assert graph_leaves((torch.ones(2),)) == set()
