"""What a method leaves in a backbone: the weights that train, and a switch."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Attachment:
    """A method, attached to a backbone.

    HarMA's adapters and each of its peers in `harma.methods` return one; the model needs nothing
    else of a method. Parameters are changed in place, so that moving and casting the model is
    nobody's concern here.

    Attributes:
        owned: modules that lie in no block, such as adapters that several blocks share; the model
            registers them.
        trims_text: whether a text embedding is still independent of padding.
    """

    owned: nn.Module
    trims_text: bool = True

    def __init__(self) -> None:
        self.owned = nn.ModuleDict()

    def state(self) -> dict[str, Tensor]:
        """What trains, under its names on disk; the tensors themselves, parameters where they are parameters."""
        raise NotImplementedError

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Load weights whose names and shapes are those of `state`."""
        own = self.state()
        with torch.no_grad():
            for name, tensor in state.items():
                own[name].copy_(tensor)

    def set_enabled(self, enabled: bool) -> None:
        """Switch the method off, so that the backbone computes what it did without it, or on again."""
        raise NotImplementedError

    def on_image(self, embeddings: Tensor) -> Tensor:
        """Change image embeddings (B, E), not normalised yet; most methods do not."""
        return embeddings

    def on_text(self, embeddings: Tensor) -> Tensor:
        """Change text embeddings (B, E), not normalised yet; most methods do not."""
        return embeddings


def named_parameters(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """The parameters of several modules, each under its module's name."""
    return {
        f"{name}.{key}": p
        for name, module in modules.items()
        for key, p in module.named_parameters()
    }
