"""Checkpoints of the original HarMA: opening, importing and exporting whole models (SPEC 6)."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harma.adapters.config import AdapterConfig, Variant
from harma.adapters.released import join_released, read_released, split_released, write_released
from harma.backbones import OpenClipBackbone, load_backbone
from harma.errors import ConfigError, WeightsError
from harma.model import HarMA
from harma.saved import LOCAL, BackboneSpec, load, save_adapter

logger = logging.getLogger(__name__)


def open_released(
    checkpoint: str | Path, architecture: str | Mapping[str, Any], *, variant: Variant = "released"
) -> HarMA:
    """Open a checkpoint of the original HarMA; see `HarMA.from_released`."""
    state, _ = read_released(Path(checkpoint))
    of_backbone, of_adapters, temperature = split_released(state)
    double = all(tensor.dtype == torch.float64 for tensor in of_backbone.values() if tensor.is_floating_point())
    backbone = load_backbone(architecture, weights=of_backbone, dtype=torch.float64 if double else torch.float32)
    model = HarMA(backbone, _released_config(of_adapters, variant))
    model.load_adapter_state({**of_adapters, "temperature": temperature})
    return model.eval()


def _released_config(state: Mapping[str, Tensor], variant: Variant) -> AdapterConfig:
    """The options of released adapters, read off their shapes."""
    bottleneck_dim = next(t.shape[0] for name, t in state.items() if name.endswith("adapter.down.weight"))
    return AdapterConfig(bottleneck_dim=bottleneck_dim, variant=variant, shared_towers=("text",), text_attention="full")


def import_released(
    checkpoint: str | Path, architecture: str | Mapping[str, Any], directory: str | Path, *,
    variant: Variant = "released", backbone: str | None = None,
) -> HarMA:  # fmt: skip
    """Turn a released checkpoint into an adapter directory.

    Args:
        checkpoint: the file.
        architecture: open_clip name or config, activation included.
        directory: where to write.
        variant: the shared adapter it was trained with.
        backbone: preset or file that holds the same backbone weights; None writes them to `directory/backbone`.

    Raises:
        WeightsError: the checkpoint does not fit, or `backbone` has other weights.
    """
    model = open_released(checkpoint, architecture, variant=variant)
    directory = Path(directory)
    about = {"imported_from": Path(checkpoint).name}
    if backbone is not None:
        theirs, own = load_backbone(backbone).weights_hash(), model.backbone.weights_hash()
        if theirs != own:
            raise WeightsError(f"{backbone} has weights {theirs}, the checkpoint has {own}; leave --backbone out")
        save_adapter(model, directory, backbone=backbone, about=about)
        return model
    save_adapter(model, directory, backbone=f"{LOCAL}backbone", about=about)
    model.backbone.save(directory / "backbone")
    return model


def export_released(what: str | Path, file: str | Path, *, backbone: BackboneSpec | None = None) -> None:
    """Write an adapted model under the released names (SPEC 6).

    Raises:
        ConfigError: the adapters have a form that the original cannot hold.
    """
    model = load(what, backbone=backbone)
    if not isinstance(model.backbone, OpenClipBackbone):
        raise ConfigError(f"{what}: the released form holds CLIP models of open_clip, not {model.backbone.name}")
    if (
        not isinstance(model.adapters, AdapterConfig)
        or model.adapters.adapter != "harma"
        or model.adapters.shared_towers != ("text",)
    ):
        raise ConfigError(f"{what}: the released form holds HarMA adapters that share in the text tower only")
    if model.adapters.text_attention != "full":
        raise ConfigError(
            f"{what}: text_attention is causal, which the original does not have; it would embed otherwise"
        )
    if model.adapters.num_heads != 8:
        raise ConfigError(f"{what}: the original's adapters have 8 heads, these have {model.adapters.num_heads}")
    if model.adapters.variant == "document":
        logger.warning(
            "%s has the shared adapter of the design document; the released code computes another (h in place of "
            "GELU(h)). Open the file with variant='document'",
            what,
        )
    write_released(Path(file), join_released(model.backbone.weights(), model.adapter_state()), {})
