"""The gated modules of HarMA: self-attention in the bottleneck, adapter, shared adapter, site.

Everything is batch-first: (B, L, D) with attention over L, never over B.
"""

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harma.backbones.bf16_view import plain_attention
from harma.backbones.layouts import Layout
from harma.backbones.views import copied_as
from harma.methods.harma.config import Variant

# Tokens up to which attention by plain matrix products is the quicker.
LONGEST_PLAIN = 64


class SelfAttention(nn.Module):
    """Multi-head self-attention with biases over the tokens of one sample.

    The mathematics of `nn.MultiheadAttention` without its weights output, so that the fused kernels
    run.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_proj = nn.Linear(dim, 3 * dim)
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj.weight)
        nn.init.zeros_(self.in_proj.bias)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, *, causal: bool = False, mask: Tensor | None = None) -> Tensor:
        """Attend over the tokens: (B, L, R) → (B, L, R).

        With `causal`, to the token itself and earlier ones; with `mask`, to those for which it is
        True.
        """
        B, L, R = x.shape
        q, k, v = (
            self.in_proj(x)
            .view(B, L, 3, self.num_heads, R // self.num_heads)
            .permute(2, 0, 3, 1, 4)
        )
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
        out: Tensor = self.out_proj(a.transpose(1, 2).reshape(B, L, R))
        return out

    def in_bf16_view(self, of_part: Callable[[Any], Any]) -> "SelfAttention":
        """Itself where a step has its frozen weights in bfloat16 (`harma.backbones.bf16_view`)."""
        return copied_as(PlainSelfAttention, self)


class PlainSelfAttention(SelfAttention):
    """The same by plain matrix products, in float32, where that is quicker.

    For a training step on a CPU, short sequences and the small heads of a bottleneck it is: 0.6 to
    0.9 of the time of the fused kernel, forward and backward, up to 64 tokens.
    """

    def forward(self, x: Tensor, *, causal: bool = False, mask: Tensor | None = None) -> Tensor:
        """Attend over the tokens: (B, L, R) → (B, L, R)."""
        B, L, R = x.shape
        is_step = torch.is_grad_enabled() and x.device.type == "cpu"
        if mask is not None or not is_step or L > LONGEST_PLAIN:
            return super().forward(x, causal=causal, mask=mask)
        H = self.num_heads
        qkv = self.in_proj(x).view(B, L, 3, H, R // H)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).reshape(3, B * H, L, R // H)
        later = torch.ones(L, L, dtype=torch.bool).triu(1) if causal else None
        attended = plain_attention(q, k, v, later)
        out: Tensor = self.out_proj(attended.view(B, H, L, R // H).transpose(1, 2).reshape(B, L, R))
        return out


class SharedAdapter(nn.Module):
    """The adapter at the bottleneck that towers share (`BiShareAdapter` in the original).

    Args:
        dim: R, the bottleneck width of the adapters it serves; it works at R/2.
        num_heads: heads of its attention.
        variant: "document" mixes attention with GELU(h); "released" with h, as the released code
            does.
        gate_init: start of the gate, before the sigmoid.
    """

    def __init__(
        self,
        dim: int = 128,
        *,
        num_heads: int = 8,
        variant: Variant = "document",
        gate_init: float = 0.6,
    ) -> None:
        super().__init__()
        self.variant = variant
        self.down = nn.Linear(dim, dim // 2)
        self.attention = SelfAttention(dim // 2, num_heads)
        self.gate = nn.Parameter(torch.tensor(gate_init))
        self.up = nn.Linear(dim // 2, dim)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor, *, causal: bool = False, mask: Tensor | None = None) -> Tensor:
        """Map (B, L, R) → (B, L, R); the identity at initialisation."""
        h = self.down(x)
        # The document and the released code differ in this one place (SPEC 1).
        direct = F.gelu(h) if self.variant == "document" else h
        z = torch.lerp(
            direct,
            self.attention(h, causal=causal, mask=mask),
            torch.sigmoid(self.gate).to(h.dtype),
        )
        out: Tensor = x + self.up(z)
        return out


class Adapter(nn.Module):
    """The gated adapter of one block (`MMadapter` in the original).

    A class of your own can take its place: it needs the same `__init__` and `forward` signature and
    should be the identity at initialisation, so that training starts from the bare backbone. It is
    given `mask` only where some tokens must not see others: in towers of dual encoders.

    Args:
        width: D, the width of the tower.
        bottleneck_dim: R.
        num_heads: heads of the attention, used twice with the same weights.
        gate_init: start of the gate, before the sigmoid.
    """

    def __init__(
        self, width: int, *, bottleneck_dim: int = 128, num_heads: int = 8, gate_init: float = 0.6
    ) -> None:
        super().__init__()
        self.down = nn.Linear(width, bottleneck_dim)
        self.attention = SelfAttention(bottleneck_dim, num_heads)
        self.gate = nn.Parameter(torch.tensor(gate_init))
        self.up = nn.Linear(bottleneck_dim, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(
        self,
        x: Tensor,
        *,
        shared: nn.Module | None = None,
        causal: bool = False,
        mask: Tensor | None = None,
    ) -> Tensor:
        """What the adapter adds to features x; A(x) of SPEC 1 is x plus this. Zero at first.

        (B, L, D) → (B, L, D).
        """
        m = F.gelu(self.down(x))
        # The same attention twice, before and after what towers share.
        u = self.attention(m, causal=causal, mask=mask)
        if shared is not None:
            u = shared(u, causal=causal, mask=mask)
        u = self.attention(u, causal=causal, mask=mask)
        out: Tensor = self.up(torch.lerp(u, m, torch.sigmoid(self.gate).to(m.dtype)))
        return out


class AdapterSite(nn.Module):
    """An adapter and its block gate, appended to the MLP of a block.

    Computes α·A(f) + (1 − α)·f for the MLP output f, written as f + α·(A(f) − f): bit-identical to
    f while the adapter adds nothing.

    Args:
        adapter: an `Adapter`, or a module of the same signature.
        shared: the shared adapter of this site, or None. Its owner is the model: a site only refers
            to it, so that it is stored, moved and counted once.
        causal: whether attention in the adapter looks back only (text tower with
            `text_attention="causal"`).
        gate_init: start of the block gate, before the sigmoid.
        layout: which tokens attention in the adapter runs over; None: all of a sample.
    """

    def __init__(
        self,
        adapter: nn.Module,
        shared: nn.Module | None = None,
        *,
        causal: bool = False,
        gate_init: float = 0.6,
        layout: Layout | None = None,
    ) -> None:
        super().__init__()
        self.layout = layout
        self.adapter = adapter
        self.gate = nn.Parameter(torch.tensor(gate_init))
        self.causal = causal
        # A tuple hides the module from nn.Module's registration.
        self._shared = (shared,)

    def forward(self, features: Tensor) -> Tensor:
        """Mix the adapter's output into the MLP output: (B, L, D) → (B, L, D)."""
        added = self._added(features)
        # One pass over the memory instead of two: on a CPU that is what adapters cost.
        return torch.addcmul(features, added, torch.sigmoid(self.gate).to(added.dtype))

    def in_bf16_view(self, of_part: Callable[[Any], Any]) -> Self:
        """The site in a view: its adapter's view, and that of the shared adapter."""
        view = copied_as(type(self), self)
        shared = self._shared[0]
        view._shared = (None if shared is None else of_part(shared),)
        vars(view)["_modules"] = {"adapter": of_part(self.adapter)}
        return view

    def _added(self, features: Tensor) -> Tensor:
        added: Tensor
        shared = self._shared[0]
        if self.layout is None:
            added = self.adapter(features, shared=shared, causal=self.causal)
            return added
        tokens, mask = self.layout.split(features)
        # A class of one's own for CLIP need not take a mask: there it is never given one.
        masked = {} if mask is None else {"mask": mask}
        added = self.adapter(tokens, shared=shared, causal=self.causal, **masked)
        return self.layout.join(added, len(features))
