"""Opening backbones."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harma.backbones.architecture import build_module
from harma.backbones.open_clip_backbone import OpenClipBackbone
from harma.backbones.preprocess import preprocess_from
from harma.backbones.sources import resolve
from harma.backbones.tokenizers import make_tokenizer
from harma.backbones.weights import read_weights
from harma.errors import ConfigError

log = logging.getLogger(__name__)


def load_backbone(
    what: str | Path | Mapping[str, Any],
    *,
    architecture: str | Mapping[str, Any] | None = None,
    quick_gelu: bool | None = None,
    pretrained: bool = True,
    weights: Mapping[str, Tensor] | None = None,
    allow_download: bool = False,
    dtype: torch.dtype | None = None,
) -> OpenClipBackbone:
    """Open a backbone by what it is called, or from a file or config.

    | `what` | meaning |
    |---|---|
    | `georsclip` | a preset (`PRESETS`): weights, activation and preprocessing that belong together |
    | `georsclip:/data/RS5M_ViT-B-32.pt` | a preset's weights from a file of your own |
    | `ViT-B-32/laion2b_s34b_b79k` | an open_clip name with the tag of its weights; the tag decides the activation |
    | `ViT-B-32` | an open_clip name alone: random weights (with a warning) |
    | `hf-hub:org/name`, `hf-hub:org/name@revision` | a model on the Hugging Face hub in open_clip's layout |
    | `local-dir:/path`, `/path` | a directory in the same layout, as `Backbone.save` writes it |
    | `/path/to/weights.pt` | a weight file; needs `architecture`, and `quick_gelu` unless the architecture states it |
    | `/path/to/config.yaml` | an open_clip config, YAML or JSON: random weights |
    | a mapping | such a config; or `{preset, file}`, `{file, architecture, quick_gelu}`, both also with `preprocess` |

    Nothing is downloaded unless `allow_download` is set; the cache of `huggingface_hub` is used, `HF_HUB_OFFLINE` and
    `HF_ENDPOINT` are honoured.

    Args:
        what: see the table.
        architecture: of a weight file: an open_clip name or config.
        quick_gelu: activation of a weight file, an open_clip name without tag, or a config; elsewhere it may only
            repeat what belongs to the weights.
        pretrained: False leaves all weights random.
        weights: use these weights, under open_clip's names, in place of a file.
        allow_download: fetch what is not on this machine.
        dtype: of the weights; float32 if not given. Files in half precision are widened.

    Returns:
        The backbone, in evaluation mode.

    Raises:
        BackboneError: the name is unknown, or the text tower is not open_clip's.
        ConfigError: options contradict each other or are missing, or a config is not usable.
        MissingFileError: a file is not there and may not be downloaded.
        WeightsError: the weights cannot be read safely, or do not match the architecture name by name.
    """
    if dtype is not None and not dtype.is_floating_point:
        raise ConfigError(f"dtype is {dtype}; weights are floating point, such as torch.float32 or torch.bfloat16")
    source = resolve(what, architecture=architecture, quick_gelu=quick_gelu, allow_download=allow_download)
    file = source.find_weights(allow_download=allow_download) if pretrained and weights is None else None
    state = read_weights(file) if file else weights
    if state is None:
        log.warning("%s: no pretrained weights, they are drawn at random", source.name)
    module = build_module(source.config, initialise=state is None).to(dtype or torch.float32)
    visual: Any = module.visual
    backbone = OpenClipBackbone(
        module,
        name=source.name,
        reference=source.reference,
        config=source.config,
        preprocess=preprocess_from(source.preprocess, visual.image_size, source.name),
        make_tokenizer=partial(make_tokenizer, source, allow_download=allow_download),
    )
    backbone.is_random = state is None
    if state is not None:
        backbone.load_weights(state, str(file or "the given weights"))
    return backbone.eval()
