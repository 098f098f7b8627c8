"""A training step of ViT-B/32 with HarMA adapters, against one with the original's structure.

The original's: all 77 positions, adapter attention unmasked by `nn.MultiheadAttention` that returns
its weights. Ours: `text_attention: causal`, captions trimmed to the longest of the batch, fused
attention.

Run: python benchmarks/step.py
"""

import time

import numpy as np
import torch
from torch import nn

from harma.backbones import load_backbone
from harma.methods.harma.config import AdapterConfig
from harma.methods.harma.modules import SelfAttention
from harma.model.model import HarMA
from harma.training.objective import Objective

PAIRS, REPEATS = 16, 5
CAPTION = "many planes are parked next to a long building in an airport"


class ReturningAttention(nn.Module):
    """`nn.MultiheadAttention` that computes and returns its weights, as the original calls it."""

    def __init__(self, own):
        super().__init__()
        dim = own.out_proj.in_features
        self.attention = nn.MultiheadAttention(dim, own.num_heads, batch_first=True)

    def forward(self, x, *, causal=False, mask=None):
        return self.attention(x, x, x, need_weights=True)[0]


class AttentionOfTheBackbone(nn.Module):
    """The backbone's own attention, returning its weights too."""

    def __init__(self, attention):
        super().__init__()
        self.attention = attention
        self.batch_first = True

    def forward(self, q, k, v, need_weights=False, attn_mask=None):
        return self.attention(q, k, v, need_weights=True, attn_mask=attn_mask)


def originals_structure(model):
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, SelfAttention):
                setattr(module, name, ReturningAttention(child))
    for tower in ("image", "text"):
        for block in model.backbone.blocks(tower):
            block.attn = AttentionOfTheBackbone(block.attn)
    return model


def step_seconds(model, objective, pixels, token_ids):
    optimizer = torch.optim.AdamW(model.trained_parameters().values(), lr=1e-6)
    start = time.perf_counter()
    I, T, temperature = model(pixels, token_ids)
    index = torch.arange(PAIRS)
    loss, _ = objective(I, T, temperature=temperature, image_index=index, labels=index)
    loss.backward()
    optimizer.step()
    model.zero_grad(set_to_none=True)
    return time.perf_counter() - start


def main():
    objective = Objective({"contrastive": 1.0, "weighted_triplet": 1.0})
    ours = HarMA(
        load_backbone("ViT-B-32", pretrained=False), AdapterConfig(text_attention="causal")
    ).train()
    theirs = HarMA(load_backbone("ViT-B-32", pretrained=False), AdapterConfig(variant="released"))
    theirs = originals_structure(theirs).train()
    pixels, token_ids = torch.randn(PAIRS, 3, 224, 224), ours.tokenize([CAPTION] * PAIRS)
    ratios = []
    for repeat in range(REPEATS + 1):
        slow = step_seconds(theirs, objective, pixels, token_ids)
        fast = step_seconds(ours, objective, pixels, token_ids)
        if repeat:
            ratios.append(slow / fast)
    print(
        f"training step, {PAIRS} pairs, ViT-B/32: {np.median(ratios):.2f} times faster"
        f" ({fast:.2f} s)"
    )


if __name__ == "__main__":
    main()
