"""Tiny models of every method with weights that do something, and what they embed."""

import torch

from harma.methods.table import METHODS, make_config
from harma.model.model import HarMA

PEERS = [name for name in METHODS if name != "harma"]
# CLIP-Adapter's MLP is drawn at random and mixed in from the first step, as in the paper.
IDENTITIES = [name for name in PEERS if name != "clip-adapter"]
# Small enough for towers of width 32.
OPTIONS = {
    "harma": {"bottleneck_dim": 16, "num_heads": 2},
    "mrs-adapter": {"bottleneck_dim": 8, "shared_dim": 8},
    "bottleneck": {"bottleneck_dim": 8},
    "lora": {"rank": 4},
}
TEXTS = ["a river", "two planes", "x"]


def adapted(backbone, method):
    """A fresh model of a method."""
    return HarMA(backbone, make_config(method, OPTIONS.get(method, {}))).eval()


def perturbed(model):
    """Every trained weight moved, so that no zero hides a path."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.trained_parameters().values():
        parameter.data.add_(
            0.1 * torch.randn(parameter.shape, generator=generator).to(parameter.dtype)
        )
    return model.eval()


def embeddings(model, pixels):
    """Of images and of `TEXTS`."""
    with torch.no_grad():
        return model.encode_image(pixels), model.encode_text(model.tokenize(TEXTS))


def same(a, b):
    """Whether two lists of tensors are equal bit for bit."""
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
