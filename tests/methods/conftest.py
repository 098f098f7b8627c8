"""A tiny CLIP and pictures for it."""

import pytest
import torch

from harma.backbones import load_backbone


@pytest.fixture
def backbone(tiny_config):
    torch.manual_seed(0)
    return load_backbone(tiny_config)


@pytest.fixture
def pixels():
    return torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
