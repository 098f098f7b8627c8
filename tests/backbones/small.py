"""Every architecture of open_clip at small size: the same layers, fewer and narrower."""

from copy import deepcopy

import pytest
import timm
from timm.models.vitamin import VitCfg, VitConvCfg

from harma.backbones import text_configs
from harma.backbones.architecture import find_architecture

# Kind of a trunk, by how its name begins → what makes it small; the first that fits.
TRUNKS = {
    "convnext": {"depths": (1, 1, 1, 1), "dims": (16, 16, 32, 32)},
    "swin": {"depths": (1, 1), "embed_dim": 16, "num_heads": (2, 2)},
    "vitamin": {
        "depth": 2,
        "embed_dim": 32,
        "num_heads": 2,
        "embed_cfg": VitCfg(
            embed_dim=(16, 16, 32),
            depths=(1, 1, 1),
            stem_width=16,
            conv_cfg=VitConvCfg(norm_layer="layernorm2d"),
            head_type="1d",
        ),
    },
    "fastvit": {"layers": (1, 1, 1, 1), "embed_dims": (16, 16, 32, 32)},
    "vit_base_mci": {"depth": 2},
    "": {"depth": 2, "embed_dim": 32, "num_heads": 2},
}
TEXTS = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "vocab_size": 300,
    "d_model": 32,
    "encoder_layers": 2,
    "encoder_ffn_dim": 64,
    "encoder_attention_heads": 2,
    "decoder_layers": 1,
    "decoder_ffn_dim": 64,
    "decoder_attention_heads": 2,
}


def small_config(name):
    """An architecture of open_clip with two narrow blocks in each tower."""
    config = deepcopy(find_architecture(name))
    vision = config["vision_cfg"]
    text = config["text_cfg"]
    config["embed_dim"] = 32
    if "timm_model_name" not in vision:
        ratio = vision.get("mlp_ratio", 4.0)
        vision |= {"width": 32, "head_width": 16, "mlp_ratio": ratio if ratio == 4.0 else 2.0}
        vision["image_size"] = 2 * (vision.get("patch_size") or 16)
        if isinstance(vision["layers"], list):
            vision |= {"layers": [1, 1, 1, 1], "head_width": 32, "image_size": 64}
        else:
            vision["layers"] = 2
    if "hf_model_name" not in text:
        text |= {"width": 32, "heads": 2, "layers": 2, "vocab_size": 300}
    if "multimodal_cfg" in config:
        config["multimodal_cfg"] |= {"width": 32, "heads": 2, "layers": 1, "dim_head": 16}
        config["multimodal_cfg"] |= {"n_queries": 4} if "n_queries" in vision else {}
        vision |= {"attn_pooler_queries": 4, "attn_pooler_heads": 2}
    return config


@pytest.fixture
def small_parts(monkeypatch):
    """timm and the known text towers of Hugging Face make small models."""
    made = timm.create_model

    def create_model(name, **options):
        kind = next(start for start in TRUNKS if name.startswith(start))
        return made(name, **{**TRUNKS[kind], **options})

    monkeypatch.setattr(timm, "create_model", create_model)
    for name, known in text_configs.KNOWN_CONFIGS.items():
        monkeypatch.setitem(text_configs.KNOWN_CONFIGS, name, {**known, **TEXTS})
