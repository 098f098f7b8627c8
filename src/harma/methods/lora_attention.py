"""peft's LoRA layers of attention and of linear maps, changed where ours differ. Needs peft."""

import copy
from typing import Any

from peft.tuners.lora.layer import Linear, MultiheadAttention
from torch import Tensor, nn


class LoraAttention(MultiheadAttention):
    """Attention whose input and output maps have updates.

    peft 0.21 adds updates to the weights, calls attention and subtracts them again. Tried: the
    output map gets its update twice, and frozen weights drift by rounding with every batch. So
    weights are left alone here, and a twin of attention is called that has weights and updates
    summed; what trains, its start and its scale stay peft's.
    """

    def forward(self, query: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Attend as `nn.MultiheadAttention` does: (B, L, D) → (B, L, D) and attention's weights.

        These are None where they are not asked for.
        """
        attention: Any = self.get_base_layer()
        (name,) = self.active_adapters
        out = attention.out_proj
        twin = _twin(
            attention, in_proj_weight=attention.in_proj_weight + self.get_delta_weight(name)
        )
        # The twin's forward uses the weights of out_proj, and never calls it.
        summed = out.base_layer.weight + out.get_delta_weight(name)
        twin._modules = {**attention._modules, "out_proj": _twin(out.base_layer, weight=summed)}
        return twin(query, *args, **kwargs)

    def _restore_weights(self) -> None:
        """Nothing to restore: weights never leave their place."""


class LoraLinear(Linear):
    """A linear map with an update, which also those see who read its weight and do not call it.

    EVA's attention does so. peft's layer gives them the weight without its update, so that it
    would train nothing, without any sign of it.
    """

    @property
    def weight(self) -> Tensor:
        """The weight with its update."""
        (name,) = self.active_adapters
        base: Any = self.get_base_layer()
        summed: Tensor = base.weight + self.get_delta_weight(name)
        return summed


def updated_weight(layer: Any) -> nn.Parameter:
    """The weight of the backbone that a layer's update is added to."""
    base = layer.get_base_layer()
    name = "in_proj_weight" if isinstance(base, nn.MultiheadAttention) else "weight"
    weight: nn.Parameter = getattr(base, name)
    return weight


def _twin(module: nn.Module, **weights: Tensor) -> Any:
    """A module with some other weights; itself, which another thread may call, it is left alone."""
    # Shallow: everything but the weights named here is that of the module.
    twin: Any = copy.copy(module)
    twin._parameters = {**module._parameters, **weights}
    return twin
