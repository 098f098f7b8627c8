"""The towers of a model as graphs: what can be exported, and writing ONNX by torch's tracing.

Attention is written out, since torch's own module fixes the length of texts when it is traced.
"""

import copy
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harma.backbones import Backbone, OpenClipBackbone
from harma.backbones.clip_tokens import KNOWN_OPTIONS
from harma.errors import BackboneError, ConfigError, MissingDependencyError
from harma.ground.towers import Tower
from harma.methods.harma.config import HARMA_ADAPTER, AdapterConfig
from harma.methods.table import method_of
from harma.model.computing import normalized
from harma.model.model import HarMA

OPSET = 17
EXPORTED = (
    "what is exported is CLIP of open_clip (its own vision transformer and causal text tower, such"
    " as ViT-B-32, ViT-L-14), bare or with HarMA's adapters"
)
# Of an example that is traced: longer than one, shorter than the context.
EXAMPLE_LENGTH = 12


def check_exportable(model: HarMA, name: str) -> None:
    """Check that a model is one that is exported.

    Raises:
        BackboneError: its backbone is not.
        ConfigError: its method, or its tokenizer, is not.
    """
    backbone = model.backbone
    if not isinstance(backbone, OpenClipBackbone):
        raise BackboneError(
            f"{backbone.name} is a {type(backbone).__name__}; {EXPORTED}", source=name
        )
    if model.preprocess.bands is not None:
        raise BackboneError(
            f"{backbone.name} reads {model.preprocess.bands}; {EXPORTED}, which read pictures",
            source=name,
        )
    # One that is not open_clip's own transformer says so by its name.
    blocks = [*backbone.blocks("image"), *backbone.blocks("text")]
    attentions = [part for part in backbone.modules() if isinstance(part, nn.MultiheadAttention)]
    if len(attentions) != len(blocks):
        raise BackboneError(
            f"{backbone.name} has {len(attentions)} attentions in {len(blocks)} blocks, some of a"
            f" kind of their own; {EXPORTED}",
            source=name,
        )
    if model.temperature.dtype != torch.float32:
        raise ConfigError(f"its weights are {model.temperature.dtype}, not float32", source=name)
    _check_method(model, name)
    _check_tokenizer(backbone, name)


def _check_method(model: HarMA, name: str) -> None:
    if model.adapters is None:
        return
    if not isinstance(model.adapters, AdapterConfig):
        raise ConfigError(f"its method is {method_of(model.adapters)}; {EXPORTED}", source=name)
    if model.adapters.adapter != HARMA_ADAPTER:
        raise ConfigError(
            f"it has an adapter class of its own, {model.adapters.adapter}; {EXPORTED}", source=name
        )


def _check_tokenizer(backbone: OpenClipBackbone, name: str) -> None:
    text: dict[str, Any] = backbone.config["text_cfg"]
    if text.get("hf_tokenizer_name"):
        raise BackboneError(
            f"{backbone.name} has the tokenizer {text['hf_tokenizer_name']}; exported is CLIP's own"
            " alone",
            source=name,
        )
    unknown = tokenizer_options(backbone).keys() - KNOWN_OPTIONS
    if unknown:
        raise BackboneError(
            f"its tokenizer has the options {', '.join(sorted(unknown))}, which are not exported",
            source=name,
        )


def tokenizer_options(backbone: Backbone) -> dict[str, Any]:
    """What a backbone's config says of its tokenizer."""
    text: dict[str, Any] = backbone.config["text_cfg"]
    return dict(text.get("tokenizer_kwargs") or {})


def write_onnx(model: HarMA, folder: Path) -> dict[Tower, Path]:
    """Write both towers as ONNX files of float32.

    Args:
        model: on the CPU; it stays as it is.
        folder: gets image.onnx and text.onnx.

    Raises:
        MissingDependencyError: onnx is not installed.
    """
    copied = _with_plain_attention(model)
    height, width = model.preprocess.size
    # Two of each: what is traced of one alone may hold for one alone.
    pixels = torch.zeros(2, 3, height, width)
    length = model.backbone.context_length
    if model.trims_text:
        length = min(EXAMPLE_LENGTH, length - 1)
    token_ids = torch.zeros(2, length, dtype=torch.int64)
    text_axes = {0: "texts", 1: "tokens"} if model.trims_text else {0: "texts"}
    files: dict[Tower, Path] = {"image": folder / "image.onnx", "text": folder / "text.onnx"}
    _trace(_ImageTower(copied), pixels, files["image"], {0: "images"})
    _trace(_TextTower(copied), token_ids, files["text"], text_axes)
    return files


class _ImageTower(nn.Module):
    """Pixels (B, 3, H, W) → embeddings (B, E)."""

    def __init__(self, model: HarMA) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor) -> Tensor:
        return self.model.encode_image(pixels)


class _TextTower(nn.Module):
    """Token ids (B, L) → embeddings (B, E); `HarMA.encode_text` without its trimming."""

    def __init__(self, model: HarMA) -> None:
        super().__init__()
        self.model = model

    def forward(self, token_ids: Tensor) -> Tensor:
        x = self.model.backbone.encode_text(token_ids)
        if self.model.adapters is not None:
            x = self.model.attachment.on_text(x)
        return normalized(x)


class _PlainAttention(nn.Module):
    """The attention of a `nn.MultiheadAttention` over batches (B, L, D), its weights left out."""

    def __init__(self, attention: nn.MultiheadAttention) -> None:
        super().__init__()
        self.num_heads = attention.num_heads
        self.in_proj_weight = attention.in_proj_weight
        self.in_proj_bias = attention.in_proj_bias
        self.out_proj = attention.out_proj

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        need_weights: bool = False,
        attn_mask: Tensor | None = None,
    ) -> tuple[Tensor, None]:
        B, L, D = query.shape
        projected = F.linear(query, self.in_proj_weight, self.in_proj_bias)
        heads = projected.view(B, L, 3, self.num_heads, D // self.num_heads)
        q, k, v = heads.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask)
        out: Tensor = self.out_proj(attended.transpose(1, 2).reshape(B, L, D))
        return out, None


def _with_plain_attention(model: HarMA) -> HarMA:
    """A copy of a model with its attention written out."""
    copied = copy.deepcopy(model).eval()
    for module in list(copied.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.MultiheadAttention):
                setattr(module, name, _PlainAttention(child))
    return copied


def _trace(tower: nn.Module, example: Tensor, file: Path, axes: dict[int, str]) -> None:
    """Write a tower as ONNX."""
    # The newer exporter writes a text tower that ONNX Runtime refuses; this one warns that it is
    # older, and of every shape that it takes as it is.
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            torch.onnx.export(
                tower,
                (example,),
                str(file),
                dynamo=False,
                opset_version=OPSET,
                input_names=["inputs"],
                output_names=["embeddings"],
                dynamic_axes={"inputs": axes, "embeddings": {0: axes[0]}},
            )
        except torch.onnx.OnnxExporterError as error:
            if "onnx is not installed" not in str(error):
                raise
            raise MissingDependencyError(
                "exports need onnx: pip install 'harma[onnx]' or 'harma[openvino]'"
            ) from error
