"""Frozen weights in bfloat16 (bf16): a view of a model whose large products are computed in it.

A view for one call: the model, its float32 weights, and with them its fingerprint, stay as they
are. What trains, the residual stream, norms and losses stay float32; only what a frozen linear map,
convolution or attention multiplies is rounded. On a CPU that has instructions for bfloat16 this is
several times as quick; autocast is not, since it rounds the weights anew in every call.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harma.backbones.views import copied_as

M = TypeVar("M", bound=nn.Module)

# The children that a view adds to a chain of layers.
ROUNDED = "rounded"
WIDENED = "widened"


class Bf16Weights:
    """The frozen weights of a model in bfloat16, each rounded when it is first used.

    They take half as much memory as the weights themselves, beside these.
    """

    def __init__(self) -> None:
        self._rounded: dict[Tensor, tuple[int, Tensor]] = {}

    def of(self, weight: Tensor) -> Tensor:
        """A frozen weight, rounded."""
        # Made in inference mode, weights do not count their changes; they are not trained either.
        version = 0 if weight.is_inference() else weight._version
        kept = self._rounded.get(weight)
        # Weights that were loaded or moved since then are rounded anew.
        if kept is not None and kept[0] == version and kept[1].device == weight.device:
            return kept[1]
        # Outside of inference mode, so that a step can use what an embedding has rounded.
        with torch.inference_mode(False):
            rounded = weight.detach().to(torch.bfloat16)
        self._rounded[weight] = (version, rounded)
        return rounded


class Bf16Linear(nn.Linear):
    """A linear map with a frozen weight: (…, K) → (…, N), in the dtype it is given."""

    rounded: Bf16Weights

    def forward(self, x: Tensor) -> Tensor:
        """Multiply in bfloat16."""
        weight = self.rounded.of(self.weight)
        bias = self.bias
        if bias is None or bias.requires_grad:
            product = F.linear(x.to(torch.bfloat16), weight).to(x.dtype)
            if bias is None:
                return product
            return product + bias
        return F.linear(x.to(torch.bfloat16), weight, self.rounded.of(bias)).to(x.dtype)


class Bf16Conv2d(nn.Conv2d):
    """A frozen convolution, such as that of patches."""

    rounded: Bf16Weights

    def forward(self, x: Tensor) -> Tensor:
        """Convolve in bfloat16."""
        bias = None if self.bias is None else self.rounded.of(self.bias)
        weight = self.rounded.of(self.weight)
        convolved: Tensor = self._conv_forward(x.to(torch.bfloat16), weight, bias)
        return convolved.to(x.dtype)


class Bf16Attention(nn.MultiheadAttention):
    """A frozen self-attention by plain matrix products.

    The fused CPU kernel takes three to five times as long in bfloat16, forward and backward, at all
    lengths that CLIP has (16 to 257 tokens).
    """

    rounded: Bf16Weights

    def forward(  # type: ignore[override]
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        **others: Any,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend over the tokens of a sample: (B, L, D) → (B, L, D); see `nn.MultiheadAttention`.

        Whatever is asked of it beyond that of the blocks of a CLIP it does as ever, in float32.
        """
        is_simple = query is key and key is value and not need_weights and not others
        if not is_simple or query.ndim != 3 or _has_heads(attn_mask):
            return super().forward(
                query, key, value, need_weights=need_weights, attn_mask=attn_mask, **others
            )
        assert self.in_proj_weight is not None
        rounded = self.rounded.of
        B, L, D = query.shape
        H = self.num_heads
        in_bias = None if self.in_proj_bias is None else rounded(self.in_proj_bias)
        qkv = F.linear(query.to(torch.bfloat16), rounded(self.in_proj_weight), in_bias)
        # (B, L, 3·D) → three of (B·H, L, D/H).
        q, k, v = qkv.view(B, L, 3, H, D // H).permute(2, 0, 3, 1, 4).reshape(3, B * H, L, D // H)
        attended = plain_attention(q, k, v, attn_mask)
        joined = attended.view(B, H, L, D // H).transpose(1, 2).reshape(B, L, D)
        out_bias = None if self.out_proj.bias is None else rounded(self.out_proj.bias)
        out = F.linear(joined, rounded(self.out_proj.weight), out_bias)
        return out.to(query.dtype), None


def _has_heads(mask: Tensor | None) -> bool:
    """Whether a mask is another one for each sample or head."""
    return mask is not None and mask.ndim != 2


def plain_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Attention (N, L, d) by two matrix products and a softmax.

    Args:
        q: queries of N heads.
        k: keys.
        v: values.
        mask: (L, L), added to the scores, or True where a token must not be seen.
    """
    scale = float(q.shape[-1]) ** -0.5
    if mask is None:
        scores = torch.bmm(q * scale, k.transpose(1, 2))
    else:
        if mask.dtype == torch.bool:
            mask = torch.zeros_like(mask, dtype=q.dtype).masked_fill_(mask, float("-inf"))
        scores = torch.baddbmm(mask.to(q.dtype), q, k.transpose(1, 2), alpha=scale)
    return torch.bmm(scores.softmax(dim=-1), v)


@runtime_checkable
class HasView(Protocol):
    """A module that knows itself what it is in a view, such as one that refers to others."""

    def in_bf16_view(self, of_part: Callable[[Any], Any]) -> Any:
        """The module in a view.

        Args:
            of_part: gives the view of a module that this one has or refers to.
        """


class _Cast(nn.Module):
    """Numbers in another dtype."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, x: Tensor) -> Tensor:
        return x.to(self.dtype)


def bf16_view(root: M, rounded: Bf16Weights) -> M:
    """A tree of modules whose frozen products are computed in bfloat16.

    It shares all weights with the root, and every module that holds nothing frozen to multiply
    with, such as an adapter. It takes a millisecond, and belongs to the call that made it.

    Args:
        root: of the tree, such as a backbone; float32.
        rounded: kept from call to call.
    """
    view = _replaced(root, rounded)
    if view is not None:
        replaced: M = view
        return replaced
    if isinstance(root, HasView):
        own: M = root.in_bf16_view(lambda part: bf16_view(part, rounded))
        return own
    children: dict[str, nn.Module | None] = {}
    is_changed = False
    for name, child in root._modules.items():
        below = None if child is None else bf16_view(child, rounded)
        children[name] = below
        is_changed = is_changed or below is not child
    if not is_changed:
        return root
    view = copied_as(type(root), root)
    if isinstance(root, nn.Sequential):
        children = _in_one_cast(children)
    vars(view)["_modules"] = children
    return view


def _replaced(module: nn.Module, rounded: Bf16Weights) -> Any:
    """The view of a module that itself multiplies; None where it does not, or what it has trains.

    Exactly these classes: one that is derived from them may compute something else.
    """
    kind: type[Any]
    if type(module) is nn.Linear and not module.weight.requires_grad:
        kind = Bf16Linear
    elif type(module) is nn.Conv2d and _is_frozen(module):
        kind = Bf16Conv2d
    elif type(module) is nn.MultiheadAttention and _is_plain(module):
        kind = Bf16Attention
    else:
        return None
    view = copied_as(kind, module)
    view.rounded = rounded
    return view


def _is_frozen(module: nn.Module) -> bool:
    return not any(parameter.requires_grad for parameter in module.parameters())


def _is_plain(attention: nn.MultiheadAttention) -> bool:
    """Whether attention is what the blocks of a CLIP have, frozen, and nothing is put into it."""
    # The output map's own class is not public; a method that wraps it leaves another there.
    own_out = type(attention.out_proj) is nn.modules.linear.NonDynamicallyQuantizableLinear
    has_more = attention.bias_k is not None or attention.add_zero_attn or attention.dropout > 0
    is_self = attention.in_proj_weight is not None and attention.batch_first
    return own_out and is_self and not has_more and _is_frozen(attention)


def _in_one_cast(children: dict[str, nn.Module | None]) -> dict[str, nn.Module | None]:
    """A chain of layers with its numbers in bfloat16 from its first frozen map to its last.

    What is between two maps, a GELU, then need not widen and round again.
    """
    maps = [name for name, layer in children.items() if isinstance(layer, Bf16Linear)]
    if len(maps) < 2 or not _only_simple_between(children, maps):
        return children
    chain: dict[str, nn.Module | None] = {}
    for name, layer in children.items():
        if name == maps[0]:
            chain[ROUNDED] = _Cast(torch.bfloat16)
        chain[name] = layer
        if name == maps[-1]:
            chain[WIDENED] = _Cast(torch.float32)
    return chain


def _only_simple_between(children: Mapping[str, nn.Module | None], maps: Sequence[str]) -> bool:
    """Whether nothing between maps has weights of its own, as norms have, which are float32."""
    names = list(children)
    between = names[names.index(maps[0]) : names.index(maps[-1])]
    layers = [children[name] for name in between if name not in maps]
    simple = nn.ModuleList(layer for layer in layers if layer is not None)
    return next(simple.parameters(), None) is None
