"""Loading a backbone by name, file or config, with the weights that belong to it."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harma.backbones.architecture import build_module
from harma.backbones.backbone import Backbone
from harma.backbones.channels import set_channels, widened
from harma.backbones.config_bounds import WeightsCounted, counted, counted_beside
from harma.backbones.dual_presets import DUAL_ENCODERS
from harma.backbones.dual_sources import DualSource, find_dual
from harma.backbones.open_clip_backbone import OpenClipBackbone
from harma.backbones.preprocess import preprocess_from
from harma.backbones.source_kinds import LOCAL_DIR, BackboneSource
from harma.backbones.sources import resolve
from harma.backbones.text_configs import text_config
from harma.backbones.timm_blocks import set_gelu
from harma.backbones.tokenizers import make_tokenizer
from harma.backbones.weights.hub import Remote, find_file
from harma.backbones.weights.names import long_context, open_clip_names
from harma.backbones.weights.state import read_weights
from harma.errors import ConfigError
from harma.ground.messages import about_file

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

    `what` may be

    - `georsclip`: a preset (`PRESETS`): weights, activation and preprocessing that belong together
    - `georsclip:/data/RS5M_ViT-B-32.pt`: a preset's weights from a file of your own
    - `ViT-B-32/laion2b_s34b_b79k`: an open_clip name with the tag of its weights; the tag decides
      the activation
    - `ViT-B-32`: an open_clip name alone: random weights (with a warning)
    - `hf-hub:org/name`, `hf-hub:org/name@revision`: a model on the Hugging Face hub in open_clip's
      layout
    - `local-dir:/path`, `/path`: a directory in the same layout, as `Backbone.save` writes it
    - a directory, weight file with its config.json beside, or hf-hub:ORG/NAME, in the layout of
      transformers' CLIPModel, MetaClip2Model or SiglipModel
    - `/path/to/weights.pt`: a weight file; needs `architecture`, and `quick_gelu` unless the
      architecture states it
    - `/path/to/config.yaml`: an open_clip config, YAML or JSON: random weights
    - a mapping: such a config; or `{preset, file}`, `{file, architecture, quick_gelu}`, both also
      with `preprocess`
    - `swin-bert`, `vit-bert`: a dual encoder by name (`DUAL_ENCODERS`)
    - `{image, text, embed_dim}`: a dual encoder, as a mapping or in a YAML file

    A dual encoder's directory, as `Backbone.save` writes it, is opened like any other. `{image,
    text, embed_dim}` are: `image: {timm: NAME, weights: …}` with what else `timm.create_model`
    takes, such as `img_size` or `depths`; `text: {transformers: NAME | directory | config, weights:
    …, tokenizer: …, context_length: …}`. Weights are `pretrained`, a file, a directory (text),
    `hf-hub:ORG/NAME`, or null: untrained. Projections are always untrained; `weights: FILE` beside
    the towers loads all of it.

    Nothing is downloaded unless `allow_download` is set; the cache of `huggingface_hub` is used,
    `HF_HUB_OFFLINE` and `HF_ENDPOINT` are honoured.

    Args:
        what: see above.
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
    # Whole numbers would be taken by `to(dtype)` and fail at the first product.
    if dtype is not None and not dtype.is_floating_point:
        raise ConfigError(
            f"dtype is {dtype}; weights are floating point, such as torch.float32 or torch.bfloat16"
        )
    # A mapping has no name.
    named: AbstractContextManager[object] = nullcontext()
    if isinstance(what, str | Path):
        named = about_file(what)
    with named:
        dual = find_dual(what, allow_download=allow_download)
        if dual is not None:
            _check_dual(dual, architecture, quick_gelu)
            loaded: Backbone = _load_dual(dual, pretrained, weights, allow_download, dtype)
            loaded.is_own_config = True
            return loaded.eval()
        source = resolve(
            what, architecture=architecture, quick_gelu=quick_gelu, allow_download=allow_download
        )
        return _load_open_clip(source, pretrained, weights, allow_download, dtype).eval()


def _check_dual(dual: DualSource, architecture: object, quick_gelu: bool | None) -> None:
    if architecture is not None or quick_gelu is not None:
        raise ConfigError(
            f"architecture and quick_gelu are for CLIP models; {dual.name} is a dual encoder"
        )


def _load_open_clip(
    source: BackboneSource,
    pretrained: bool,
    weights: Mapping[str, Tensor] | None,
    allow_download: bool,
    dtype: torch.dtype | None,
) -> Backbone:
    """Build an open_clip model and load its weights, if there are any."""
    state = weights
    origin = "the given weights"
    files: list[Path] = []
    if pretrained and weights is None:
        file = source.find_weights(allow_download=allow_download)
        if file:
            files = [file]
            state = read_weights(file)
            origin = str(file)
            source = _fitted(source, state)
    # Said aloud: nothing else tells a random model from a pretrained one.
    if state is None:
        log.warning("%s: no pretrained weights, they are drawn at random", source.name)
    of_text = text_config(
        source.config, source.text_config, source.name, allow_download=allow_download
    )
    # Drawing weights takes most of the time of building; where others follow it is left out.
    module = build_module(
        source.config,
        initialise=state is None,
        text_config=of_text,
        bound=_bound(source, files, weights),
        where=source.name,
    )
    own_gelu = _own_gelu(module, source.trunk_gelu)
    visual: Any = module.visual
    preprocess = preprocess_from(source.preprocess, visual.image_size, source.name)
    set_channels(visual, preprocess.num_channels, source.name)
    backbone = OpenClipBackbone(
        module.to(dtype or torch.float32),
        name=source.name,
        reference=source.reference,
        config=source.config,
        preprocess=preprocess,
        make_tokenizer=partial(make_tokenizer, source, allow_download=allow_download),
        text_config=of_text,
        trunk_gelu=own_gelu,
    )
    # Weights of a call's own are as good as drawn ones here: no name opens them again.
    backbone.is_random = state is None or weights is not None
    backbone.is_own_config = not _is_known(source)
    if state is not None:
        own = backbone.weights()
        named = open_clip_names(state, own)
        backbone.load_weights(widened(named, own, preprocess.bands), origin)
    return backbone


def _bound(
    source: BackboneSource, files: Sequence[Path], weights: Mapping[str, Tensor] | None
) -> WeightsCounted | None:
    """How many weights a model may have: as many as belong to it; any number of a known name."""
    if weights is not None:
        return counted_beside(weights, source.name, "the given weights")
    if not files and _is_known(source):
        return None
    return counted(files, source.name)


def _is_known(source: BackboneSource) -> bool:
    """Whether a source is opened by a name, and no file of somebody's own states its config."""
    reference = source.reference
    return isinstance(reference, str) and not Path(reference.removeprefix(LOCAL_DIR)).exists()


def _fitted(source: BackboneSource, state: Mapping[str, Tensor]) -> BackboneSource:
    """A source with the context length of its file, where that reads longer texts (Long-CLIP)."""
    length = long_context(state)
    if length is None:
        return source
    text = {**source.config["text_cfg"], "context_length": length}
    return replace(source, config={**source.config, "text_cfg": text})


def _own_gelu(module: Any, stated: str | None) -> str | None:
    """Let a timm trunk compute GELU as is stated; None where timm has it so already."""
    if stated is None or not set_gelu(module.visual.trunk, stated):
        return None
    return stated


def _load_dual(
    source: DualSource,
    pretrained: bool,
    weights: Mapping[str, Tensor] | None,
    allow_download: bool,
    dtype: torch.dtype | None,
) -> Backbone:
    """Build a dual encoder and load what weights there are; the rest stays as it was drawn."""
    # Late, since timm and transformers take seconds, and CLIP models need neither.
    from harma.backbones.dual_encoder import DualEncoder
    from harma.backbones.text_tokenizers import make_text_tokenizer

    # Before anything is built: what is missing is said at once.
    files: dict[str, Path] = {}
    if pretrained and weights is None:
        files = _weight_files(source, allow_download)
    pad_id = int(source.config["text"]["transformers"]["pad_token_id"])
    # A file of one tower says nothing of the other.
    of_whole = [files["whole"]] if "whole" in files else []
    bound: AbstractContextManager[object] = nullcontext()
    if source.name not in DUAL_ENCODERS:
        bound = counted(of_whole, source.name)
    with bound:
        backbone = DualEncoder(
            source.config,
            name=source.name,
            reference=source.reference,
            preprocess=source.preprocess,
            make_tokenizer=partial(
                make_text_tokenizer, source.tokenizer, pad_id, allow_download=allow_download
            ),
        )
    backbone = backbone.to(dtype or torch.float32)
    loaders = {
        "image": backbone.load_image,
        "text": backbone.load_text,
        "whole": backbone.load_weights,
    }
    for part, path in files.items():
        loaders[part](read_weights(path, NESTED), str(path))
    # As above; and without a file of the whole, projections are drawn.
    backbone.is_random = "whole" not in files
    if weights is not None:
        backbone.load_weights(weights, "the given weights")
    elif backbone.is_random:
        _tell_what_is_drawn(source.name, files)
    return backbone


def _weight_files(source: DualSource, allow_download: bool) -> dict[str, Path]:
    """The files with weights: of the "image" tower, of the "text" tower, of the "whole"."""
    places = {"image": source.image_weights, "text": source.text_weights, "whole": source.weights}
    files = {}
    for part, place in places.items():
        if isinstance(place, Remote):
            what = f"the {part} weights of {source.name}"
            files[part] = find_file(place, what, allow_download=allow_download)
        elif place is not None:
            files[part] = place
    return files


def _tell_what_is_drawn(name: str, files: Mapping[str, Path]) -> None:
    drawn = ["the projections"]
    drawn += [f"the {tower} tower" for tower in ("image", "text") if tower not in files]
    log.warning(
        "%s: no pretrained weights for %s; they are drawn at random", name, ", ".join(drawn)
    )
