"""Small stand-ins of models that people bring, written by the libraries that publish them."""

import json

import timm
import torch
from timm.models import register_model
from timm.models.vision_transformer import VisionTransformer

# Names and shapes as in openai/clip-vit-base-patch32 and google/siglip-base-patch16-224, smaller.
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 49408,
    "max_position_embeddings": 77,
}
VISION = {
    "hidden_size": 48,
    "intermediate_size": 192,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "image_size": 32,
    "patch_size": 16,
}
CLIP_PREPROCESS = {
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.3, 0.25],
    "resample": 3,
    "size": {"shortest_edge": 32},
    "do_center_crop": True,
}
SIGLIP_TRUNK = "vit_standin_patch16_siglip_32"


if not timm.is_model(SIGLIP_TRUNK):

    @register_model
    def vit_standin_patch16_siglip_32(pretrained=False, **options):
        """The trunk of SigLIP's base models, smaller; like theirs it computes GELU exactly."""
        sizes = {"img_size": 32, "patch_size": 16, "embed_dim": 48, "depth": 2, "num_heads": 3}
        kind = {"class_token": False, "global_pool": "map", "norm_layer": "layernorm"}
        options = {key: value for key, value in options.items() if not key.startswith("pretrained")}
        options.pop("cache_dir", None)
        model = VisionTransformer(**{**sizes, **kind, **options})
        model.pretrained_cfg = model.default_cfg = {"input_size": (3, 32, 32)}
        return model


def stirred(model):
    """Every weight drawn, so that none is zero or one and hides a mistake."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith(("logit_scale", "logit_bias")):
                continue
            scale = 0.3 if parameter.ndim > 1 else 0.1
            center = 1.0 if "norm" in name and name.endswith("weight") else 0.0
            drawn = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(center + scale * drawn)
    return model.eval()


def write_clip(directory, kind="clip", *, text=None, vision=None, **top):
    """A CLIPModel or MetaClip2Model as `save_pretrained` writes it; also its reference."""
    from transformers import CLIPConfig, CLIPModel, MetaClip2Config, MetaClip2Model

    made, model = {
        "clip": (CLIPConfig, CLIPModel),
        "metaclip_2": (MetaClip2Config, MetaClip2Model),
    }[kind]
    config = made(
        text_config={**TEXT, **(text or {})},
        vision_config={**VISION, **(vision or {})},
        projection_dim=24,
        **top,
    )
    reference = stirred(model(config))
    reference.save_pretrained(directory)
    (directory / "preprocessor_config.json").write_text(json.dumps(CLIP_PREPROCESS))
    return reference


def write_siglip(directory, *, activation="gelu_pytorch_tanh", **text):
    """A SiglipModel as `save_pretrained` writes it; also its reference."""
    from transformers import SiglipConfig, SiglipModel

    texts = {**TEXT, "hidden_size": 48, "num_attention_heads": 3, "vocab_size": 300}
    texts |= {"max_position_embeddings": 16, "projection_size": 48, **text}
    config = SiglipConfig(
        text_config={**texts, "hidden_act": activation},
        vision_config={**VISION, "hidden_act": activation},
    )
    reference = stirred(SiglipModel(config))
    reference.save_pretrained(directory)
    return reference


def embedded(reference, pixels, token_ids):
    """What transformers itself embeds: images and texts."""
    with torch.no_grad():
        images = reference.get_image_features(pixel_values=pixels)
        texts = reference.get_text_features(input_ids=token_ids)
    return [getattr(given, "pooler_output", given) for given in (images, texts)]


def write_ms_clip(path, backbone, num_bands=10):
    """Weights as IBM's MS-CLIP writes them: three times, and a temperature beside; its own model.

    Args:
        path: of the file.
        backbone: of open_clip, for pictures.
        num_bands: of the patch embedding.
    """
    state = {name: value.clone() for name, value in backbone.weights().items()}
    kernel = state["visual.conv1.weight"]
    generator = torch.Generator().manual_seed(1)
    shape = (len(kernel), num_bands, *kernel.shape[2:])
    state["visual.conv1.weight"] = 0.3 * torch.randn(shape, generator=generator)
    content = {"temperature": torch.tensor(0.05)}
    for prefix in ("clip_base_model.model.", "image_encoder.model.", "text_encoder.model."):
        content |= {f"{prefix}{name}": value for name, value in state.items()}
    torch.save(content, path)
    module = backbone.as_built().module
    module.visual.conv1 = torch.nn.Conv2d(
        num_bands, *shape[:1], kernel.shape[-1], kernel.shape[-1], bias=False
    )
    module.load_state_dict(state)
    return module.eval()
