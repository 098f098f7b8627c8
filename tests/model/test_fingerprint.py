"""The fingerprint of a model."""

import torch

from harma.backbones import load_backbone
from harma.methods.harma.config import AdapterConfig
from harma.model.fingerprint import model_id
from harma.model.model import HarMA


def made(tiny_config, adapters=None):
    torch.manual_seed(0)
    return HarMA(load_backbone(tiny_config), adapters)


def test_it_changes_with_all_that_changes_embeddings_and_with_nothing_else(tiny_config):
    small = {"bottleneck_dim": 16, "num_heads": 2}
    bare = made(tiny_config)
    assert model_id(bare) == model_id(made(tiny_config))
    others = [made(tiny_config), made(tiny_config, AdapterConfig(**small))]
    next(others[0].backbone.parameters()).data.add_(1)
    others.append(made(tiny_config, AdapterConfig(text_attention="causal", **small)))
    others.append(made(tiny_config, AdapterConfig(text_attention="causal", **small)))
    next(iter(others[-1].trained_parameters().values())).data.add_(1)
    assert len({model_id(model) for model in (bare, *others)}) == 5
    assert model_id(made(tiny_config).train()) == model_id(bare)
