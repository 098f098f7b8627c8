"""Peak memory of a ViT-B/32 training step at a batch of 428 by gradient caching, on CPU.

Run: python benchmarks/memory.py
"""

import resource

import torch
from lightning_fabric import Fabric

from harma.backbones import load_backbone
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA
from harma.training.objective import Objective
from harma.training.step import Batch, compute_gradients

PAIRS, CHUNK = 428, 32


def main():
    fabric = Fabric(accelerator="cpu", devices=1)
    model = HarMA(load_backbone("ViT-B-32", pretrained=False), AdapterConfig(variant="released"))
    optimizer = torch.optim.AdamW(model.trained_parameters().values(), lr=4e-4)
    wrapped, optimizer = fabric.setup(model, optimizer)
    batch = Batch(
        torch.randn(PAIRS, 3, 224, 224),
        model.tokenize(["a river"] * PAIRS)[:, None],
        torch.arange(PAIRS),
        torch.zeros(PAIRS),
        torch.zeros(PAIRS, 1),
    )
    objective = Objective({"contrastive": 1.0, "weighted_triplet": 1.0})
    compute_gradients(fabric, wrapped, objective, batch, chunk_size=CHUNK)
    optimizer.step()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"one step of {PAIRS} pairs in chunks of {CHUNK}: {peak:.2f} GB resident at most")


if __name__ == "__main__":
    main()
