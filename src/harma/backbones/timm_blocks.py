"""Blocks of timm's trunks that take adapters: Swin, ViT, EVA, ConvNeXt; their width and windows."""

import sys
from collections.abc import Sequence
from typing import Any

from torch import nn

from harma.backbones.layouts import MapLayout, WindowLayout
from harma.errors import BackboneError

SUPPORTED = (
    "adapters go into timm's Swin (swin_…), ConvNeXt (convnext_…) and vision transformers (vit_…,"
    " deit_…, eva02_…, vitamin_…)"
)
# Adapters attend inside windows of a ConvNeXt's map, as large as Swin's and as the kernels of its
# own convolutions: over all of a first stage's thousands of places they would cost too much.
MAP_WINDOW = 7


def trunk_blocks(trunk: nn.Module, called: str) -> list[nn.Module]:
    """The blocks of a trunk, first to last, over all stages.

    Args:
        trunk: a model of timm.
        called: the tower, in messages.

    Raises:
        BackboneError: it has blocks that cannot take adapters.
    """
    blocks = _listed(trunk)
    if not blocks or not all(is_trunk_block(block) for block in blocks):
        raise BackboneError(f"{called} is a {type(trunk).__name__}; {SUPPORTED}")
    return blocks


def _listed(trunk: Any) -> list[nn.Module]:
    """The blocks of a trunk of a kind that is known; none of another."""
    from timm.models.convnext import ConvNeXt
    from timm.models.eva import Eva
    from timm.models.swin_transformer import SwinTransformer
    from timm.models.vision_transformer import VisionTransformer

    if isinstance(trunk, VisionTransformer | Eva):
        return list(trunk.blocks)
    stages: Sequence[Any] = ()
    if isinstance(trunk, SwinTransformer):
        stages = trunk.layers
    elif isinstance(trunk, ConvNeXt):
        stages = trunk.stages
    blocks: list[nn.Module] = []
    for stage in stages:
        blocks += stage.blocks
    return blocks


def is_trunk_block(block: nn.Module) -> bool:
    """Whether a module is a block of timm that takes adapters."""
    # Importing timm takes seconds; where nobody has, nothing is one of its blocks.
    if "timm" not in sys.modules:
        return False
    from timm.models.convnext import ConvNeXtBlock
    from timm.models.eva import EvaBlock, EvaBlockPostNorm
    from timm.models.swin_transformer import SwinTransformerBlock
    from timm.models.vision_transformer import Block

    if isinstance(block, ConvNeXtBlock):
        # Its MLP may be made of convolutions, which put out other axes.
        return not block.use_conv_mlp
    return isinstance(block, SwinTransformerBlock | Block | EvaBlock | EvaBlockPostNorm)


def trunk_block_width(block: nn.Module) -> int:
    """Width of a block's tokens; those of stages differ."""
    norm: Any = getattr(block, "norm2", None) or getattr(block, "norm", None)
    return int(norm.normalized_shape[-1])


def trunk_mlp_norm(block: nn.Module) -> nn.Module | None:
    """The layer norm before a block's MLP that is given the residual stream; None: there is none.

    EVA-02's larger trunks normalise after the MLP, ConvNeXt what its convolution puts out.
    """
    from timm.models.eva import EvaBlockPostNorm

    norm: Any = getattr(block, "norm2", None)
    if isinstance(block, EvaBlockPostNorm) or not isinstance(norm, nn.Module):
        return None
    return norm


def trunk_layout(
    trunk: nn.Module, block: nn.Module, image_size: tuple[int, int]
) -> WindowLayout | None:
    """The windows of a block; None where attention runs over the whole image.

    Raises:
        BackboneError: the image's size leaves a map of places that cannot be known.
    """
    swin: Any = block
    if hasattr(swin, "window_size"):
        return WindowLayout(
            tuple(swin.input_resolution), tuple(swin.window_size), tuple(swin.shift_size)
        )
    if not hasattr(swin, "conv_dw"):
        return None
    reduction = _reduction(trunk, block)
    height, width = image_size
    if height % reduction or width % reduction:
        raise BackboneError(
            f"images of {height} × {width} do not divide into places of {reduction} × {reduction},"
            " which HarMA's adapters need in a ConvNeXt; choose lora or bottleneck"
        )
    size = (height // reduction, width // reduction)
    window = (min(MAP_WINDOW, size[0]), min(MAP_WINDOW, size[1]))
    return MapLayout(size, window, (0, 0))


def _reduction(trunk: Any, block: nn.Module) -> int:
    """How many pixels of a side are one place of a ConvNeXt block's map."""
    for stage, stated in zip(trunk.stages, trunk.feature_info, strict=True):
        # Modules are equal if they are the same.
        if block in list(stage.blocks):
            return int(stated["reduction"])
    raise AssertionError(f"a {type(block).__name__} is no block of this trunk")


def set_gelu(trunk: nn.Module, approximate: str) -> bool:
    """Let a trunk compute GELU exactly ("none") or by its approximation ("tanh").

    timm's SigLIP trunks of one kind differ in it, whatever their weights were trained with.

    Returns:
        Whether that changed anything.
    """
    from timm.layers import GELU, GELUTanh

    changed = False
    for parent in list(trunk.modules()):
        for name, child in list(parent.named_children()):
            if not isinstance(child, nn.GELU | GELU | GELUTanh):
                continue
            has = "tanh" if isinstance(child, GELUTanh) else getattr(child, "approximate", "none")
            if has != approximate:
                setattr(parent, name, nn.GELU(approximate=approximate))
                changed = True
    return changed
