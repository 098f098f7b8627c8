"""Models in the layout of `transformers`: CLIPModel, MetaClip2Model, SiglipModel, as open_clip's.

Their config.json becomes a config of open_clip. Their weights keep their own names in their file,
and get open_clip's when they are read (`harma.backbones.weights.names`).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from harma.backbones.directories import Config, Stated, read_json
from harma.errors import BackboneError, ConfigError, MissingFileError
from harma.ground.messages import kind_of

CONFIG_FILE = "config.json"
PREPROCESS_FILE = "preprocessor_config.json"
WEIGHTS_FILES = ("model.safetensors", "pytorch_model.bin")
TOKENIZER_FILES = ("tokenizer.json", "spiece.model", "vocab.json", "sentencepiece.bpe.model")
# CLIP's own byte pairs; a model with as many tokens has them, and open_clip ships them.
CLIP_VOCABULARY = 49408
# What a config.json leaves out is the default of its class.
_CLIP_TEXT: Config = {
    "vocab_size": CLIP_VOCABULARY,
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
    "eos_token_id": 49407,
}
_CLIP_VISION: Config = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "num_channels": 3,
    "image_size": 224,
    "patch_size": 32,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
}
_SIGLIP_TEXT: Config = {
    **_CLIP_TEXT,
    "vocab_size": 32000,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "max_position_embeddings": 64,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
}
_SIGLIP_VISION: Config = {
    **_CLIP_VISION,
    "patch_size": 16,
    "hidden_act": "gelu_pytorch_tanh",
    "layer_norm_eps": 1e-6,
}
# Kind of a model, by config.json's model_type → defaults of its texts and images.
KINDS = {
    "clip": (_CLIP_TEXT, _CLIP_VISION),
    "metaclip_2": (_CLIP_TEXT, _CLIP_VISION),
    "siglip": (_SIGLIP_TEXT, _SIGLIP_VISION),
}
# SigLIP's image towers in timm: (width, layers, heads, width inside an MLP) → part of the name.
SIGLIP_TRUNKS = {
    (768, 12, 12, 3072): "base",
    (1024, 24, 16, 4096): "large",
    (1152, 27, 16, 4304): "so400m",
    (1536, 40, 16, 6144): "giantopt",
}
# Activation by transformers' name → what open_clip's own transformers take; None: their default.
GELUS: dict[str, Config | None] = {
    "gelu": None,
    "gelu_pytorch_tanh": {"approximate": "tanh"},
}
# Pillow's numbers of interpolations, as preprocessor configs have them.
RESAMPLING = {0: "nearest", 2: "bilinear", 3: "bicubic"}


class TransformersModel(NamedTuple):
    """A model of `transformers` as open_clip would build it.

    Attributes:
        config: of open_clip.
        preprocess: what is stated about preprocessing.
        trunk_gelu: how a timm trunk approximates GELU, "tanh" or "none"; None: as timm has it.
    """

    config: Config
    preprocess: Config
    trunk_gelu: str | None = None


def is_transformers_model(directory: Path) -> bool:
    """Whether a directory holds a model of a kind of `transformers` that is known here."""
    file = directory / CONFIG_FILE
    if not file.is_file():
        return False
    values = read_json(file)
    return isinstance(values, dict) and values.get("model_type") in KINDS


def read_transformers_model(config: Path, preprocess: Path | None, name: str) -> TransformersModel:
    """The open_clip form of a model.

    Args:
        config: its config.json.
        preprocess: its preprocessor_config.json, if it has one.
        name: where its tokenizer is: a directory or a repository.

    Raises:
        BackboneError: it is of another kind, or has towers that open_clip cannot build.
        ConfigError: a part is no mapping, or the towers have different activations.
    """
    values = read_json(config)
    kind = values.get("model_type") if isinstance(values, dict) else None
    if kind not in KINDS:
        raise BackboneError(
            f"{config} is of a model of the type {kind!r}; of transformers' models"
            f" {', '.join(KINDS)} can be opened"
        )
    of_texts, of_images = KINDS[kind]
    text = of_texts | _part(values, "text_config", config)
    vision = of_images | _part(values, "vision_config", config)
    if vision["num_channels"] != 3:
        raise BackboneError(f"{config}: images have {vision['num_channels']} channels; allowed: 3")
    stated = _stated_preprocess(preprocess)
    if kind == "siglip":
        gelu = _trunk_gelu(vision, config)
        return TransformersModel(_siglip(text, vision, name), stated, gelu)
    return TransformersModel(_clip(values, text, vision, name, config), stated)


def _part(values: Stated, key: str, file: Path) -> Config:
    # Older files have the same values a second time, under another name, and null here.
    part = values.get(key) or values.get(f"{key}_dict") or {}
    if not isinstance(part, Mapping):
        raise ConfigError(f"{file}: {key} is {part!r}; it must be a mapping")
    return {key: value for key, value in part.items() if value is not None}


def _clip(values: Stated, text: Config, vision: Config, name: str, file: Path) -> Config:
    """open_clip's config of a CLIPModel or MetaClip2Model."""
    activations = {text["hidden_act"], vision["hidden_act"]}
    is_quick = activations == {"quick_gelu"}
    if not is_quick and not activations <= set(GELUS):
        raise ConfigError(
            f"{file}: the activations are {', '.join(sorted(activations))}; both towers must have"
            f" quick_gelu, or be among {', '.join(GELUS)}"
        )
    return {
        "embed_dim": int(values.get("projection_dim") or 512),
        "quick_gelu": is_quick,
        "vision_cfg": {
            "image_size": vision["image_size"],
            "patch_size": vision["patch_size"],
            "layers": vision["num_hidden_layers"],
            "width": vision["hidden_size"],
            "head_width": vision["hidden_size"] // vision["num_attention_heads"],
            **_details(vision),
        },
        "text_cfg": {
            **_text(text, name),
            **_pooling(values, text),
            **_details(text),
        },
    }


def _siglip(text: Config, vision: Config, name: str) -> Config:
    """open_clip's config of a SiglipModel: a trunk of timm, a text tower that sees both ways."""
    return {
        "embed_dim": vision["hidden_size"],
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {
            "image_size": vision["image_size"],
            "timm_model_name": _trunk_name(vision),
            "timm_pool": "map",
            "timm_proj": "none",
        },
        "text_cfg": {
            **_text(text, name),
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
            **_details(text),
        },
    }


def _text(text: Config, name: str) -> Config:
    """What both kinds say of their texts."""
    own = {} if text["vocab_size"] == CLIP_VOCABULARY else {"hf_tokenizer_name": name}
    return {
        "context_length": text["max_position_embeddings"],
        "vocab_size": text["vocab_size"],
        "width": text["hidden_size"],
        "heads": text["num_attention_heads"],
        "layers": text["num_hidden_layers"],
        **own,
    }


def _details(tower: Config) -> Config:
    """What differs from open_clip's defaults: width of MLPs, activation, ε of layer norms."""
    details: Config = {}
    if tower["intermediate_size"] != 4 * tower["hidden_size"]:
        details["mlp_ratio"] = tower["intermediate_size"] / tower["hidden_size"]
    activation = GELUS.get(tower["hidden_act"])
    if activation is not None:
        details["act_kwargs"] = activation
    if tower["layer_norm_eps"] != _CLIP_TEXT["layer_norm_eps"]:
        details["norm_kwargs"] = {"eps": tower["layer_norm_eps"]}
    return details


def _pooling(values: Stated, text: Config) -> Config:
    """Which token a text is read at.

    With CLIP's tokens it is the one of the highest id, as in open_clip. Older configs state 2 for
    it, which transformers reads as that too; of MetaCLIP 2 it is true.
    """
    end = int(text["eos_token_id"])
    is_highest = end == text["vocab_size"] - 1
    if is_highest or (end == 2 and values.get("model_type") == "clip"):
        return {}
    return {"pool_type": "eos", "eos_id": end}


def _trunk_name(vision: Config) -> str:
    """Timm's name of a SigLIP's image tower.

    Raises:
        BackboneError: it has none of this size.
    """
    from harma.backbones.timm_tower import timm

    sizes = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    size = SIGLIP_TRUNKS.get(tuple(vision[key] for key in sizes), "unknown")
    name = f"vit_{size}_patch{vision['patch_size']}_siglip_{vision['image_size']}"
    if not timm().is_model(name):
        known = ", ".join(timm().list_models("vit_*_siglip_???"))
        told = ", ".join(f"{key} {vision[key]}" for key in (*sizes, "patch_size", "image_size"))
        raise BackboneError(f"timm has no SigLIP image tower of {told}; it has {known}")
    return name


def _trunk_gelu(vision: Config, file: Path) -> str:
    """How a SigLIP's image tower computes GELU; timm's trunks of one kind differ in it.

    Raises:
        ConfigError: it has another activation.
    """
    activation = vision["hidden_act"]
    if activation not in GELUS:
        raise ConfigError(
            f"{file}: the image tower's activation is {activation}; allowed are {', '.join(GELUS)}"
        )
    return "tanh" if GELUS[activation] else "none"


def _stated_preprocess(file: Path | None) -> Config:
    """What a preprocessor_config.json says, in open_clip's words; nothing where there is none."""
    if file is None or not file.is_file():
        return {}
    values = read_json(file)
    if not isinstance(values, dict):
        raise ConfigError(f"{file} holds {kind_of(values)}; it must be a mapping")
    stated: dict[str, Any] = {"mean": values.get("image_mean"), "std": values.get("image_std")}
    stated["interpolation"] = RESAMPLING.get(values.get("resample", -1))
    size = values.get("size")
    keeps_shape = isinstance(size, int) or (isinstance(size, dict) and "shortest_edge" in size)
    stated["resize_mode"] = "shortest" if keeps_shape else "squash"
    return {key: value for key, value in stated.items() if value is not None}


def transformers_weights(directory: Path) -> Path:
    """The weight file of a directory.

    Raises:
        MissingFileError: there is none.
    """
    for name in WEIGHTS_FILES:
        if (directory / name).is_file():
            return directory / name
    raise MissingFileError(f"{directory} holds no weights; looked for {', '.join(WEIGHTS_FILES)}")
