"""Pixels of a batch: resized uint8 pictures with mean and std applied, where the model is.

Pictures travel as bytes, a quarter of their pixels: from the processes that read, and to a GPU.
"""

import torch
from torch import Tensor

from harma.backbones import Preprocess
from harma.data.transforms import Normalize


class BatchPixels:
    """Makes batches of pictures the pixels of a model.

    On the CPU all batches are written to the same memory: new memory for each takes three times as
    long as the arithmetic. So pixels hold until the next batch.

    Args:
        preprocess: of the model.
        device: of the model.
    """

    def __init__(self, preprocess: Preprocess, device: torch.device) -> None:
        self.device = device
        # Values of bands come as pixels.
        if preprocess.bands is None:
            self._normalize = Normalize.of(preprocess.mean, preprocess.std).to(device)
        self._memory = torch.empty(0, dtype=torch.float32)

    def __call__(self, pictures: Tensor) -> Tensor:
        """uint8 (B, 3, H, W) → float32 of the same shape; what is float32 is pixels already."""
        if pictures.dtype != torch.uint8:
            return pictures
        if self.device.type != "cpu":
            return self._normalize(pictures.to(self.device, non_blocking=True))
        if self._memory.numel() < pictures.numel():
            self._memory = torch.empty(pictures.numel(), dtype=torch.float32)
        pixels = self._memory[: pictures.numel()].view(pictures.shape)
        self._normalize.into(pictures, pixels)
        return pixels
