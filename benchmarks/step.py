"""A training step of ViT-B/32 with HarMA adapters, against one with the original's structure.

The original's: all 77 positions, adapter attention unmasked by `nn.MultiheadAttention` that returns
its weights. Ours: `text_attention: causal`, captions trimmed to the longest of the batch, fused
attention; in float32 and with `train.precision: bf16_weights`, with one caption an image and with
two of each of half as many images.

Run: python benchmarks/step.py
"""

import time
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from harma.backbones import load_backbone
from harma.methods.harma.config import AdapterConfig
from harma.methods.harma.modules import SelfAttention
from harma.model.model import HarMA
from harma.training.objective import Objective

PAIRS, REPEATS = 16, 3
# No two are the same, which ours would embed once.
CAPTION = "{} planes are parked next to a long building in an airport"


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


class Way(NamedTuple):
    """A way to take a step."""

    name: str
    model: HarMA
    precision: str
    captions: int  # of an image; the pairs are as many


class Took(NamedTuple):
    """What a step took, and its gradients in one row."""

    cpu: float
    wall: float
    gradients: torch.Tensor


def step(way: Way, objective: Objective, pixels: torch.Tensor, token_ids: torch.Tensor) -> Took:
    """One step: forward, losses, backward, AdamW."""
    model = way.model
    model.step_precision = way.precision
    optimizer = torch.optim.AdamW(model.trained_parameters().values(), lr=1e-6)
    wall, cpu = time.perf_counter(), time.process_time()
    I, T, temperature = model(pixels[: PAIRS // way.captions], token_ids)
    index = torch.arange(PAIRS) // way.captions
    loss, _ = objective(
        I.repeat_interleave(way.captions, 0),
        T,
        temperature=temperature,
        image_index=index,
        caption_index=torch.arange(PAIRS),
        labels=index,
    )
    loss.backward()
    gradients = torch.cat([p.grad.flatten() for p in model.trained_parameters().values()])
    optimizer.step()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    model.zero_grad(set_to_none=True)
    return Took(cpu, wall, gradients)


def with_adapters(**options) -> HarMA:
    """ViT-B/32 with adapters that add something, always the same."""
    torch.manual_seed(0)
    model = HarMA(load_backbone("ViT-B-32", pretrained=False), AdapterConfig(**options)).train()
    with torch.no_grad():
        for name, parameter in model.trained_parameters().items():
            if name.endswith("up.weight"):
                parameter.normal_(0, 0.01)
    return model


def ways_to_step() -> list[Way]:
    """The original's structure, and ours with one caption an image and with two."""
    ours = with_adapters(text_attention="causal")
    theirs = originals_structure(with_adapters(variant="released")).train()
    ways = [Way("the original's structure", theirs, "float32", 1)]
    for captions in (1, 2):
        for precision in ("float32", "bf16_weights"):
            ways.append(Way(f"{precision}, {captions} an image", ours, precision, captions))
    return ways


def stepped(ways: list[Way]) -> list[list[Took]]:
    """Rounds of a step in each way; the first one warmed up and is left out."""
    objective = Objective({"contrastive": 1.0, "weighted_triplet": 1.0})
    pixels = torch.randn(PAIRS, 3, 224, 224)
    token_ids = ways[0].model.tokenize([CAPTION.format(i) for i in range(PAIRS)])
    rounds = []
    for _ in range(REPEATS + 1):
        rounds.append([step(way, objective, pixels, token_ids) for way in ways])
    return rounds[1:]


def main() -> None:
    """Take steps in all ways in turn, and print medians, ratios and cosines."""
    ways = ways_to_step()
    rounds = stepped(ways)
    cpu = np.array([[took.cpu for took in taken] for taken in rounds])
    wall = np.array([[took.wall for took in taken] for taken in rounds])
    print(f"training step, {PAIRS} pairs, ViT-B/32, {torch.get_num_threads()} threads")
    for i, way in enumerate(ways):
        faster = [np.median(seconds[:, 0] / seconds[:, i]) for seconds in (cpu, wall)]
        print(
            f"{way.name:28} {np.median(cpu[:, i]):6.2f} CPU s, {faster[0]:.2f} x as fast;"
            f" {np.median(wall[:, i]):6.2f} s, {faster[1]:.2f} x"
        )
    for exact, rounded in ((1, 2), (3, 4)):
        one, other = (rounds[0][i].gradients.double() for i in (exact, rounded))
        cosine = torch.nn.functional.cosine_similarity(one, other, dim=0)
        print(f"gradients of {ways[rounded].name}: cosine to float32 {cosine:.5f}")


if __name__ == "__main__":
    main()
