"""Adapters that do something on a dual encoder, and texts of uneven length for it."""

import torch

from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA

TEXTS = ["a red roof", "green", "blue field number 3 and a white roof", "white roofs"]
SMALL = {"bottleneck_dim": 16, "num_heads": 2}


def stirred(backbone, **options):
    """A model whose adapters do something."""
    model = HarMA(backbone, AdapterConfig(**{**SMALL, **options})).eval()
    with torch.no_grad():
        for parameter in model.trained_parameters().values():
            if parameter.ndim:
                parameter.add_(
                    torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)) * 0.3
                )
    return model
