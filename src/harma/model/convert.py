"""Checkpoints of the original HarMA: opening, importing and exporting whole models (SPEC 6)."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harma.backbones import OpenClipBackbone, load_backbone
from harma.errors import ConfigError, WeightsError
from harma.methods.harma.config import AdapterConfig, Variant
from harma.model.model import HarMA
from harma.model.saved import LOCAL, BackboneSpec, load, save_adapter
from harma.original.names import join_released, write_released

logger = logging.getLogger(__name__)


def import_released(
    checkpoint: str | Path,
    architecture: str | Mapping[str, Any],
    directory: str | Path,
    *,
    variant: Variant = "released",
    backbone: str | None = None,
) -> HarMA:
    """Turn a released checkpoint into an adapter directory.

    Args:
        checkpoint: the file.
        architecture: open_clip name or config, activation included.
        directory: where to write.
        variant: the shared adapter it was trained with.
        backbone: preset or file that holds the same backbone weights; None writes them to
            `directory/backbone`.

    Raises:
        WeightsError: the checkpoint does not fit, or `backbone` has other weights.
    """
    model = HarMA.from_released(checkpoint, architecture, variant=variant)
    directory = Path(directory)
    about = {"imported_from": Path(checkpoint).name}
    if backbone is not None:
        theirs, own = load_backbone(backbone).weights_hash(), model.backbone.weights_hash()
        if theirs != own:
            raise WeightsError(
                f"{backbone} has weights {theirs}, the checkpoint has {own}; leave --backbone out"
            )
        save_adapter(model, directory, backbone=backbone, about=about)
        return model
    save_adapter(model, directory, backbone=f"{LOCAL}backbone", about=about)
    model.backbone.save(directory / "backbone")
    return model


def export_released(
    what: str | Path, file: str | Path, *, backbone: BackboneSpec | None = None
) -> None:
    """Write an adapted model under the released names (SPEC 6).

    Raises:
        ConfigError: the adapters have a form that the original cannot hold.
    """
    model = load(what, backbone=backbone)
    if not isinstance(model.backbone, OpenClipBackbone):
        raise ConfigError(
            f"{what}: the released form holds CLIP models of open_clip, not {model.backbone.name}"
        )
    if (
        not isinstance(model.adapters, AdapterConfig)
        or model.adapters.adapter != "harma"
        or model.adapters.shared_towers != ("text",)
    ):
        raise ConfigError(
            f"{what}: the released form holds HarMA adapters that share in the text tower only"
        )
    if model.adapters.text_attention != "full":
        raise ConfigError(
            f"{what}: text_attention is causal, which the original does not have; it would embed"
            " otherwise"
        )
    if model.adapters.num_heads != 8:
        raise ConfigError(
            f"{what}: the original's adapters have 8 heads, these have {model.adapters.num_heads}"
        )
    if model.adapters.variant == "document":
        logger.warning(
            "%s has the shared adapter of the design document; the released code computes another"
            " (h in place of GELU(h)). Open the file with variant='document'",
            what,
        )
    write_released(Path(file), join_released(model.backbone.weights(), model.adapter_state()), {})
