"""Opening a checkpoint of the original: its backbone, its adapters, their weights (SPEC 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harma.backbones import Backbone, load_backbone
from harma.errors import WeightsError
from harma.methods.harma.config import AdapterConfig, Variant
from harma.original.names import read_released, split_released


@dataclass(frozen=True)
class ReleasedModel:
    """What a checkpoint holds.

    Attributes:
        backbone: with the checkpoint's weights, in float64 if these are, else in float32.
        config: the options of its adapters.
        adapters: their weights, the temperature among them, under our names.
    """

    backbone: Backbone
    config: AdapterConfig
    adapters: dict[str, Tensor]


def open_checkpoint(
    checkpoint: str | Path, architecture: str | Mapping[str, Any], *, variant: Variant = "released"
) -> ReleasedModel:
    """Open a checkpoint of the original HarMA; see `HarMA.from_released`."""
    state, _ = read_released(Path(checkpoint))
    parts = split_released(state)
    dtype = _dtype_of(parts.backbone)
    try:
        backbone = load_backbone(architecture, weights=parts.backbone, dtype=dtype)
    except WeightsError as error:
        # They are this file's, whatever file the architecture is from.
        raise WeightsError(error.problem, source=str(checkpoint)) from error
    config = _config(parts.adapters, variant)
    return ReleasedModel(backbone, config, parts.trained())


def _dtype_of(weights: Mapping[str, Tensor]) -> torch.dtype:
    """float64 where all numbers are; half precision is widened."""
    dtypes = {tensor.dtype for tensor in weights.values() if tensor.is_floating_point()}
    return torch.float64 if dtypes == {torch.float64} else torch.float32


def _config(state: Mapping[str, Tensor], variant: Variant) -> AdapterConfig:
    """The options of released adapters, read off their shapes."""
    downs = [tensor for name, tensor in state.items() if name.endswith("adapter.down.weight")]
    return AdapterConfig(
        bottleneck_dim=downs[0].shape[0],
        variant=variant,
        shared_towers=("text",),
        text_attention="full",
    )
