"""Presets: published weights with the architecture, activation and preprocessing they need."""

from dataclasses import dataclass

from harma.backbones.preprocess import Preprocess
from harma.backbones.weights.hub import Remote

CLIP_224 = Preprocess(size=(224, 224))
HUB_WEIGHTS = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


@dataclass(frozen=True)
class Preset:
    """Published weights and all that has to go with them.

    Attributes:
        architecture: open_clip name.
        quick_gelu: whether the weights were trained with QuickGELU. With the other activation they
            load all the same and lose accuracy without any sign of it; so both are always chosen
            together (SPEC 4).
        about: what the weights are, and how their activation is known.
        remote: file, size, licence and where to get it.
        preprocess: how images become pixels.
    """

    architecture: str
    quick_gelu: bool
    about: str
    remote: Remote
    preprocess: Preprocess = CLIP_224


PRESETS: dict[str, Preset] = {
    "openai": Preset(
        architecture="ViT-B-32",
        quick_gelu=True,
        about="CLIP by OpenAI, trained with QuickGELU.",
        remote=Remote(
            page="https://huggingface.co/timm/vit_base_patch32_clip_224.openai",
            files=HUB_WEIGHTS,
            licence="MIT (OpenAI's CLIP repository)",
            repo="timm/vit_base_patch32_clip_224.openai",
            megabytes=605,
        ),
    ),
    "laion2b": Preset(
        architecture="ViT-B-32",
        quick_gelu=False,
        about=(
            "CLIP by LAION on LAION-2B (open_clip's laion2b_s34b_b79k), plain GELU. HarMA's"
            " released code takes it."
        ),
        remote=Remote(
            page="https://huggingface.co/laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
            files=HUB_WEIGHTS,
            licence="MIT",
            repo="laion/CLIP-ViT-B-32-laion2B-s34B-b79K",
            megabytes=605,
        ),
    ),
    "georsclip": Preset(
        architecture="ViT-B-32",
        quick_gelu=True,
        about=(
            "GeoRSCLIP: OpenAI's CLIP tuned on RS5M. Its authors build it on OpenAI's model, hence"
            " QuickGELU."
        ),
        remote=Remote(
            page="https://huggingface.co/Zilun/GeoRSCLIP",
            files=("ckpt/RS5M_ViT-B-32.pt",),
            licence="code MIT; for the weights see the page",
            repo="Zilun/GeoRSCLIP",
        ),
    ),
    "georsclip-ret2": Preset(
        architecture="ViT-B-32",
        quick_gelu=True,
        about=(
            "GeoRSCLIP tuned on the train splits of RSICD and RSITMD (SPEC 5, contamination),"
            " QuickGELU."
        ),
        remote=Remote(
            page="https://huggingface.co/Zilun/GeoRSCLIP",
            files=("ckpt/RS5M_ViT-B-32_RET-2.pt",),
            licence="code MIT; for the weights see the page",
            repo="Zilun/GeoRSCLIP",
        ),
    ),
    "remoteclip": Preset(
        architecture="ViT-B-32",
        quick_gelu=True,
        about=(
            "RemoteCLIP: OpenAI's CLIP tuned on RET-3, DET-10 and SEG-4. Its authors' retrieval"
            " script builds it on OpenAI's model (QuickGELU); the example in their README builds"
            " plain GELU."
        ),
        remote=Remote(
            page="https://huggingface.co/chendelong/RemoteCLIP",
            files=("RemoteCLIP-ViT-B-32.pt",),
            licence="Apache-2.0",
            repo="chendelong/RemoteCLIP",
            megabytes=605,
        ),
    ),
    "skyclip": Preset(
        architecture="ViT-B-32",
        quick_gelu=False,
        about=(
            "SkyCLIP: LAION-2B's CLIP (laion2b_e16) tuned on the better half of SkyScript, plain"
            " GELU. The published archive SkyCLIP_ViT_B32_top50pct.zip holds the file."
        ),
        remote=Remote(
            page="https://github.com/wangzhecheng/SkyScript (Download model checkpoints)",
            files=("SkyCLIP_ViT_B32_top50pct/epoch_20.pt",),
            licence="MIT",
        ),
    ),
}
