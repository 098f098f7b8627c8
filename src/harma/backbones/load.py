"""Opening backbones."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harma.backbones.architecture import build_module
from harma.backbones.backbone import Backbone
from harma.backbones.dual_sources import DualSource, find_dual
from harma.backbones.open_clip_backbone import OpenClipBackbone
from harma.backbones.preprocess import preprocess_from
from harma.backbones.sources import resolve
from harma.backbones.tokenizers import make_tokenizer
from harma.backbones.weights.hub import Remote, find_file
from harma.backbones.weights.state import read_weights
from harma.errors import ConfigError

log = logging.getLogger(__name__)

# Where published image models keep their weights in a pickle.
NESTED = ("state_dict", "model")


def load_backbone(
    what: str | Path | Mapping[str, Any],
    *,
    architecture: str | Mapping[str, Any] | None = None,
    quick_gelu: bool | None = None,
    pretrained: bool = True,
    weights: Mapping[str, Tensor] | None = None,
    allow_download: bool = False,
    dtype: torch.dtype | None = None,
) -> Backbone:
    """Open a backbone by what it is called, or from a file or config.

    | `what` | meaning | |---|---| | `georsclip` | a preset (`PRESETS`): weights, activation and
    preprocessing that belong together | | `georsclip:/data/RS5M_ViT-B-32.pt` | a preset's weights
    from a file of your own | | `ViT-B-32/laion2b_s34b_b79k` | an open_clip name with the tag of its
    weights; the tag decides the activation | | `ViT-B-32` | an open_clip name alone: random weights
    (with a warning) | | `hf-hub:org/name`, `hf-hub:org/name@revision` | a model on the Hugging Face
    hub in open_clip's layout | | `local-dir:/path`, `/path` | a directory in the same layout, as
    `Backbone.save` writes it | | `/path/to/weights.pt` | a weight file; needs `architecture`, and
    `quick_gelu` unless the architecture states it | | `/path/to/config.yaml` | an open_clip config,
    YAML or JSON: random weights | | a mapping | such a config; or `{preset, file}`, `{file,
    architecture, quick_gelu}`, both also with `preprocess` | | `swin-bert`, `vit-bert` | a dual
    encoder by name (`DUAL_ENCODERS`) | | `{image, text, embed_dim}` | a dual encoder, as a mapping
    or in a YAML file; see `harma.backbones.dual_sources` |

    A dual encoder's directory, as `Backbone.save` writes it, is opened like any other. `{image,
    text, embed_dim}` are: `image: {timm: NAME, weights: …}` with what else `timm.create_model`
    takes, such as `img_size` or `depths`; `text: {transformers: NAME | directory | config, weights:
    …, tokenizer: …, context_length: …}`. Weights are `pretrained`, a file, a directory (text),
    `hf-hub:ORG/NAME`, or null: untrained. Projections are always untrained; `weights: FILE` beside
    the towers loads all of it.

    Nothing is downloaded unless `allow_download` is set; the cache of `huggingface_hub` is used,
    `HF_HUB_OFFLINE` and `HF_ENDPOINT` are honoured.

    Args:
        what: see the table.
        architecture: of a weight file: an open_clip name or config.
        quick_gelu: activation of a weight file, an open_clip name without tag, or a config;
            elsewhere it may only repeat what belongs to the weights.
        pretrained: False leaves all weights random.
        weights: use these weights, under the names of `Backbone.weights`, in place of a file.
        allow_download: fetch what is not on this machine.
        dtype: of the weights; float32 if not given. Files in half precision are widened.

    Returns:
        The backbone, in evaluation mode.

    Raises:
        BackboneError: the name is unknown, or a tower is of a kind that cannot be used.
        ConfigError: options contradict each other or are missing, or a config is not usable.
        MissingFileError: a file is not there and may not be downloaded.
        WeightsError: the weights cannot be read safely, or do not match the architecture name by
            name.
    """
    if dtype is not None and not dtype.is_floating_point:
        raise ConfigError(
            f"dtype is {dtype}; weights are floating point, such as torch.float32 or torch.bfloat16"
        )
    dual = find_dual(what, allow_download=allow_download)
    if dual is not None:
        if architecture is not None or quick_gelu is not None:
            raise ConfigError(
                f"architecture and quick_gelu are for CLIP models; {dual.name} is a dual encoder"
            )
        return _load_dual(dual, pretrained, weights, allow_download, dtype or torch.float32)
    source = resolve(
        what, architecture=architecture, quick_gelu=quick_gelu, allow_download=allow_download
    )
    file = (
        source.find_weights(allow_download=allow_download)
        if pretrained and weights is None
        else None
    )
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


def _load_dual(
    source: DualSource,
    pretrained: bool,
    weights: Mapping[str, Tensor] | None,
    allow_download: bool,
    dtype: torch.dtype,
) -> Backbone:
    """Build a dual encoder and load what weights there are; the rest stays as it was drawn."""
    from harma.backbones.dual_encoder import DualEncoder
    from harma.backbones.text_tokenizers import make_text_tokenizer

    # Before anything is built: what is missing is said at once.
    places = {"image": source.image_weights, "text": source.text_weights, "whole": source.weights}
    files = {
        part: find_file(
            place, f"the {part} weights of {source.name}", allow_download=allow_download
        )
        if isinstance(place, Remote)
        else place
        for part, place in places.items()
        if place is not None and pretrained and weights is None
    }
    pad_id = int(source.config["text"]["transformers"]["pad_token_id"])
    backbone = DualEncoder(
        source.config,
        name=source.name,
        reference=source.reference,
        preprocess=source.preprocess,
        make_tokenizer=partial(
            make_text_tokenizer, source.tokenizer, pad_id, allow_download=allow_download
        ),
    ).to(dtype)
    loads = {
        "image": backbone.load_image,
        "text": backbone.load_text,
        "whole": backbone.load_weights,
    }
    for part, path in files.items():
        loads[part](read_weights(path, NESTED), str(path))
    if weights is not None:
        backbone.load_weights(weights, "the given weights")
    backbone.is_random = weights is None and "whole" not in files
    if backbone.is_random:
        drawn = [
            "the projections",
            *(f"the {tower} tower" for tower in ("image", "text") if tower not in files),
        ]
        log.warning(
            "%s: no pretrained weights for %s; they are drawn at random",
            source.name,
            ", ".join(drawn),
        )
    return backbone.eval()
