"""Towers of N channels: the patch embedding takes bands; weights of RGB are widened to them.

A widened model gives, at the start, the answer that the model of pictures gives: the kernels of
red, green and blue go to the channels of these bands, and those of the other bands are zero. Of
bands without all three colours, such as a radar's, each gets the mean of the three kernels times
3 / N, so that what comes out is about as large (as timm widens its models).
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from harma.backbones.preprocess import NUM_CHANNELS
from harma.errors import BackboneError
from harma.scenes.model_bands import ModelBands


def set_channels(tower: nn.Module, num_channels: int, name: str) -> None:
    """Let an image tower take so many channels; its first convolutions are drawn anew.

    Args:
        tower: as open_clip builds it, for pictures.
        num_channels: of the pixels.
        name: of the backbone, for messages.

    Raises:
        BackboneError: it does not begin with a convolution.
    """
    if num_channels == NUM_CHANNELS:
        return
    firsts = [
        path
        for path, module in tower.named_modules()
        # Subclasses pad or normalise in ways of their own, which a plain one would not.
        if type(module) is nn.Conv2d and module.in_channels == NUM_CHANNELS
    ]
    if not firsts:
        raise BackboneError(
            f"the image tower of {name} does not begin with a convolution of {NUM_CHANNELS}"
            f" channels, and takes no {num_channels} bands; choose another, such as ViT-B-32"
        )
    for path in firsts:
        parent, _, last = path.rpartition(".")
        convolution: Any = tower.get_submodule(path)
        wider = _like(convolution, num_channels)
        setattr(tower.get_submodule(parent), last, wider)


def _like(convolution: nn.Conv2d, num_channels: int) -> nn.Conv2d:
    """A convolution of so many channels, otherwise alike."""
    kernel: Any = convolution.kernel_size
    stride: Any = convolution.stride
    padding: Any = convolution.padding
    return nn.Conv2d(
        num_channels,
        convolution.out_channels,
        kernel,
        stride,
        padding,
        bias=convolution.bias is not None,
    )


def widened(
    state: Mapping[str, Tensor], expected: Mapping[str, Tensor], bands: ModelBands | None
) -> dict[str, Tensor]:
    """Weights of a model of pictures as those of one of bands; others stay as they are.

    Args:
        state: name → tensor.
        expected: of the model that it is for.
        bands: that this one reads; None: pictures.
    """
    wide = dict(state)
    if bands is None:
        return wide
    for name, value in state.items():
        if name in expected and _is_wider(expected[name].shape, value.shape):
            wide[name] = _widened(value, bands)
    return wide


def _is_wider(wanted: torch.Size, given: torch.Size) -> bool:
    """Whether a kernel has three channels, and is otherwise as wanted with more or fewer."""
    if len(wanted) != 4 or len(given) != 4 or wanted == given:
        return False
    return given[1] == NUM_CHANNELS and (wanted[0], *wanted[2:]) == (given[0], *given[2:])


def _widened(kernel: Tensor, bands: ModelBands) -> Tensor:
    """A kernel (out, 3, h, w) as (out, N, h, w)."""
    num_bands = len(bands.names)
    if not bands.colors:
        mean = kernel.mean(dim=1, keepdim=True) * (NUM_CHANNELS / num_bands)
        return mean.repeat(1, num_bands, 1, 1)
    wide = kernel.new_zeros(len(kernel), num_bands, *kernel.shape[2:])
    wide[:, list(bands.colors)] = kernel
    return wide
