"""Presets: published weights with the architecture, activation and preprocessing they need."""

from dataclasses import dataclass

from harma.backbones.preprocess import Preprocess
from harma.backbones.weights.hub import Remote
from harma.scenes.model_bands import BAND_SETS

CLIP_224 = Preprocess(size=(224, 224))
SIGLIP_256 = Preprocess(size=(256, 256), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
TRANSFORMERS_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
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
        gelu_tanh: whether GELU is approximated by tanh, as in SigLIP's models of transformers; else
            it is as open_clip has it.
        tokenizer: repository of its tokenizer, if it is not that of its architecture.
        not_taken: methods that its towers do not take.
    """

    architecture: str
    quick_gelu: bool
    about: str
    remote: Remote
    preprocess: Preprocess = CLIP_224
    gelu_tanh: bool = False
    tokenizer: str | None = None
    not_taken: tuple[str, ...] = ()

    @property
    def activation(self) -> str:
        """The activation in words."""
        if self.quick_gelu:
            return "QuickGELU"
        return "GELU (tanh)" if self.gelu_tanh else "GELU"


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
    "remoteclip-l14": Preset(
        architecture="ViT-L-14",
        quick_gelu=True,
        about="RemoteCLIP, the larger one; as `remoteclip`.",
        remote=Remote(
            page="https://huggingface.co/chendelong/RemoteCLIP",
            files=("RemoteCLIP-ViT-L-14.pt",),
            licence="Apache-2.0",
            repo="chendelong/RemoteCLIP",
            megabytes=1710,
        ),
    ),
    "georsclip-l14": Preset(
        architecture="ViT-L-14",
        quick_gelu=True,
        about="GeoRSCLIP, the larger one; built on OpenAI's model as `georsclip`, hence QuickGELU.",
        remote=Remote(
            page="https://huggingface.co/Zilun/GeoRSCLIP",
            files=("ckpt/RS5M_ViT-L-14.pt",),
            licence="code MIT; for the weights see the page",
            repo="Zilun/GeoRSCLIP",
        ),
    ),
    "georsclip-h14": Preset(
        architecture="ViT-H-14",
        quick_gelu=False,
        about="GeoRSCLIP, the largest one: LAION-2B's ViT-H/14 tuned on RS5M, plain GELU.",
        remote=Remote(
            page="https://huggingface.co/Zilun/GeoRSCLIP",
            files=("ckpt/RS5M_ViT-H-14.pt",),
            licence="code MIT; for the weights see the page",
            repo="Zilun/GeoRSCLIP",
        ),
    ),
    "skyclip-l14": Preset(
        architecture="ViT-L-14",
        quick_gelu=True,
        about=(
            "SkyCLIP, the larger one: OpenAI's CLIP (hence QuickGELU) tuned on the best 30 % of"
            " SkyScript. The published archive SkyCLIP_ViT_L14_top30pct.zip holds the file."
        ),
        remote=Remote(
            page="https://github.com/wangzhecheng/SkyScript (Download model checkpoints)",
            files=("SkyCLIP_ViT_L14_top30pct/epoch_20.pt",),
            licence="MIT",
        ),
    ),
    "farslip-b32": Preset(
        architecture="ViT-B-32",
        quick_gelu=True,
        about="FarSLIP, second stage: OpenAI's CLIP tuned on RS5M and MGRS-200k, QuickGELU.",
        remote=Remote(
            page="https://huggingface.co/ZhenShiL/FarSLIP",
            files=("FarSLIP2_ViT-B-32.pt",),
            licence="MIT",
            repo="ZhenShiL/FarSLIP",
        ),
    ),
    "farslip-b16": Preset(
        architecture="ViT-B-16",
        quick_gelu=True,
        about="FarSLIP, second stage, with smaller patches; as `farslip-b32`.",
        remote=Remote(
            page="https://huggingface.co/ZhenShiL/FarSLIP",
            files=("FarSLIP2_ViT-B-16.pt",),
            licence="MIT",
            repo="ZhenShiL/FarSLIP",
        ),
    ),
    "rs-m-clip": Preset(
        architecture="xlm-roberta-base-ViT-B-32",
        quick_gelu=False,
        about=(
            "RS-M-CLIP: a multilingual CLIP tuned on captions of remote sensing in ten languages"
            " (English, Portuguese, Spanish, French, German, Dutch, Italian, Chinese, Korean,"
            " Russian). The architecture is taken from its publication; names and shapes of the"
            " file are compared."
        ),
        remote=Remote(
            page="https://huggingface.co/joaodaniel/RS-M-CLIP",
            files=HUB_WEIGHTS,
            licence="see the page",
            repo="joaodaniel/RS-M-CLIP",
        ),
        not_taken=("mrs-adapter",),
    ),
    "git-rsclip": Preset(
        architecture="ViT-L-16-SigLIP-256",
        quick_gelu=False,
        about="Git-RSCLIP: SigLIP trained on Git-10M, in the layout of transformers.",
        remote=Remote(
            page="https://huggingface.co/lcybuaa/Git-RSCLIP",
            files=TRANSFORMERS_WEIGHTS,
            licence="see the page",
            repo="lcybuaa/Git-RSCLIP",
        ),
        preprocess=SIGLIP_256,
        gelu_tanh=True,
        tokenizer="lcybuaa/Git-RSCLIP",
        not_taken=("linear",),
    ),
    "git-rsclip-base": Preset(
        architecture="ViT-B-16-SigLIP-256",
        quick_gelu=False,
        about="Git-RSCLIP, the smaller one; as `git-rsclip`.",
        remote=Remote(
            page="https://huggingface.co/lcybuaa/Git-RSCLIP-base",
            files=TRANSFORMERS_WEIGHTS,
            licence="see the page",
            repo="lcybuaa/Git-RSCLIP-base",
        ),
        preprocess=SIGLIP_256,
        gelu_tanh=True,
        tokenizer="lcybuaa/Git-RSCLIP-base",
        not_taken=("linear",),
    ),
    "llama3-ms-clip": Preset(
        architecture="ViT-B-16",
        quick_gelu=False,
        about=(
            "Llama3-MS-CLIP: LAION-2B's ViT-B/16 (hence GELU) widened to ten Sentinel-2 bands and"
            " tuned on captions of SSL4EO-S12. It reads reflectance of GeoTIFFs, not pictures."
        ),
        remote=Remote(
            page="https://huggingface.co/ibm-esa-geospatial/Llama3-MS-CLIP-base",
            files=("Llama3_MS_CLIP_weights.pt",),
            licence="code Apache-2.0; for the weights see the page (Llama 3 licence)",
            repo="ibm-esa-geospatial/Llama3-MS-CLIP-base",
        ),
        preprocess=Preprocess(
            size=(224, 224), resize_mode="shortest", bands=BAND_SETS["sentinel-2-10"]
        ),
    ),
}
