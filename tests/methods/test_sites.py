"""Sites: a module put after an MLP sees its output and changes it, once."""

import copy

import pytest
import torch
from torch import nn

from harma.backbones import load_backbone
from harma.methods.sites import SITE_NAME, attach_sites, put_site


class Shift(nn.Module):
    """Adds a number."""

    def __init__(self, by):
        super().__init__()
        self.by = nn.Parameter(torch.tensor(float(by)))

    def forward(self, features):
        return features + self.by


class Mlp(nn.Module):
    """An MLP that is no nn.Sequential, as timm's."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        return self.fc(x)


@pytest.mark.parametrize("make", [Mlp, lambda: nn.Sequential(nn.Linear(3, 3))])
@torch.no_grad()
def test_a_site_changes_the_output_and_another_takes_its_place(make):
    mlp, x = make().double(), torch.randn(2, 3, dtype=torch.float64)
    plain = mlp(x)
    put_site(mlp, Shift(1))
    twin = copy.deepcopy(mlp)
    assert torch.equal(mlp(x), plain + 1)
    assert mlp._modules[SITE_NAME].by.dtype == torch.float64
    put_site(mlp, Shift(5))
    assert torch.equal(mlp(x), plain + 5)
    assert torch.equal(twin(x), plain + 1), "a copy has a site of its own"
    del mlp._modules[SITE_NAME]
    assert torch.equal(mlp(x), plain)


def test_every_block_of_both_towers_gets_one_of_its_width(tiny_dual):
    backbone = load_backbone(tiny_dual)
    asked = []

    def build(tower, block):
        asked.append((tower, backbone.block_width(tower, block)))
        return Shift(len(asked))

    sites = attach_sites(backbone, build)
    assert list(sites) == ["image.0", "image.1", "image.2", "text.0", "text.1"]
    assert asked == [("image", 16), ("image", 16), ("image", 32), ("text", 32), ("text", 32)]
    for tower in ("image", "text"):
        for i, block in enumerate(backbone.blocks(tower)):
            assert backbone.mlp(block)._modules[SITE_NAME] is sites[f"{tower}.{i}"]
