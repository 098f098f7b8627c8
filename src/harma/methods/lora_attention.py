"""peft's LoRA layer of `nn.MultiheadAttention`, with a forward pass of our own. Needs peft."""

from typing import Any

from peft.tuners.lora.layer import MultiheadAttention
from torch import Tensor
from torch.func import functional_call


class LoraAttention(MultiheadAttention):
    """Attention whose input and output maps have updates.

    peft 0.21 adds updates to the weights, calls attention and subtracts them again. Tried: the output map gets its
    update twice, and frozen weights drift by rounding with every batch. So weights are left alone here, and
    attention is called with weights and updates summed; what trains, its start and its scale stay peft's.
    """

    def forward(self, query: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Attend as `nn.MultiheadAttention` does: (B, L, D) → (B, L, D) and, if asked for, attention's weights."""
        attention: Any = self.get_base_layer()
        weights: dict[str, Tensor] = {}
        if not self.disable_adapters:
            (name,) = self.active_adapters
            out = attention.out_proj
            weights = {
                "in_proj_weight": attention.in_proj_weight + self.get_delta_weight(name),
                "out_proj.base_layer.weight": out.base_layer.weight + out.get_delta_weight(name),
            }
        return functional_call(attention, weights, (query, *args), kwargs)

    def _restore_weights(self) -> None:
        """Nothing to restore: weights never leave their place."""
