"""What HarMA's adapters add to the time of embedding images with ViT-B/32.

Run: python benchmarks/adapters.py
"""

import time

import numpy as np
import torch

from harma.backbones import load_backbone
from harma.methods.harma.config import AdapterConfig
from harma.model.model import HarMA

IMAGES = 32
REPEATS = 9


def seconds(model: HarMA, pixels: torch.Tensor) -> float:
    """Of one pass over the pixels."""
    start = time.perf_counter()
    model.encode_image(pixels)
    return time.perf_counter() - start


@torch.inference_mode()
def main() -> None:
    """Measure both ways in turn, and print the median of the ratios."""
    model = HarMA(load_backbone("ViT-B-32", pretrained=False), AdapterConfig()).eval()
    pixels = torch.randn(IMAGES, 3, 224, 224)
    ratios = []
    for repeat in range(REPEATS + 1):
        with_adapters = seconds(model, pixels)
        with model.without_adapters():
            bare = seconds(model, pixels)
        if repeat:  # the first one warms up
            ratios.append(with_adapters / bare)
    percent = 100 * (np.median(ratios) - 1)
    print(f"adapters add {percent:.1f} % to embedding {IMAGES} images with ViT-B/32")


if __name__ == "__main__":
    main()
