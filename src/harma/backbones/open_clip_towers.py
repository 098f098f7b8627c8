"""Towers of open_clip's models: its own transformers, timm trunks, Hugging Face text encoders.

A tower is looked at anew for every question, as a view of a model has modules of its own.
"""

from typing import Any, Protocol

from torch import Tensor, nn

from harma.backbones.layouts import Layout, PaddingLayout
from harma.backbones.timm_blocks import (
    is_trunk_block,
    trunk_block_width,
    trunk_blocks,
    trunk_layout,
    trunk_mlp_norm,
)
from harma.backbones.transformers_blocks import encoder_blocks, mlp_output, norm_before_mlp
from harma.errors import BackboneError

SUPPORTED = (
    "adapters go into open_clip's own transformers, as in ViT-B-32, ViT-B-16, ViT-L-14, ViT-H-14,"
    " and into timm's, as in ViT-B-16-SigLIP2 and PE-Core-B-16 (not into ResNets)"
)


class TowerBlocks(Protocol):
    """The blocks of one tower."""

    def blocks(self) -> list[nn.Module]:
        """First to last."""

    def block_width(self, block: nn.Module) -> int:
        """Width of a block's tokens."""

    def layout(self, block: nn.Module) -> Layout | None:
        """Which tokens of a block an adapter may attend over; None: all of a sample."""


class OwnBlocks:
    """A tower that is open_clip's own transformer.

    Args:
        holder: has it as `transformer`.
        called: the tower, in messages.

    Raises:
        BackboneError: there is none.
    """

    def __init__(self, holder: nn.Module, called: str) -> None:
        from open_clip.transformer import Transformer

        transformer = getattr(holder, "transformer", None)
        if not isinstance(transformer, Transformer):
            raise BackboneError(f"{called} is a {type(holder).__name__}; {SUPPORTED}")
        self._transformer: Any = transformer

    def blocks(self) -> list[nn.Module]:
        """First to last."""
        return list(self._transformer.resblocks)

    def block_width(self, block: nn.Module) -> int:
        """Width of a block's tokens."""
        return int(self._transformer.width)

    def layout(self, block: nn.Module) -> Layout | None:
        """All tokens of a sample."""
        return None


class TrunkBlocks:
    """An image tower that is a model of timm.

    Args:
        holder: open_clip's `TimmModel`.
        called: the tower, in messages.
    """

    def __init__(self, holder: Any, called: str) -> None:
        self._trunk: nn.Module = holder.trunk
        self._image_size: tuple[int, int] = tuple(holder.image_size)
        self._called = called

    def blocks(self) -> list[nn.Module]:
        """First to last, over all stages."""
        return trunk_blocks(self._trunk, self._called)

    def block_width(self, block: nn.Module) -> int:
        """Width of a block's tokens."""
        return trunk_block_width(block)

    def layout(self, block: nn.Module) -> Layout | None:
        """The windows of a Swin or ConvNeXt; all tokens of a vision transformer."""
        return trunk_layout(self._trunk, block, self._image_size)


class HuggingFaceBlocks:
    """A text tower that is an encoder of `transformers`.

    Args:
        holder: open_clip's `HFTextEncoder`.
        layouts: those that were made, by the block's place; what is made is added.
    """

    def __init__(self, holder: Any, layouts: dict[int, PaddingLayout]) -> None:
        self._encoder: nn.Module = holder.transformer
        config = holder.config
        self._width = int(getattr(config, "hidden_size", None) or config.d_model)
        self._layouts = layouts

    def blocks(self) -> list[nn.Module]:
        """First to last."""
        return encoder_blocks(self._encoder, self._width)

    def block_width(self, block: nn.Module) -> int:
        """Width of a block's tokens."""
        return self._width

    def layout(self, block: nn.Module) -> Layout | None:
        """All tokens of a text but its padding."""
        # By its place: a copy of the model has other blocks. One for each, as it reads what the
        # block is called with.
        index = self.blocks().index(block)
        if index not in self._layouts:
            self._layouts[index] = PaddingLayout(block)
        return self._layouts[index]


def block_mlp(block: nn.Module, called: str) -> nn.Module:
    """The module whose output is that of a block's MLP.

    Args:
        block: of any tower.
        called: the backbone, in messages.

    Raises:
        BackboneError: the block is of a kind that cannot take adapters.
    """
    mlp = getattr(block, "mlp", None)
    is_supported = is_trunk_block(block)
    if _is_own(block):
        is_supported = isinstance(mlp, nn.Sequential)
    elif mlp is None:
        mlp = mlp_output(block)
        is_supported = mlp is not None
    if not is_supported or mlp is None:
        raise BackboneError(
            f"a block of {called} is a {type(block).__name__} with the MLP {type(mlp).__name__};"
            f" {SUPPORTED}"
        )
    assert isinstance(mlp, nn.Module)
    return mlp


def block_mlp_norm(block: nn.Module, called: str) -> nn.Module:
    """The layer norm before a block's MLP, which is given the residual stream.

    Raises:
        BackboneError: the block is of a kind that cannot take adapters, or has none there.
    """
    block_mlp(block, called)
    norm: Any = None
    if _is_own(block):
        norm = block.ln_2
    elif is_trunk_block(block):
        norm = trunk_mlp_norm(block)
    else:
        norm = norm_before_mlp(block)
    if not isinstance(norm, nn.Module):
        raise BackboneError(
            f"a {type(block).__name__} of {called} has no layer norm before its MLP that sees the"
            " residual stream, which this method needs; choose harma or bottleneck"
        )
    return norm


def _is_own(block: nn.Module) -> bool:
    """Whether a block is one of open_clip's."""
    from open_clip.transformer import CustomResidualAttentionBlock, ResidualAttentionBlock

    return isinstance(block, ResidualAttentionBlock | CustomResidualAttentionBlock)


def read_lengths(token_ids: Tensor, pad_id: int) -> Tensor:
    """Tokens of each text (B, L) up to the last one that is no padding: (B,), at least 1."""
    places = token_ids.new_tensor(range(1, token_ids.shape[1] + 1))
    return ((token_ids != pad_id) * places).amax(dim=1).clamp_min(1)
