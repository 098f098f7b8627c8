"""Layouts: the windows, or the tokens that are no padding, an adapter may attend over.

A site cuts features into sequences with its layout, runs its adapter on them and puts the result
together again. Samples of a batch never share a sequence.
"""

import inspect
import math
import threading
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harma.errors import BackboneError


class Sequences(NamedTuple):
    """Tokens as an adapter sees them.

    Attributes:
        tokens: (B', L', D); attention runs over L'.
        mask: True where a token (second to last dimension) may see another (last): (B', 1, 1, L')
            or (B', 1, L', L'); None: every token of a sequence sees all of it.
    """

    tokens: Tensor
    mask: Tensor | None


class Layout(Protocol):
    """How a tower of another kind than CLIP's arranges its tokens.

    Attributes:
        masks_padding: whether tokens that only fill a batch are left out of attention.
    """

    masks_padding: bool

    def split(self, features: Tensor) -> Sequences:
        """Features (B, L, D) as sequences."""

    def join(self, tokens: Tensor, batch: int) -> Tensor:
        """What an adapter gave for the sequences, as (B, L, D)."""


class WindowLayout(nn.Module):
    """The windows of a Swin block: size and cyclic shift of the block's own attention.

    As in Swin (Liu et al. 2021, arXiv 2103.14030, section 3.2), tokens that only the shift made
    neighbours do not see each other. Where windows do not divide the map it is padded, and no token
    sees padding (timm's attention does).

    Args:
        size: (H, W) of the block's map of tokens.
        window: (height, width) of its windows.
        shift: (down, right) of the windows; 0 where they are not shifted.
    """

    masks_padding = False
    allowed: Tensor | None

    def __init__(
        self, size: tuple[int, int], window: tuple[int, int], shift: tuple[int, int]
    ) -> None:
        super().__init__()
        self.size = size
        self.window = window
        self.shift = shift
        self.padded = (_padded(size[0], window[0]), _padded(size[1], window[1]))
        # The region of each place: tokens of one window that lie in one region see each other.
        down = _regions(size[0], self.padded[0], shift[0])
        right = _regions(size[1], self.padded[1], shift[1])
        grid = (3 * down[:, None] + right[None, :]).view(1, *self.padded, 1)
        region = self._windows(grid).squeeze(-1)
        allowed = region[:, :, None] == region[:, None, :]
        # Most layouts need no mask, and attention is faster without one.
        needed = not bool(allowed.all())
        self.register_buffer("allowed", allowed if needed else None, persistent=False)

    def _windows(self, grid: Tensor) -> Tensor:
        """(B, H', W', D) → (B·windows, tokens of a window, D), windows of one sample together."""
        B, H, W, D = grid.shape
        h, w = self.window
        return grid.view(B, H // h, h, W // w, w, D).transpose(2, 3).reshape(-1, h * w, D)

    def split(self, features: Tensor) -> Sequences:
        """Features (B, H·W, D) as windows (B·windows, tokens of a window, D)."""
        B, _, D = features.shape
        grid = features.reshape(B, *self.size, D)
        if any(self.shift):
            grid = grid.roll((-self.shift[0], -self.shift[1]), dims=(1, 2))
        below = self.padded[0] - self.size[0]
        beside = self.padded[1] - self.size[1]
        if below or beside:
            grid = F.pad(grid, (0, 0, 0, beside, 0, below))
        mask = self.allowed
        if mask is not None:
            # The same for every sample of the batch, and for every head.
            mask = mask.expand(B, *mask.shape).flatten(0, 1).unsqueeze(1)
        return Sequences(self._windows(grid), mask)

    def join(self, tokens: Tensor, batch: int) -> Tensor:
        """Windows (B·windows, tokens of a window, D) as features (B, H·W, D)."""
        H, W = self.padded
        h, w = self.window
        D = tokens.shape[-1]
        grid = tokens.view(batch, H // h, W // w, h, w, D).transpose(2, 3).reshape(batch, H, W, D)
        grid = grid[:, : self.size[0], : self.size[1]]
        if any(self.shift):
            grid = grid.roll(self.shift, dims=(1, 2))
        return grid.reshape(batch, -1, D)


class MapLayout(WindowLayout):
    """The windows of a block whose MLP puts out a map (B, H, W, D), as ConvNeXt's do."""

    def split(self, features: Tensor) -> Sequences:
        """A map (B, H, W, D) as windows."""
        return super().split(features.flatten(1, 2))

    def join(self, tokens: Tensor, batch: int) -> Tensor:
        """Windows as a map (B, H, W, D)."""
        features = super().join(tokens, batch)
        return features.view(batch, *self.size, -1)


def _padded(length: int, part: int) -> int:
    """The next multiple of a window's length."""
    return math.ceil(length / part) * part


def _regions(length: int, padded: int, shift: int) -> Tensor:
    """Along one axis of the shifted map, which part of it a place belongs to.

    0 for tokens in their place, 1 for those that came round, 2 for padding.
    """
    place = torch.arange(padded, device="cpu")  # also where a model is built on the meta device
    is_padding = (place >= length).long()
    if not shift:
        return 2 * is_padding
    came_round = (place >= length - shift).long()
    return came_round + is_padding


class _Kept(threading.local):
    """The mask that a thread's attention saw last, and whose it is; until a site has read it."""

    layout: "PaddingLayout | None" = None
    mask: Tensor | None = None


# Kept between the attention and the MLP of one block, which one thread runs one after the other. It
# is thread-local and no attribute of the layout, where other threads would find it; and no context
# variable, since torch.compile cannot set one.
_kept = _Kept()


class PaddingLayout:
    """All tokens of a sample but its padding, as the mask that a block gives its attention says.

    A hook on the attention reads the mask: it is then the right one too where gradient
    checkpointing runs the block a second time (transformers repeats a block's `forward`, without
    the block's own hooks).

    Args:
        block: of a `transformers` encoder.

    Raises:
        BackboneError: nothing in the block takes an attention mask.
    """

    masks_padding = True

    def __init__(self, block: nn.Module) -> None:
        attention, self._place = _masked_part(block)
        attention.register_forward_pre_hook(self._keep, with_kwargs=True)

    def _keep(
        self, attention: nn.Module, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        mask = kwargs.get("attention_mask")
        if "attention_mask" not in kwargs and len(args) > self._place:
            mask = args[self._place]
        assert mask is None or isinstance(mask, Tensor)
        _kept.layout = self
        _kept.mask = None
        if mask is not None:
            _kept.mask = _allowed(mask)

    def split(self, features: Tensor) -> Sequences:
        """Features (B, L, D) as they are, and what is no padding."""
        mask = None
        if _kept.layout is self:
            mask = _kept.mask
        _kept.layout = None
        _kept.mask = None
        return Sequences(features, mask)

    def join(self, tokens: Tensor, batch: int) -> Tensor:
        """Nothing was taken apart."""
        return tokens


def _masked_part(block: nn.Module) -> tuple[nn.Module, int]:
    """The part of a block that takes an attention mask, and the mask's place among its arguments.

    Raises:
        BackboneError: there is none.
    """
    for part in block.modules():
        names = list(inspect.signature(type(part).forward).parameters)[1:]
        if part is not block and "attention_mask" in names:
            return part, names.index("attention_mask")
    raise BackboneError(
        f"no attention in a {type(block).__name__} takes an attention_mask: adapters would see"
        " padding"
    )


def _allowed(mask: Tensor) -> Tensor:
    """A mask as attention takes it (B, L) or (B, 1, …, L) → True where a token may be seen."""
    # Booleans, ones and zeros, or what is added to scores: 0, and the lowest number where nothing
    # is seen.
    seen = mask > 0
    if mask.is_floating_point():
        seen = mask >= 0
    if seen.ndim == 4:
        return seen
    return seen[:, None, None, :]
