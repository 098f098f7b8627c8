"""Import and export: checkpoints of the original HarMA to adapter directories and back (SPEC 6)."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harma.backbones import OpenClipBackbone, load_backbone
from harma.errors import ConfigError, WeightsError
from harma.ground.messages import about_file
from harma.methods.harma.config import AdapterConfig, Variant
from harma.model.model import HarMA
from harma.model.saved import BackboneSpec, load, save_adapter, save_with_backbone
from harma.original.names import join_released, write_released

logger = logging.getLogger(__name__)

# The original's number of heads, which its checkpoints do not say.
RELEASED_HEADS = 8
_ONLY_HARMA = "the released form holds HarMA adapters that share in the text tower only"


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
    with about_file(checkpoint):
        model = HarMA.from_released(checkpoint, architecture, variant=variant)
    about = {"imported_from": Path(checkpoint).name}
    # A released checkpoint holds its backbone, which may be nowhere else.
    if backbone is None:
        save_with_backbone(model, directory, about=about)
        return model
    theirs = load_backbone(backbone).weights_hash()
    ours = model.backbone.weights_hash()
    if theirs != ours:
        raise WeightsError(
            f"{backbone} has weights {theirs}, the checkpoint has {ours}; leave --backbone out"
        )
    save_adapter(model, directory, backbone=backbone, about=about)
    return model


def export_released(
    what: str | Path, file: str | Path, *, backbone: BackboneSpec | None = None
) -> None:
    """Write an adapted model under the released names (SPEC 6).

    That form has no place for captions; a warning says that they are left out.

    Raises:
        ConfigError: the adapters have a form that the original cannot hold.
    """
    model = load(what, backbone=backbone)
    adapters = _released_adapters(model, str(what))
    if adapters.variant == "document":
        logger.warning(
            "%s has the shared adapter of the design document; the released code computes another"
            " (h in place of GELU(h)). Open the file with variant='document'",
            what,
        )
    if model.captions is not None:
        logger.warning(
            "the %s captions that %s keeps are left out: the released form has no place for them",
            f"{len(model.captions):,}",
            what,
        )
    state = join_released(model.backbone.weights(), model.adapter_state())
    write_released(Path(file), state, {})


def _released_adapters(model: HarMA, source: str) -> AdapterConfig:
    """The options of a model's adapters, which the released form takes for granted.

    Raises:
        ConfigError: they are not what the original takes for granted.
    """
    if not isinstance(model.backbone, OpenClipBackbone):
        raise ConfigError(
            f"the released form holds CLIP models of open_clip, not {model.backbone.name}",
            source=source,
        )
    # The released form does not say its options: they must be those that the original has.
    adapters = model.adapters
    if not isinstance(adapters, AdapterConfig) or adapters.adapter != "harma":
        raise ConfigError(_ONLY_HARMA, source=source)
    if adapters.shared_towers != ("text",):
        raise ConfigError(_ONLY_HARMA, source=source)
    if adapters.text_attention != "full":
        raise ConfigError(
            f"text_attention is {adapters.text_attention}, which the original does not have; it"
            " would embed otherwise",
            source=source,
        )
    if adapters.num_heads != RELEASED_HEADS:
        raise ConfigError(
            f"the original's adapters have {RELEASED_HEADS} heads, these have {adapters.num_heads}",
            source=source,
        )
    return adapters
