"""Methods that add nothing and train some of the backbone's own weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from harma.methods.attachment import Attachment


class TunedParameters(Attachment):
    """Weights of the backbone that train in place.

    What they were is kept, so that the bare backbone, and the hash of its weights, can be had at
    any time.

    Args:
        parameters: what trains, by the backbone's names; they are set to require gradients.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        super().__init__()
        self._parameters = dict(parameters)
        self._bare = {name: p.detach().clone() for name, p in parameters.items()}
        # What was trained, while the backbone has what was there before.
        self._tuned: dict[str, Tensor] | None = None
        for parameter in self._parameters.values():
            parameter.requires_grad_(True)

    def state(self) -> dict[str, Tensor]:
        """What trains, by the backbone's names; switched off, what it was trained to."""
        return dict(self._parameters) if self._tuned is None else self._tuned

    def set_enabled(self, enabled: bool) -> None:
        """Give the backbone the values from before, or the trained ones again.

        Both are kept until all are in place, so that a call that was interrupted can be made again.
        """
        if not enabled:
            if self._tuned is None:
                self._tuned = {name: p.detach().clone() for name, p in self._parameters.items()}
            self._set(self._bare)
        elif self._tuned is not None:
            self._set(self._tuned)
            self._tuned = None

    def _set(self, values: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(values[name])
