"""Opening a checkpoint of the original HarMA: its backbone, the options of its adapters, their weights (SPEC 6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harma.backbones import Backbone, load_backbone
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
    of_backbone, of_adapters, temperature = split_released(state)
    double = all(
        tensor.dtype == torch.float64
        for tensor in of_backbone.values()
        if tensor.is_floating_point()
    )
    backbone = load_backbone(
        architecture, weights=of_backbone, dtype=torch.float64 if double else torch.float32
    )
    config = _config(of_adapters, variant)
    return ReleasedModel(backbone, config, {**of_adapters, "temperature": temperature})


def _config(state: Mapping[str, Tensor], variant: Variant) -> AdapterConfig:
    """The options of released adapters, read off their shapes."""
    bottleneck_dim = next(
        t.shape[0] for name, t in state.items() if name.endswith("adapter.down.weight")
    )
    return AdapterConfig(
        bottleneck_dim=bottleneck_dim,
        variant=variant,
        shared_towers=("text",),
        text_attention="full",
    )
