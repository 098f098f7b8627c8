"""Methods that add nothing and train some of the backbone's own weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from harma.adapters.attachment import Attachment


class TunedParameters(Attachment):
    """Weights of the backbone that train in place.

    What they were is kept, so that the bare backbone, and the hash of its weights, can be had at any time.

    Args:
        parameters: what trains, by the backbone's names; they are set to require gradients.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        self._parameters = dict(parameters)
        self._other = {name: p.detach().clone() for name, p in parameters.items()}
        self._enabled = True
        for parameter in self._parameters.values():
            parameter.requires_grad_(True)

    def state(self) -> dict[str, Tensor]:
        """What trains, by the backbone's names."""
        return dict(self._parameters)

    def set_enabled(self, enabled: bool) -> None:
        """Exchange the trained values and those from before."""
        if enabled == self._enabled:
            return
        self._enabled = enabled
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                current = parameter.detach().clone()
                parameter.copy_(self._other[name])
                self._other[name] = current
