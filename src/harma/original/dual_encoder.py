"""The original's dual encoders (`is_harma: False`) as a backbone of ours (SPEC 4)."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harma.data.clip_pixels import CLIP_MEAN, CLIP_STD
from harma.errors import ConfigError, MissingFileError
from harma.ground.json_text import parse_json

log = logging.getLogger(__name__)

Values = Mapping[str, Any]
"""What a config of the original holds, as YAML or JSON has it."""
Described = dict[str, Any]
"""What a recipe of ours, or `load_backbone`, takes."""

DUAL_ENCODER_KEYS = {"use_swin", "patch_size", "vision_config", "text_config", "text_encoder"}
SWIN = "swin_tiny_patch4_window7_224"
VIT = "vit_small_patch16_224"
VIT_WIDTH = 384
IMAGE_SIZE = 224
SWIN_OPTIONS = ("window_size", "embed_dim", "depths", "num_heads")
VISION_KEYS = {"ckpt", "vision_width", "image_res", "patch_size", *SWIN_OPTIONS}
# Of the original's text configs: parts of a fusion encoder that its retrieval models do not have.
FUSION_KEYS = {"fusion_layer", "encoder_width"}


def dual_encoder_of_original(values: Values, path: Path) -> Described:
    """The backbone that a config of the original describes.

    Images are normalised as CLIP's, as in all of the original's models.

    Args:
        values: the config's content.
        path: its file, for messages.

    Returns:
        What `load_backbone` takes. Paths stay relative to the current folder, as in the original.

    Raises:
        ConfigError: a value cannot be used, or two contradict each other.
        MissingFileError: a config it names is not there.
    """
    return {
        "image": _image(values, path),
        "text": _text(values, path),
        "embed_dim": values.get("embed_dim", 512),
        "preprocess": {"mean": list(CLIP_MEAN), "std": list(CLIP_STD)},
    }


def _image(values: Values, path: Path) -> Described:
    """The image tower, as `load_backbone` takes it."""
    swin = _uses_swin(values, path)
    vision = _config(values.get("vision_config"), "vision_config", path)
    if unknown := sorted(vision.keys() - VISION_KEYS):
        raise ConfigError(
            f"{path}: vision_config has unknown keys {unknown}; allowed are {sorted(VISION_KEYS)}"
        )
    image: Described = {"timm": SWIN if swin else VIT, "weights": vision.get("ckpt") or None}
    size = _image_size(values, vision, path)
    if size != IMAGE_SIZE:
        image["img_size"] = size
    width = VIT_WIDTH
    if swin:
        image |= {key: vision[key] for key in SWIN_OPTIONS if key in vision}
        width = _swin_width(image)
    if vision.get("vision_width", width) != width:
        raise ConfigError(
            f"{path}: vision_width is {vision['vision_width']}, but the image tower ends with"
            f" {width}"
        )
    if image["weights"] is None:
        log.warning("%s: vision_config names no ckpt; the image tower is untrained", path)
    return image


def _image_size(values: Values, vision: Values, path: Path) -> Any:
    """`image_res`, which stands in the config, in its vision_config, in both or in neither."""
    stated = values.get("image_res")
    in_vision = vision.get("image_res")
    # Two sizes would be two models, and nobody can say which of them was meant.
    if None not in (stated, in_vision) and stated != in_vision:
        raise ConfigError(f"{path}: image_res is {stated}, in vision_config {in_vision}")
    if stated is None:
        stated = in_vision
    return IMAGE_SIZE if stated is None else stated


def _uses_swin(values: Values, path: Path) -> bool:
    patch = values.get("patch_size")
    if patch not in (None, 16, 32):
        raise ConfigError(
            f"{path}: patch_size is {patch!r}; allowed are 32 (Swin-T) and 16 (ViT-S/16)"
        )
    # Each of the two implies the other; a config may state one, or both if they agree.
    swin = values.get("use_swin", patch != 16)
    contradicts = patch is not None and swin != (patch == 32)
    if not isinstance(swin, bool) or contradicts:
        raise ConfigError(
            f"{path}: use_swin is {swin!r} with patch_size {patch}; Swin-T has 32, ViT-S/16 has 16"
        )
    return swin


def _swin_width(image: Values) -> int:
    """Width of Swin's last stage: it doubles from stage to stage."""
    # What is not stated is as in Swin-T.
    num_stages = len(image.get("depths", (2, 2, 6, 2)))
    width: int = image.get("embed_dim", 96) * 2 ** (num_stages - 1)
    return width


def _text(values: Values, path: Path) -> Described:
    encoder = values.get("text_encoder", "bert-base-uncased")
    if values.get("text_config") is None:
        return {"transformers": encoder, "weights": "pretrained"}
    config = _config(values["text_config"], "text_config", path)
    # With a config of its own, `text_encoder` names the weights and the tokenizer.
    if idle := sorted(config.keys() & FUSION_KEYS):
        log.warning("%s: these keys of text_config have no effect: %s", path, ", ".join(idle))
    config = {key: value for key, value in config.items() if key not in FUSION_KEYS}
    return {"transformers": config, "weights": values.get("text_encoder"), "tokenizer": encoder}


def _config(value: object, name: str, path: Path) -> Described:
    """A config that is a mapping, or the path of one in JSON; empty where there is none."""
    if isinstance(value, str):
        file = Path(value)
        if not file.is_file():
            raise MissingFileError(
                f"{path}: {name} is {value}, which is not there (seen from the current folder)"
            )
        value = parse_json(file.read_bytes(), source=str(file), error=ConfigError)
    if value is not None and not isinstance(value, Mapping):
        raise ConfigError(
            f"{path}: {name} is {value!r}; it must be a mapping or the path of a JSON file"
        )
    return dict(value or {})
